"""What stands under a finger stays: a page that is drawn anew between press and release swallows neither the press nor the keyboard's place."""

from datetime import timedelta

import pytest
from paging_world import PATH
from playwright.sync_api import Locator, Page, expect
from reading_room import Room, held, sign_in, until

from wetread.domain.alarm import AlarmKind
from wetread.domain.audit import AuditEvent
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import HoldKind, IdentityHold
from wetread.monitoring.alarms import Silence, raise_alarm
from wetread.testing.builders import a_decision
from wetread.triage.escalation import open_critical

pytestmark = pytest.mark.real

_COUNT = """() => { globalThis.refreshed = 0;
  new MutationObserver(() => { globalThis.refreshed += 1; }).observe(document.getElementById("live"), { childList: true }); }"""


def something_to_press(room: Room) -> None:
    """A study, critical and in doubt, and an alarm."""
    now = room.world.clock.now() - timedelta(hours=5)  # by the hour: no text of it changes while the test runs
    key = StudyKey(room.add(1))
    with room.world.services.database.begin() as unit:
        unit.save_critical(open_critical(unit.study(key), a_decision(), PATH, now), expected_etag=None)
        raise_alarm(
            unit, Silence(AlarmKind.NOTHING_ARRIVES, "nothing_arrives/north", "north", "Nothing came.", True), now
        )
        unit.open_hold(IdentityHold("h1", key, HoldKind.DEMOGRAPHICS, now, ("name",)))
        unit.audit(AuditEvent("identity.hold", "wetread", study_key=key), now)
        unit.commit()


def refreshed(page: Page, room: Room) -> None:
    """Somebody did something elsewhere, and the page has asked for it and drawn it."""
    page.evaluate(_COUNT)
    room.door.as_("quality")
    page.wait_for_function("() => globalThis.refreshed > 0")


def press_across_a_refresh(page: Page, room: Room, target: Locator) -> None:
    target.hover()
    page.mouse.down()
    refreshed(page, room)
    page.mouse.up()


@pytest.mark.parametrize("path", ["/", "/alarms", "/roster"])
def test_the_critical_strip_takes_a_press_and_keeps_the_focus(page: Page, room: Room, path: str) -> None:
    something_to_press(room)
    sign_in(page, room, path=path)
    button = page.locator("#critical [data-act=acknowledge]")
    button.focus()
    refreshed(page, room)
    expect(button).to_be_focused()
    press_across_a_refresh(page, room, button)
    expect(page.get_by_role("dialog", name="Acknowledge this critical result")).to_be_visible()


def test_a_list_that_comes_late_takes_the_focus_from_nobody(page: Page, room: Room) -> None:
    something_to_press(room)
    sign_in(page, room, path="/alarms")
    late = held(page, "**/api/worklist?*")
    page.goto(room.address)
    button = page.locator("#critical [data-act=acknowledge]")
    button.focus()
    until(page, lambda: bool(late))
    late[0].continue_()
    expect(page.locator("tbody tr").first).to_be_visible()
    expect(button).to_be_focused()


def test_a_row_of_the_worklist_takes_a_press(page: Page, room: Room) -> None:
    something_to_press(room)
    sign_in(page, room)
    # it pushes the rows down, from under the finger
    expect(page.locator("#critical [data-act=acknowledge]")).to_be_visible()
    press_across_a_refresh(page, room, page.locator("tbody tr a.who"))
    expect(page.locator("#report h2").first).to_be_visible()


@pytest.mark.parametrize("path", ["/identity", "/criticals"])
def test_a_line_of_a_list_opens(page: Page, room: Room, path: str) -> None:
    something_to_press(room)
    sign_in(page, room, path=path)
    press_across_a_refresh(page, room, page.locator("#list summary").first)
    expect(page.locator("#list details")).to_have_attribute("open", "")


def test_an_alarm_is_acknowledged(page: Page, room: Room) -> None:
    something_to_press(room)
    sign_in(page, room, path="/alarms")
    button = page.locator("#list").get_by_role("button", name="Acknowledge")
    press_across_a_refresh(page, room, button)
    expect(button).to_have_count(0)
