"""The whole way with a certified OpenID provider that is not ours (npm `oidc-provider`): in by code and PKCE, a signature proved there, out by its word."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from builders_web import PASSWORD, Browser, World, a_world, open_door
from neighbours.openid import OpenIdServer, Surfer, openid_server

from wetread.bootstrap import SystemClock
from wetread.domain.role import Role
from wetread.fhir.bounded_http import BoundedHttp
from wetread.fhir.client_assertion import new_client_key
from wetread.oidc.claims import ClaimTable
from wetread.oidc.clients import KeyClient, SecretClient
from wetread.oidc.code_flow import Client
from wetread.oidc.exchange import Exchange
from wetread.oidc.provider import OpenIdProvider, ProviderFacts
from wetread.oidc.sealing import Seal
from wetread.web.services import WebSettings

pytestmark = pytest.mark.real
SECRET = "s3cret-of-the-client"
ROLES = ClaimTable(("groups",), {"radiology": Role.RADIOLOGIST, "residents": Role.RESIDENT})


@dataclass
class Hospital:
    world: World
    door: Browser
    server: OpenIdServer

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.door.port}"

    @contextmanager
    def using(self, client: Client) -> Iterator[None]:
        before = self.world.services.provider
        self.use(client)
        yield
        object.__setattr__(self.world.services, "provider", before)

    def use(self, client: Client) -> None:
        exchange = Exchange(BoundedHttp(), self.server.issuer, (), "the identity provider")
        facts = ProviderFacts(self.server.issuer, "the ward's sign-in", "openid profile", ROLES)
        provider = OpenIdProvider(facts, client, exchange, Seal(b"s" * 32), SystemClock())
        object.__setattr__(self.world.services, "provider", provider)

    def sign_in(self, who: str, page: str = "/") -> tuple[Surfer, str]:
        """Somebody new at their browser; and where it came out."""
        surfer = Surfer()
        there = surfer.visit(f"{self.address}/oidc/login?next={page}")
        return surfer, surfer.sign_in(there, who).url.removeprefix(self.address)

    def session_of(self, surfer: Surfer) -> Browser:
        return Browser(
            self.door.port, cookie=f"wetread={surfer.jar.get((f'127.0.0.1:{self.door.port}', 'wetread'), '')}"
        )


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    return new_client_key(tmp_path_factory.mktemp("client") / "key.pem")


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory, key) -> Iterator[Hospital]:  # type: ignore[no-untyped-def]
    settings = WebSettings(version="0", check_every_s=0.2)
    world = a_world(clock=SystemClock(), settings=settings)  # type: ignore[arg-type]
    with open_door(world) as door:
        here = f"http://127.0.0.1:{door.port}"
        shared = {
            "redirect_uris": [f"{here}/oidc/callback"],
            "post_logout_redirect_uris": [f"{here}/login"],
            "backchannel_logout_uri": f"{here}/oidc/back-channel-logout",
            "backchannel_logout_session_required": True,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
        }
        by_key = {
            "jwks": {"keys": [dict(key.jwk)]},
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "ES384",
        }
        clients = [
            {"client_id": "wetread", "client_secret": SECRET, **shared},
            {"client_id": "wetread-by-key", **by_key, **shared, "id_token_signed_response_alg": "ES256"},
        ]  # fmt: skip
        with openid_server(tmp_path_factory.mktemp("oidc"), clients) as server:
            hospital = Hospital(world, door, server)
            hospital.use(SecretClient("wetread", SECRET))
            yield hospital


@contextmanager
def without(server: OpenIdServer, who: str) -> Iterator[None]:
    people: dict[str, object] = server.world["people"]  # type: ignore[assignment]
    gone = people.pop(who)
    server.write()
    yield
    people[who] = gone
    server.write()


def waited_for(condition: Callable[[], bool]) -> bool:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_a_radiologist_signs_in_and_reads(hospital: Hospital) -> None:
    surfer, came_out = hospital.sign_in("u-ann", "/quality")
    assert came_out == "/arrived?next=/quality"
    session = hospital.session_of(surfer).get("/api/session").json()
    assert (session["actor_id"], session["display_name"], session["role"]) == ("ann.lee", "Ann Lee", "radiologist")
    passed = " ".join(surfer.seen)
    assert "code_challenge_method=S256" in passed
    assert "nonce=" in passed
    assert "code_verifier" not in passed


def test_a_client_proves_itself_by_its_key(hospital: Hospital, key) -> None:  # type: ignore[no-untyped-def]
    with hospital.using(KeyClient("wetread-by-key", key)):
        surfer, came_out = hospital.sign_in("u-ann")
        assert came_out == "/arrived?next=/"
        assert hospital.session_of(surfer).get("/api/session").status == 200


def test_a_wrong_secret_opens_nothing(hospital: Hospital) -> None:
    with hospital.using(SecretClient("wetread", "another")):
        surfer, came_out = hospital.sign_in("u-ann")
    assert came_out == "/login?said=code_refused"
    assert hospital.session_of(surfer).get("/api/session").status == 401


def test_who_has_no_role_here_is_told_so(hospital: Hospital) -> None:
    surfer, came_out = hospital.sign_in("u-ben")
    assert came_out == "/login?said=no_role"
    assert hospital.session_of(surfer).get("/api/session").status == 401


def test_a_name_of_ours_is_not_taken_over(hospital: Hospital) -> None:
    """The provider calls this resident `radiologist`: an account of ours."""
    surfer, _ = hospital.sign_in("u-cat")
    session = hospital.session_of(surfer).get("/api/session").json()
    assert session["role"] == "resident"
    assert str(session["actor_id"]).startswith("radiologist-")


def test_a_code_works_once_and_in_the_browser_that_began(hospital: Hospital) -> None:
    surfer, stop = Surfer(), f"{hospital.address}/oidc/callback"
    callback = surfer.sign_in(surfer.visit(f"{hospital.address}/oidc/login"), "u-ann", stop_at=stop).url
    out = dict(surfer.jar)
    assert Surfer().visit(callback).url == f"{hospital.address}/login?said=bad_seal"
    assert surfer.visit(callback).url == f"{hospital.address}/arrived?next=/"
    again = Surfer({name: value for name, value in out.items() if name[1] == "wetread-out"})
    assert again.visit(callback).url == f"{hospital.address}/login?said=code_refused"


def confirm(
    hospital: Hospital, surfer: Surfer, browser: Browser, who: str, target: str, act: object
) -> tuple[str, str]:
    """What is given in the password's place, and where the browser came out."""
    errand = browser.post("/api/confirmation", {"target": target, "body": act})
    name, _, value = errand.headers["set-cookie"].partition(";")[0].partition("=")
    surfer.jar[f"127.0.0.1:{hospital.door.port}", name] = value
    asks = surfer.visit(str(errand.json()["url"]))
    assert 'name="login"' in asks.text, "whoever is signed in there is asked again"
    return str(errand.json()["confirmation"]), surfer.sign_in(asks, who).url.removeprefix(hospital.address)


def test_a_signature_is_proved_at_the_provider_for_this_very_report(hospital: Hospital) -> None:
    surfer, _ = hospital.sign_in("u-ann")
    browser, study = hospital.session_of(surfer), hospital.world.add_study()
    report = browser.post(f"/api/studies/{study}/open").json()["report"]
    act = {"etag": report["etag"], "meaning": "I reviewed the images"}  # type: ignore[index]
    target = f"POST /api/studies/{study}/sign"
    secret, came_out = confirm(hospital, surfer, browser, "u-ann", target, act)
    assert came_out.startswith("/arrived?confirmed=")
    signed = browser.post(f"/api/studies/{study}/sign", {**act, "password": secret})
    assert signed.status == 200, signed.body
    assert signed.json()["signature"]["signer_name"] == "Ann Lee"  # type: ignore[index]


def test_somebody_else_at_the_same_screen_signs_nothing(hospital: Hospital) -> None:
    """A provider that tells of ended sessions ends Ann's here, too, when another person takes her place there."""
    surfer, _ = hospital.sign_in("u-ann")
    browser, act = hospital.session_of(surfer), {"etag": 1, "meaning": "m"}
    secret, came_out = confirm(hospital, surfer, browser, "u-cat", "POST /api/x", act)
    assert came_out in ("/login?said=somebody_else", "/login?said=not_signed_in")
    assert browser.post(f"/api/studies/{hospital.world.add_study()}/sign", {**act, "password": secret}).status == 401


def test_who_is_removed_at_the_provider_loses_access_with_the_next_check(hospital: Hospital) -> None:
    surfer, _ = hospital.sign_in("u-ann")
    browser = hospital.session_of(surfer)
    time.sleep(0.25)
    assert browser.get("/api/session").status == 200  # asked, and it stands
    with without(hospital.server, "u-ann"):
        assert waited_for(lambda: browser.get("/api/session").status == 401)
    assert browser.get("/api/session").status == 401
    assert hospital.world.audited()[-1] == ("session.revoke", "ann.lee", "ended_elsewhere")


def test_who_signs_out_at_the_provider_is_out_here_by_its_own_word(hospital: Hospital) -> None:
    surfer, _ = hospital.sign_in("u-ann")
    browser, other = hospital.session_of(surfer), hospital.session_of(hospital.sign_in("u-cat")[0])
    url = str(browser.post("/api/logout/elsewhere").json()["url"])
    assert url.startswith(f"{hospital.server.issuer}/session/end?")
    surfer, _ = hospital.sign_in("u-ann")  # once more: this session is ended by the provider alone
    browser = hospital.session_of(surfer)
    bye = surfer.visit(f"{hospital.server.issuer}/session/end")
    surfer.sign_in(bye, "u-ann")
    assert waited_for(lambda: hospital.world.audited()[-1][0] == "session.revoke")
    assert (browser.get("/api/session").status, other.get("/api/session").status) == (401, 200)


def test_nothing_that_opens_a_door_is_written_down(hospital: Hospital) -> None:
    with hospital.world.services.database.begin(write=False) as unit:
        assert unit.external_identity(hospital.server.issuer, "u-ann") is not None
    log = json.dumps([each.event.detail for each in hospital.world.services.database.audit_records()])
    assert SECRET not in log
    assert "eyJ" not in log
    assert "code" not in log


def test_the_pages_around_it_are_open_and_hold_nothing(hospital: Hospital) -> None:
    for path in ("/login?said=no_role", "/arrived?next=/"):
        connection = http.client.HTTPConnection("127.0.0.1", hospital.door.port, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, "no_role" in answer.read().decode()) == (200, False)
        connection.close()


def test_an_account_that_was_here_before_is_signed_in_to_once_it_is_linked(hospital: Hospital) -> None:
    people: dict[str, object] = hospital.server.world["people"]  # type: ignore[assignment]
    people["u-old"] = {"name": "Olga Hand", "preferred_username": "somebody.else", "groups": ["radiology"]}
    hospital.server.write()
    hospital.world.add_account("old.hand", Role.RESIDENT)
    assert hospital.door.log_in("old.hand").status == 200
    body = {"subject": "u-old", "password": PASSWORD}
    assert hospital.door.as_("admin").send("PUT", "/api/accounts/old.hand/identity", body).status == 200
    assert hospital.door.get("/api/session").status == 401
    surfer, _ = hospital.sign_in("u-old")
    session = hospital.session_of(surfer).get("/api/session").json()
    assert (session["actor_id"], session["display_name"], session["role"]) == ("old.hand", "Olga Hand", "radiologist")
    assert Browser(hospital.door.port).log_in("old.hand").status == 401
