"""The screen when others work beside one, when the AI is silent, for every role, and whether everybody can use it."""

import pytest
from builders_web import PASSWORD
from playwright.sync_api import Page, expect
from reading_room import Room, film_is_shown, open_study, sign_in

from wetread.domain.study_state import StudyState
from wetread.testing.builders import an_analysis

pytestmark = pytest.mark.real


@pytest.mark.parametrize(("button", "kept"), [("Keep mine", "Mine."), ("Use the other version", "Theirs.")])
def test_two_writers_are_told_and_nobody_is_overwritten_unasked(page: Page, room: Room, button: str, kept: str) -> None:
    key = room.add(1)
    open_study(page, room, key)
    other = room.door.as_("m.frost")  # the same person without a page: the lock keeps everybody else out
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
    expect(page.locator("#place .place")).to_contain_text("place 1: ")
    expect(page.locator("td.wait")).to_contain_text("of 12 h")


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


def test_an_addendum_stands_below_the_signed_words(page: Page, room: Room) -> None:
    key = room.add(1)
    open_study(page, room, key)
    page.keyboard.press("Control+Enter")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add to it").click()
    page.keyboard.type("The seventh rib is broken, too.")
    page.keyboard.press("Escape")
    expect(page.get_by_label("What you add")).to_have_value("The seventh rib is broken, too.")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    added = page.get_by_role("group", name="Addendum 1")
    expect(added).to_contain_text("The seventh rib is broken, too.")
    expect(added).to_contain_text("Added by Dr. Mira Frost, radiologist")
    expect(page.get_by_role("group", name="Signature")).to_contain_text("Signed by Dr. Mira Frost")
    expect(page.get_by_role("button", name="2: appended")).to_be_visible()


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
