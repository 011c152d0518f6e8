"""At the screen: neighbours that were not told whether we answer for their films, and having them called once more."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders_web import a_world, open_door
from playwright.sync_api import Page, expect
from reading_room import Room, sign_in, violations

from wetread.domain.commitment import OwedReport, OwedState
from wetread.testing.clock import FixedClock

pytestmark = pytest.mark.real
NASTY = "<img src=https://evil.example/a onerror=alert(1)>"
SHOTS: Path | None = None
"""A folder, to look at what stands on the screen."""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Twins instead of storage: what is looked at here is the page."""
    world = a_world(clock=FixedClock(datetime.now(UTC)))
    with open_door(world) as door:
        yield Room(world, door, tmp_path)


def owe(room: Room) -> None:
    now = room.world.clock.now()
    why = f"CT1 does not answer at 10.0.0.5:104 {NASTY}: is it running and reachable?"
    due = OwedReport("r1", "CT1", "10.0.0.5", "l", 2, now, now, now + timedelta(days=7))
    aside = replace(
        due, state=OwedState.ASIDE, asked_at=now - timedelta(days=3), due_at=None, ended_at=now, problem=why
    )
    with room.world.services.database.begin() as unit:
        for each in (due, replace(aside, request_key="r2"), replace(aside, request_key="r3", ae_title="XA1")):
            unit.save_owed_report(each)
        unit.commit()


def test_who_was_not_told_is_shown_with_the_reason_and_called_once_more_by_keyboard(page: Page, room: Room) -> None:
    owe(room)
    sign_in(page, room, "admin", "/administration/connections")
    table = page.get_by_role("table", name="Reports on storage commitment that are owed")
    rows = table.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("1, the oldest asked")
    expect(rows.first).to_contain_text(NASTY)
    if SHOTS:
        page.screenshot(path=SHOTS / "commitments.png")
    assert violations(page) == []
    page.get_by_role("button", name="Send again to CT1").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("1 report is sent again to CT1.")
    expect(rows.first).to_contain_text("2, the oldest asked")
    expect(page.get_by_role("button", name="Send again to CT1")).to_have_count(0)
    expect(page.get_by_role("button", name="Send again to XA1")).to_have_count(1)
    assert ("dimse.commit_again", "admin", "success") in room.world.audited()


def test_what_was_told_goes_from_the_page_by_itself(page: Page, room: Room) -> None:
    owe(room)
    sign_in(page, room, "admin", "/administration/connections")
    expect(page.get_by_role("button", name="Send again to CT1")).to_be_visible()
    with room.world.services.database.begin() as unit:
        unit.forget_owed_reports(["r1", "r2", "r3"])
        unit.commit()
    expect(page.get_by_text("Nobody waits for a report on storage commitment.")).to_be_visible(timeout=60_000)
    assert violations(page) == []
