"""Marks in the browser: kept while one reads, there again when the study is opened again, and shown to a colleague with their author's name, to look at only."""

import pytest
from builders_web import PASSWORD
from playwright.sync_api import Page, expect
from reading_room import Room, film_is_shown, open_study

from wetread.domain.role import Role

pytestmark = pytest.mark.real


def place_with_keys(page: Page, *moves: str) -> None:
    for move in moves:
        page.keyboard.press(move)
    page.keyboard.press("Enter")


def test_marks_are_there_again_and_a_colleague_sees_whose_they_are(page: Page, room: Room) -> None:
    room.world.add_account("b.other", Role.RADIOLOGIST, name="Dr. B Other")
    key = room.add(1)
    open_study(page, room, key)
    film_is_shown(page)
    page.locator(".viewport").first.focus()
    page.keyboard.press("l")
    place_with_keys(page, "Shift+ArrowLeft")
    place_with_keys(page, "Shift+ArrowDown", "Shift+ArrowDown")
    page.get_by_label("Text").fill("clip <b>here</b>")
    with page.expect_response(f"**/api/studies/{key}/marks") as kept:
        page.keyboard.press("Enter")
    assert kept.value.status == 200
    page.reload()
    film_is_shown(page)
    mine = page.locator("svg.marks .mark:not(.other)")
    expect(mine).to_have_count(1)
    expect(mine).to_contain_text("clip <b>here</b>")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Account").wait_for()
    page.goto(f"{room.address}/studies/{key}")
    page.get_by_label("Account").fill("b.other")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    film_is_shown(page)
    theirs = page.locator("svg.marks .mark.other")
    expect(theirs).to_contain_text("clip <b>here</b>, Dr. Mira Frost")
    expect(page.get_by_label("Measurements on this film")).to_contain_text("Dr. Mira Frost")
    page.locator(".viewport").first.focus()
    page.keyboard.press("Delete")
    expect(theirs).to_have_count(1)
    page.keyboard.press("X")
    expect(theirs).to_have_count(0)
