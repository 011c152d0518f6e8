"""A reader at the screen, from sign-in to signature: what is typed is kept, what is hostile is only text."""

from dataclasses import replace
from itertools import pairwise

import pytest
from builders_web import PASSWORD
from playwright.sync_api import FloatRect, Page, Route, expect
from reading_room import Room, film_is_shown, heat_map_is_here, open_study, session_ends_at_the_next_save, sign_in

from wetread.domain.quality import NAIVE
from wetread.domain.reliability import ALL_SITES, EDGES, FEWEST, Reliability, ScoreShare
from wetread.domain.study_state import StudyState
from wetread.testing.builders import NOON, a_draft

pytestmark = pytest.mark.real

_XSS = (
    "<script>alert(1)</script>",
    '"><img src=https://evil.example/x onerror=alert(2)>',
    "javascript:alert(3)",
    "{{7*7}}${7*7}",
    "</textarea><svg onload=alert(4)>",
)


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
    expect(dialog.locator("[role=alert].error")).to_have_text("the password is not right")
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
    with page.context.expect_page() as opened:
        page.keyboard.press("p")
    expect(opened.value.get_by_text("written by a person, version 1")).to_be_visible()
    opened.value.close()
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
    heat_map_is_here(page)
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


def test_the_heat_map_is_of_what_the_model_is_surest_of_where_nothing_is_in_hand(page: Page, room: Room) -> None:
    open_study(page, room, room.add(1))
    film_is_shown(page)
    heat_map_is_here(page)
    page.keyboard.press("h")
    expect(page.locator("canvas.heat")).to_be_visible()
    expect(page.locator("#film")).to_contain_text("AI heat map, pneumothorax")
    expect(page.locator(".stage .box")).to_be_visible()


def test_the_heat_map_colours_nothing_beyond_the_film(page: Page, room: Room) -> None:
    """It covers the square that the model was given, as here that of a film higher than wide: hottest at both sides, of which the outer half is beyond."""

    def hot_sides(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        extent = told["extent"]
        beyond = extent["column_stop"] // 4
        told["extent"] = extent | {"column_start": -beyond, "column_stop": extent["column_stop"] + beyond}
        row = [float(not 0.25 <= (column + 0.5) / told["columns"] <= 0.75) for column in range(told["columns"])]
        told["maps"] = dict.fromkeys(told["maps"], row * told["rows"])
        route.fulfill(response=answer, json=told)

    page.route("**/heatmap", hot_sides)
    open_study(page, room, room.add(1))
    film_is_shown(page)
    heat_map_is_here(page)
    page.locator(".finding.called").hover()
    film = page.locator(".stage").first.bounding_box()
    assert film is not None
    left, right, middle = film["x"], film["x"] + film["width"], film["y"] + film["height"] / 2
    strips = [FloatRect(x=x, y=middle, width=30, height=60) for x in (left - 32, right + 2, left + 2, right - 32)]
    before = [page.screenshot(clip=each) for each in strips]
    page.keyboard.press("h")
    expect(page.locator("canvas.heat")).to_be_visible()
    after = [page.screenshot(clip=each) for each in strips]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, True, False, False]


def test_how_films_like_this_turned_out_stands_at_each_finding_or_is_said_to_be_unknown_once(
    page: Page, room: Room
) -> None:
    key = room.add(1)
    bins = list(pairwise(EDGES))

    def count(n: int) -> None:
        shares = tuple(
            ScoreShare(ALL_SITES, "pneumothorax", "0" * 64, NAIVE, low, high, n, n // 2, 0.3, 0.7) for low, high in bins
        )
        with room.world.services.database.begin() as unit:
            unit.save_reliability(Reliability(NOON, "2026-01-01", shares))
            unit.commit()

    count(FEWEST - 1)
    open_study(page, room, key)
    findings = page.locator("#findings")
    expect(findings).to_contain_text(f"cannot be said yet: fewer than {FEWEST} signed films like them")
    expect(findings).not_to_contain_text("too few signed films")
    count(FEWEST)
    page.reload()
    expect(page.locator(".finding.called")).to_contain_text("of 100 films with this score 50 had it (30 to 70)")
    expect(findings).not_to_contain_text("cannot be said yet")


def test_the_box_stays_on_the_film_when_it_is_zoomed_and_moved(page: Page, room: Room) -> None:
    open_study(page, room, room.add(1))
    film_is_shown(page)

    def place() -> list[float]:
        page.locator(".finding.called").hover()
        expect(page.locator(".stage .box")).to_be_visible()
        found: list[float] = page.evaluate(
            """() => { const film = document.querySelector(".stage").getBoundingClientRect(), box = document.querySelector(".box").getBoundingClientRect();
            return [(box.x - film.x) / film.width, (box.y - film.y) / film.height, box.width / film.width, box.height / film.height]; }"""
        )
        return found

    before = place()
    for key in ("+", "+", "+"):
        page.keyboard.press(key)
    invert = page.get_by_role("button", name="Invert")
    page.mouse.move(400, 400)
    page.mouse.down()
    page.mouse.move(460, 380, steps=4)
    page.mouse.up()
    page.keyboard.press("i")
    expect(invert).to_have_attribute("aria-pressed", "true")
    assert place() == pytest.approx(before, abs=0.01)
    page.keyboard.press("0")
    expect(invert).to_have_attribute("aria-pressed", "false")


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
    session_ends_at_the_next_save(page, room)
    page.get_by_label("impression").fill("Typed, and not saved yet.")
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


def test_a_screen_that_nobody_uses_saves_and_locks_itself(page: Page, room: Room) -> None:
    key = room.add(1)
    page.clock.install()
    open_study(page, room, key)
    page.get_by_label("impression").fill("Written before leaving.")
    page.clock.fast_forward(1000 * room.world.services.settings.idle_s)
    expect(page.get_by_role("dialog", name="Sign in again")).to_contain_text("Your text was saved")
    expect(page.locator("#patient")).to_be_hidden()
    expect(page.locator("canvas.pixels")).to_be_hidden()
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
    expect(page.locator("#saved")).to_contain_text("Saved ")
    assert "Typed in the tunnel." in room.door.as_("quality").get(f"/api/studies/{key}").body.decode()


def test_nothing_is_kept_in_the_browser(page: Page, room: Room) -> None:
    open_study(page, room, room.add(1))
    page.get_by_label("impression").fill("Private.")
    expect(page.locator("#saved")).to_contain_text("Saved ")
    assert page.evaluate("() => [localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
