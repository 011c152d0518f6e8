"""A film that may be another patient's, at the screen: film and order side by side, the answer by keyboard, and a doubt that comes while the study is open."""

import pytest
from playwright.sync_api import Page, expect
from reading_room import Room, open_study, sign_in, violations

from wetread.domain.audit import AuditEvent
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import HoldKind, IdentityHold
from wetread.domain.order import PatientNumber, Person
from wetread.domain.study import Sex

pytestmark = pytest.mark.real


def test_a_doubt_that_comes_while_a_study_is_open_is_shown_and_answered(page: Page, room: Room) -> None:
    key = room.world.add_study()
    open_study(page, room, key)
    place = page.get_by_role("region", name="Is it the right patient?")
    expect(place).to_be_hidden()
    doubt(room, key)
    expect(place).to_contain_text("Film and order are of different patients")
    expect(place).to_contain_text("<b>Roe</b>, Richard")
    expect(place.locator("tr.differs")).to_have_count(2)
    right = place.get_by_role("button", name="It is the right patient")
    right.focus()
    page.keyboard.press("Enter")
    expect(place).to_be_hidden()
    with room.world.services.database.begin(write=False) as unit:
        hold = unit.hold("h1")
    assert hold is not None
    assert (hold.resolution, hold.resolved_by) == ("right_patient", "m.frost")


def doubt(room: Room, key: StudyKey, name: str = "h1", kind: HoldKind = HoldKind.PATIENT_MISMATCH) -> None:
    """What the hospital says of a study's patient is not what the film says."""
    store, now = room.world.services.order_store, room.world.clock.now()
    assert store is not None
    store.keep_claim(name, Person(PatientNumber("PAT002"), "<b>Roe</b>^Richard", "19800101", Sex.MALE))
    with room.world.services.database.begin() as unit:
        unit.open_hold(IdentityHold(name, key, kind, now, ("patient_id", "name")))
        unit.audit(AuditEvent("identity.hold", "wetread", study_key=key), now)
        unit.commit()


def compared(room: Room) -> list[str | None]:
    events = [each.event for each in room.world.services.database.audit_records()]
    return [each.study_key for each in events if each.action == "identity.compare"]


def test_every_doubt_stands_in_a_list_and_is_answered_by_keyboard(page: Page, room: Room) -> None:
    only_said, stopped = room.world.add_study(), room.world.add_study()
    doubt(room, only_said, "h1", HoldKind.DEMOGRAPHICS)
    doubt(room, stopped, "h2")
    sign_in(page, room, path="/identity")
    items = page.locator("#list li")
    expect(items).to_have_count(2)
    expect(items.first).to_contain_text("Film and order are of different patients")
    expect(items.first).to_contain_text("stops signing")
    expect(page.locator("#rooms [data-room=Identity]")).to_contain_text("2 open, 1 of them stop a signature")
    expect(page.get_by_text("Roe")).to_have_count(0)
    assert compared(room) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(items.first.locator("tr.differs")).to_have_count(2)
    expect(items.first).to_contain_text("<b>Roe</b>, Richard")
    assert compared(room) == [stopped]
    assert violations(page) == []
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="It is the right patient")).to_be_focused()
    page.keyboard.press("Enter")
    expect(items).to_have_count(1)
    expect(items.first.locator("summary")).to_be_focused()
    with room.world.services.database.begin(write=False) as unit:
        hold = unit.hold("h2")
    assert hold is not None
    assert hold.resolution == "right_patient"


def test_one_found_to_be_another_patients_stays_on_the_page(page: Page, room: Room) -> None:
    doubt(room, room.world.add_study())
    sign_in(page, room, path="/identity")
    item = page.locator("#list li")
    item.locator("summary").click()
    item.get_by_role("button", name="It is the wrong patient").click()
    expect(item.locator("summary")).to_contain_text("found to be another patient's")
    item.get_by_role("button", name="It is the right patient").click()
    expect(item).to_have_count(0)


def test_the_worklist_marks_a_study_that_a_doubt_keeps_from_being_signed(page: Page, room: Room) -> None:
    key = room.world.add_study()
    sign_in(page, room, path="/")
    row = page.locator(f'tr[data-key="{key}"]')
    expect(row).to_be_visible()
    expect(row).not_to_contain_text("patient?")
    doubt(room, key)
    expect(row).to_contain_text("patient?")
    assert violations(page) == []
