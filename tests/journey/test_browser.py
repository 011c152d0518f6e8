"""A reader at the screen: Debian's Chromium on the real server, real storage, real decoder and phantom films. No film here is of a patient."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders_web import PASSWORD, Browser, World, open_door
from builders_web_films import a_cohort, a_reading_room, add_phantom, close
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect, sync_playwright

from wetread.dicom.sandbox import Sandbox
from wetread.domain.role import Role
from wetread.domain.study_state import StudyState
from wetread.testing.builders import a_draft, an_analysis
from wetread.testing.clock import FixedClock
from wetread.testing.phantom import PhantomSpec, demo_cohort

pytestmark = pytest.mark.real

_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_XSS = (
    "<script>alert(1)</script>",
    '"><img src=https://evil.example/x onerror=alert(2)>',
    "javascript:alert(3)",
    "{{7*7}}${7*7}",
    "</textarea><svg onload=alert(4)>",
)


class Room:
    """The reading room, its address and its clock."""

    def __init__(self, world: World, door: Browser, folder: Path) -> None:
        self.world, self.door, self.folder = world, door, folder
        self.address = f"http://127.0.0.1:{door.port}"

    def add(self, at: int = 1, *, waited_minutes: int = 3, **changes: object) -> str:
        """Another phantom; number 1 shows a pneumothorax."""
        spec = _plain(demo_cohort(3, 3)[at])
        spec = replace(spec, seed=spec.seed + 1000 + self.world.number, rows=512, columns=512)
        return add_phantom(self.world, spec, self.folder, waited=timedelta(minutes=waited_minutes), **changes)  # type: ignore[arg-type]


def _plain(spec: PhantomSpec) -> PhantomSpec:
    return replace(spec, transfer_syntax_uid="1.2.840.10008.1.2.1")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def room(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Room]:
    """Parametrise indirectly with seconds to have the screen lock itself sooner."""
    clock = FixedClock(datetime.now(UTC))
    with Sandbox(children=1) as sandbox:
        world = a_reading_room(tmp_path, sandbox, clock, idle_s=getattr(request, "param", 900.0))
        world.add_account("m.frost", Role.RADIOLOGIST, name="Dr. Mira Frost")
        with open_door(world) as door:
            yield Room(world, door, tmp_path)
        close(world)


@pytest.fixture
def page(chromium: Chromium, room: Room) -> Iterator[Page]:
    """A page that fails its test on any script error, dialog, broken policy or request to somewhere else."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    wrong: list[str] = []
    page.on("dialog", lambda dialog: (wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("pageerror", lambda error: wrong.append(f"error {error}"))
    page.on(
        "request",
        lambda request: None if request.url.startswith((room.address, "blob:")) else wrong.append(request.url),
    )
    page.on(
        "console",
        lambda line: (
            wrong.append(line.text) if "Content Security Policy" in line.text or "TrustedHTML" in line.text else None
        ),
    )
    yield page
    context.close()
    assert wrong == []


expect.set_options(timeout=20_000)  # how long a loaded machine may take, not what is promised


def sign_in(page: Page, room: Room, actor_id: str = "m.frost", path: str = "/") -> None:
    page.goto(room.address + path)
    page.get_by_label("Account").fill(actor_id)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path}")


def open_study(page: Page, room: Room, key: str, actor_id: str = "m.frost") -> None:
    sign_in(page, room, actor_id, f"/studies/{key}")
    page.wait_for_selector("#report h2")


def film_is_shown(page: Page) -> None:
    page.wait_for_selector(".film .message", state="attached")
    expect(page.locator(".film .message")).to_be_hidden(timeout=20_000)


def test_from_sign_in_to_signature_by_keyboard(page: Page, room: Room) -> None:
    room.add(0, waited_minutes=200)
    key = room.add(1)
    sign_in(page, room)
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").first).to_contain_text("pneumothorax called: read now")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/studies/{key}")
    film_is_shown(page)
    expect(page.locator(".finding.called")).to_contain_text("operating point 0.31")
    page.keyboard.press("e")
    page.keyboard.press("Control+End")
    page.keyboard.type(" No mediastinal shift.")
    expect(page.get_by_label("findings", exact=True)).to_have_value(
        "Right pneumothorax is likely. No mediastinal shift."
    )
    expect(page.locator("#saved")).to_contain_text("Saved ")
    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog", name="Sign this report")
    expect(dialog).to_contain_text("I reviewed the images and approve this report as final")
    page.keyboard.type("not the password")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("the password is not right")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    signature = page.get_by_role("group", name="Signature")
    expect(signature).to_contain_text("Signed by Dr. Mira Frost")
    with room.world.services.database.begin(write=False) as unit:
        report = unit.report(key)  # type: ignore[arg-type]
    assert report is not None
    assert report.signature is not None
    expect(signature).to_contain_text(report.signature.content_sha256)
    expect(page.locator(".signed-text")).to_contain_text("No mediastinal shift.")
    page.keyboard.press("n")
    page.wait_for_url(lambda address: "/studies/" in address and key not in address)


def test_the_heat_map_is_off_until_asked_for_and_lies_on_the_finding(page: Page, room: Room) -> None:
    open_study(page, room, room.add(1))
    film_is_shown(page)
    heat, box = page.locator("canvas.heat"), page.locator(".stage .box")
    expect(heat).to_be_hidden()
    expect(box).to_have_count(0)
    page.locator(".finding.called").hover()
    expect(box).to_be_visible()
    expect(heat).to_be_hidden()
    page.keyboard.press("h")
    expect(heat).to_be_visible()
    brightest = heat.evaluate(
        """canvas => { const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data; let best = 0;
        for (let at = 0; at < data.length; at += 4) if (data[at + 3] > data[best + 3]) best = at;
        const cell = best / 4, where = canvas.getBoundingClientRect();
        return [where.x + (cell % canvas.width + 0.5) * where.width / canvas.width, where.y + (Math.floor(cell / canvas.width) + 0.5) * where.height / canvas.height]; }"""
    )
    place = box.bounding_box()
    assert place is not None
    assert place["x"] < brightest[0] < place["x"] + place["width"]
    assert place["y"] < brightest[1] < place["y"] + place["height"]
    page.keyboard.press("h")
    expect(heat).to_be_hidden()


def test_the_box_stays_on_the_film_when_it_is_zoomed_and_moved(page: Page, room: Room) -> None:
    open_study(page, room, room.add(1))
    film_is_shown(page)
    page.locator(".finding.called").hover()

    def place() -> list[float]:
        found: list[float] = page.evaluate(
            """() => { const film = document.querySelector(".stage img").getBoundingClientRect(), box = document.querySelector(".box").getBoundingClientRect();
            return [(box.x - film.x) / film.width, (box.y - film.y) / film.height, box.width / film.width, box.height / film.height]; }"""
        )
        return found

    before = place()
    for key in ("+", "+", "+"):
        page.keyboard.press(key)
    page.mouse.move(400, 400)
    page.mouse.down()
    page.mouse.move(460, 380, steps=4)
    page.mouse.up()
    page.keyboard.press("i")
    page.locator(".finding.called").hover()
    assert place() == pytest.approx(before, abs=0.01)
    page.keyboard.press("0")
    assert "invert" not in (page.locator(".stage img").get_attribute("style") or "")


@pytest.mark.parametrize("at", range(len(_XSS)))
def test_hostile_text_is_shown_as_text(page: Page, room: Room, at: int) -> None:
    nasty = _XSS[at]
    draft = a_draft(notice=nasty, sentences=(replace(a_draft().sentences[0], text=nasty, hedge=nasty),))
    key = room.world.add_study(
        patient_name=nasty, patient_id=nasty, accession_number=nasty, study_description=nasty, draft=draft
    )
    gone = room.world.add_study(StudyState.AI_UNAVAILABLE, reason=nasty, patient_name=f"{nasty}^{nasty}")
    sign_in(page, room)
    expect(page.locator("tbody")).to_contain_text(nasty)
    page.goto(f"{room.address}/studies/{gone}")
    expect(page.locator("#findings")).to_contain_text(nasty)
    page.goto(f"{room.address}/studies/{key}")
    expect(page.locator("#patient")).to_have_text(" / ".join(nasty.split("=")))
    expect(page.get_by_label("findings", exact=True)).to_have_value(nasty)
    page.get_by_label("impression").fill(nasty)
    expect(page.locator("#saved")).to_contain_text("Saved ")
    page.keyboard.press("Control+Enter")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".signed-text")).to_contain_text(nasty)


def test_look_alike_characters_in_a_name_are_made_visible(page: Page, room: Room) -> None:
    room.world.add_study(patient_name="Doe\u202e^Ja\u200bne")
    sign_in(page, room)
    expect(page.locator("tbody .who")).to_have_text("Doe\ufffd, Ja\ufffdne")


def test_a_name_in_three_scripts_is_shown_in_all_of_them(page: Page, room: Room) -> None:
    room.world.add_study(patient_name="Yamada^Tarou=山田^太郎=やまだ^たろう")
    sign_in(page, room)
    expect(page.locator("tbody .who")).to_have_text("Yamada, Tarou / 山田, 太郎 / やまだ, たろう")


def test_a_session_that_ends_in_mid_sentence_loses_nothing(page: Page, room: Room) -> None:
    key = room.add(1)
    open_study(page, room, key)
    page.get_by_label("impression").fill("Typed, and not saved yet.")
    room.world.clock.advance(room.world.services.settings.idle_s + 1)
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_contain_text("nothing you wrote is lost")
    expect(page.get_by_label("impression")).to_be_hidden()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#saved")).to_contain_text("Saved ")
    expect(page.get_by_label("impression")).to_have_value("Typed, and not saved yet.")
    with room.world.services.database.begin(write=False) as unit:
        report = unit.report(key)  # type: ignore[arg-type]
    assert report is not None
    assert dict(report.content.sections)["impression"] == "Typed, and not saved yet."  # type: ignore[index]


@pytest.mark.parametrize("room", [4.0], indirect=True)
def test_a_screen_that_nobody_uses_saves_and_locks_itself(page: Page, room: Room) -> None:
    key = room.add(1)
    open_study(page, room, key)
    page.get_by_label("impression").fill("Written before leaving.")
    expect(page.get_by_role("dialog", name="Sign in again")).to_contain_text("Your text was saved", timeout=15_000)
    expect(page.locator("#patient")).to_be_hidden()
    expect(page.locator(".stage img")).to_be_hidden()
    assert "Written before leaving." in room.door.as_("quality").get(f"/api/studies/{key}").body.decode()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("impression")).to_have_value("Written before leaving.")


def test_a_broken_connection_is_said_and_nothing_typed_is_lost(page: Page, room: Room) -> None:
    key = room.add(1)
    open_study(page, room, key)
    page.context.set_offline(True)
    page.get_by_label("impression").fill("Typed in the tunnel.")
    expect(page.locator("#saved")).to_contain_text("Not saved: The server cannot be reached. Trying again.")
    page.context.set_offline(False)
    expect(page.locator("#saved")).to_contain_text("Saved ", timeout=15_000)
    assert "Typed in the tunnel." in room.door.as_("quality").get(f"/api/studies/{key}").body.decode()


def test_nothing_is_kept_in_the_browser(page: Page, room: Room) -> None:
    open_study(page, room, room.add(1))
    page.get_by_label("impression").fill("Private.")
    expect(page.locator("#saved")).to_contain_text("Saved ")
    assert page.evaluate("() => [localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


@pytest.mark.parametrize(("button", "kept"), [("Keep mine", "Mine."), ("Use the other version", "Theirs.")])
def test_two_writers_are_told_and_nobody_is_overwritten_unasked(page: Page, room: Room, button: str, kept: str) -> None:
    key = room.add(1)
    open_study(page, room, key)
    other = room.door.as_("resident")
    etag = other.get(f"/api/studies/{key}/status").json()["report"]["etag"]  # type: ignore[index, call-overload]
    other.put(
        f"/api/studies/{key}/report", {"sections": [{"section": "impression", "text": "Theirs."}], "findings": []}, etag
    )
    page.get_by_label("impression").fill("Mine.")
    dialog = page.get_by_role("dialog", name="This report changed somewhere else")
    expect(dialog.get_by_label("Your text")).to_have_value(
        "indication: \n\ntechnique: Single frontal chest radiograph.\n\ncomparison: \n\nfindings: Right pneumothorax is likely.\n\nimpression: Mine."
    )
    dialog.get_by_role("button", name=button).click()
    expect(page.get_by_label("impression")).to_have_value(kept)
    if kept == "Mine.":
        expect(page.locator("#saved")).to_contain_text("Saved ")
    assert kept in other.get(f"/api/studies/{key}").body.decode()


def test_new_studies_appear_by_themselves(page: Page, room: Room) -> None:
    sign_in(page, room)
    expect(page.locator("#message")).to_contain_text("Nothing to read")
    room.world.add_study(patient_name="Late^Arrival")
    room.door.as_("quality").get("/api/worklist")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("#critical")).to_contain_text("1 critical study waits for a reader")


def test_without_ai_the_film_is_still_read_and_the_reason_is_said(page: Page, room: Room) -> None:
    key = room.add(1, state=StudyState.AI_UNAVAILABLE, reason="this is a lateral view")
    open_study(page, room, key)
    film_is_shown(page)
    expect(page.locator("#findings")).to_contain_text("AI unavailable: this is a lateral view.")
    page.get_by_role("button", name="Start reading without AI").click()
    page.get_by_label("impression").fill("Normal.")
    expect(page.locator("#saved")).to_contain_text("Saved ")


def test_a_film_unlike_the_training_films_is_said_to_be(page: Page, room: Room) -> None:
    key = room.world.add_study(analysis=an_analysis(ood_score=2.0, ood_threshold=1.0))
    open_study(page, room, key)
    expect(page.locator("#findings")).to_contain_text("Out of distribution")


def test_a_film_that_cannot_be_shown_says_so_and_the_report_goes_on(page: Page, room: Room) -> None:
    open_study(page, room, room.world.add_study(content=b"no film at all"))
    expect(page.locator(".film .message")).to_contain_text("Try again")
    page.get_by_label("impression").fill("Seen on the modality.")
    expect(page.locator("#saved")).to_contain_text("Saved ")


def test_amend_and_discard(page: Page, room: Room) -> None:
    key = room.add(1)
    open_study(page, room, key)
    page.get_by_role("button", name="Discard AI draft").click()
    page.get_by_label("Why").select_option("wrong_side")
    page.get_by_role("button", name="Discard it").click()
    expect(page.get_by_label("findings", exact=True)).to_have_value("")
    page.get_by_label("impression").fill("Left pneumothorax.")
    expect(page.locator("#saved")).to_contain_text("Saved ")
    page.keyboard.press("Control+Enter")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Amend").click()
    page.get_by_label("Reason, kept with the report").fill("Size added.")
    page.get_by_role("button", name="Open a new version").click()
    expect(page.locator("#report")).to_contain_text("version 2, unsigned")
    page.get_by_role("button", name="1: final").click()
    expect(page.get_by_role("group", name="Signature")).to_be_visible()
    page.get_by_role("button", name="Back to the open version").click()
    expect(page.get_by_label("impression")).to_have_value("Left pneumothorax.")


def test_a_technologist_sees_an_order_and_no_name(page: Page, room: Room) -> None:
    room.world.add_study(patient_name="Secret^Person")
    sign_in(page, room, "technologist")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("body")).not_to_contain_text("Secret")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_quality_reads_and_cannot_write(page: Page, room: Room) -> None:
    open_study(page, room, room.add(1), "quality")
    film_is_shown(page)
    expect(page.locator("textarea")).to_have_count(0)
    expect(page.locator("#report")).to_contain_text("your role reads only")


_UNNAMED = """() => [...document.querySelectorAll("button, a, input, textarea, select, [role=img], [role=tab], summary")]
  .filter(each => each.checkVisibility() && !(each.getAttribute("aria-label") || each.textContent.trim() || each.labels?.length || each.querySelector("img[alt]:not([alt=''])")))
  .map(each => each.outerHTML.slice(0, 120))"""
_FAINT = """() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([red, green, blue]) => [red, green, blue].map(each => each / 255).map(each => each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4).reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = element => { for (let each = element; each; each = each.parentElement) { const colour = parse(getComputedStyle(each).backgroundColor); if (colour.length < 4 || colour[3] === 1) return colour; } return [0, 0, 0]; };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, style = getComputedStyle(element);
    if (!walker.currentNode.data.trim() || !element.checkVisibility({ visibilityProperty: true }) || element.closest("script, .visually-hidden, .under, button:disabled")) continue;
    const [one, other] = [light(parse(style.color)), light(behind(element))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return found; }"""


@pytest.mark.parametrize("size", [(1280, 800), (3840, 1600)], ids=str)
def test_every_control_has_a_name_every_text_a_contrast_and_everything_fits(
    page: Page, room: Room, size: tuple[int, int]
) -> None:
    """WCAG 2.2: 4.1.2 name, 1.4.3 contrast (AA), at a laptop's size and a reading room's."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    key = room.add(1)
    room.world.add_study(StudyState.AI_UNAVAILABLE, reason="this is a lateral view: the model reads frontal films only")

    def check() -> None:
        assert page.evaluate(_UNNAMED) == []
        assert page.evaluate(_FAINT) == []
        assert page.evaluate(
            "() => [document.documentElement.scrollWidth <= innerWidth, document.documentElement.scrollHeight <= innerHeight]"
        ) == [True, True]

    page.goto(room.address)
    check()
    sign_in(page, room)
    expect(page.locator("tbody tr")).to_have_count(2)
    check()
    page.goto(f"{room.address}/studies/{key}")
    film_is_shown(page)
    page.locator("details > summary").first.click()
    check()
    expect(page.get_by_role("button", name="Sign", exact=False).last).to_be_in_viewport()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    check()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Signature")).to_be_visible()
    check()


def test_pictures_for_the_documentation(page: Page, room: Room, tmp_path: Path) -> None:
    """With PICTURES=docs/images it makes the real ones, with more films."""
    folder, films = os.environ.get("PICTURES", str(tmp_path)), 9 if "PICTURES" in os.environ else 2
    a_cohort(room.world, room.folder, films)
    room.world.add_study(
        StudyState.AI_UNAVAILABLE,
        reason="this is a lateral view: the model reads frontal films only",
        patient_name="Phantom^Rowan",
    )
    sign_in(page, room)
    expect(page.locator("tbody tr")).to_have_count(films + 1)
    page.screenshot(path=f"{folder}/worklist.png")
    page.keyboard.press("Enter")
    film_is_shown(page)
    page.locator(".finding.called").first.hover()
    page.keyboard.press("h")
    page.screenshot(path=f"{folder}/reading.png")
    page.keyboard.press("h")
    page.keyboard.press("Control+Enter")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Signature")).to_be_visible()
    page.mouse.move(5, 5)
    page.screenshot(path=f"{folder}/signed.png")
