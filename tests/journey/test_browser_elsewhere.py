"""A radiologist in Chromium who signs in with the hospital's provider, signs a report by proving there again who they are, and leaves."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from builders_web import PASSWORD, World, a_world, open_door
from elsewhere_world import HOSPITAL, FakeLaunches
from neighbours.openid import openid_server
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from reading_room import PATIENCE_MS, violations

from wetread.bootstrap import SystemClock
from wetread.domain.role import Role
from wetread.fhir.bounded_http import BoundedHttp
from wetread.oidc.claims import ClaimTable
from wetread.oidc.clients import PublicClient
from wetread.oidc.exchange import Exchange
from wetread.oidc.provider import OpenIdProvider, ProviderFacts
from wetread.oidc.sealing import Seal
from wetread.ports.ehr import LaunchContext

pytestmark = pytest.mark.real


@dataclass
class Ward:
    world: World
    address: str


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    world = a_world(clock=SystemClock())  # type: ignore[arg-type]
    with open_door(world) as door:
        here = f"http://127.0.0.1:{door.port}"
        client = {
            "client_id": "wetread", "token_endpoint_auth_method": "none", "response_types": ["code"],
            "redirect_uris": [f"{here}/oidc/callback"], "post_logout_redirect_uris": [f"{here}/login"],
            "grant_types": ["authorization_code", "refresh_token"],
        }  # fmt: skip
        with openid_server(tmp_path_factory.mktemp("oidc"), [client]) as server:
            facts = ProviderFacts(
                server.issuer,
                "Ward sign-in",
                "openid profile",
                ClaimTable(("groups",), {"radiology": Role.RADIOLOGIST}),
            )
            exchange = Exchange(BoundedHttp(), server.issuer, (), "the identity provider")
            provider = OpenIdProvider(facts, PublicClient("wetread"), exchange, Seal(b"s" * 32), SystemClock())
            object.__setattr__(world.services, "provider", provider)
            yield Ward(world, here)


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    context.close()
    assert wrong == []


def prove(there: Page, who: str) -> None:
    there.get_by_placeholder(re.compile("login", re.I)).fill(who)
    there.get_by_placeholder(re.compile("password", re.I)).fill("any")
    there.keyboard.press("Enter")


def test_in_by_the_provider_signed_by_its_word_and_out(ward: Ward, page: Page) -> None:
    key = ward.world.add_study()
    page.goto(f"{ward.address}/studies/{key}")
    way = page.get_by_role("link", name="Sign in with Ward sign-in")
    expect(way).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Enter")
    prove(page, "u-ann")
    page.wait_for_url(f"{ward.address}/studies/{key}")
    expect(page.locator("#who")).to_have_text("Ann Lee, radiologist")

    page.locator("#report h2").first.wait_for()
    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog", name="Sign this report")
    expect(dialog).to_contain_text("Ward sign-in will ask you")
    expect(dialog.get_by_role("button", name="Sign", exact=True)).to_be_focused()
    assert violations(page) == []
    with page.context.expect_page() as opened:
        page.keyboard.press("Enter")
    prove(opened.value, "u-ann")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("group", name="Signature")).to_contain_text("Ann Lee")
    assert ("report.sign", "ann.lee", "success") in ward.world.audited()

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Yes, sign me out").click()
    page.wait_for_url(f"{ward.address}/login")


def test_who_has_no_role_reads_why(ward: Ward, page: Page) -> None:
    page.goto(f"{ward.address}/login")
    page.get_by_role("link", name="Sign in with Ward sign-in").click()
    prove(page, "u-ben")
    expect(page.get_by_role("alert").first).to_contain_text("none of your groups there has a role in wetread")


def test_what_the_record_system_opened_is_shown_or_chosen_or_said(ward: Ward, page: Page) -> None:
    launches = FakeLaunches(LaunchContext("Ward EHR", ((HOSPITAL, "L1"),), ()))
    object.__setattr__(ward.world.services, "ehr_launches", launches)
    first = ward.world.add_study(patient_id="L1", issuer_of_patient_id=HOSPITAL)

    def opened() -> None:
        page.context.add_cookies([{"name": "wetread-launch", "value": "opened", "url": ward.address}])
        page.goto(f"{ward.address}/launch")

    opened()
    page.get_by_label("Account").fill("radiologist")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{ward.address}/studies/{first}")
    ward.world.add_study(patient_id="L1", issuer_of_patient_id=HOSPITAL)
    opened()
    expect(page.get_by_role("status")).to_contain_text("2 studies here. Choose one")
    assert violations(page) == []
    page.get_by_role("listitem").get_by_role("link").first.click()
    page.wait_for_url(re.compile(r"/studies/[a-z2-7]{24}$"))
    ward.world.add_study(patient_id="L9", issuer_of_patient_id=HOSPITAL)
    launches.what = LaunchContext("Ward EHR", ((HOSPITAL, "L1"), (HOSPITAL, "L9")), ())
    opened()
    expect(page.get_by_role("status")).to_contain_text("different people here. Nothing is opened")


def test_an_administrator_links_an_account_and_unlinks_it(ward: Ward, page: Page) -> None:
    page.goto(f"{ward.address}/login?next=/administration/people")
    page.get_by_label("Account").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{ward.address}/administration/people")
    row = page.get_by_role("row").filter(has=page.get_by_text("resident", exact=True)).first
    link = row.get_by_role("button", name="Link… resident", exact=True)  # "Unlink…" holds the name too
    expect(link).to_be_visible()
    expect(page.get_by_role("button", name="Link… service")).to_have_count(0)
    link.press("Enter")
    dialog = page.get_by_role("dialog", name="resident signs in with Ward sign-in")
    expect(dialog).to_contain_text("opens nothing any more")
    assert violations(page) == []
    dialog.get_by_label("Subject").fill("u-dee")
    dialog.get_by_label("Your own password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(row).to_contain_text("signs in elsewhere")
    expect(row.get_by_role("button", name="Password… resident")).to_have_count(0)
    assert violations(page) == []
    row.get_by_role("button", name="Unlink… resident").press("Enter")
    page.get_by_role("dialog").get_by_label("Your own password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(link).to_be_visible()
    acts = [each for each in ward.world.audited() if each[0].startswith("account.") and each[1] == "admin"]
    assert acts == [("account.link", "admin", "success"), ("account.unlink", "admin", "success")]
