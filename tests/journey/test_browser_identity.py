"""A film that may be another patient's, at the screen: film and order side by side, the answer by keyboard, and a doubt that comes while the study is open."""

import pytest
from playwright.sync_api import Page, expect
from reading_room import Room, open_study

from wetread.domain.audit import AuditEvent
from wetread.domain.identity_hold import HoldKind, IdentityHold
from wetread.domain.order import PatientNumber, Person
from wetread.domain.study import Sex

pytestmark = pytest.mark.real


def test_a_doubt_that_comes_while_a_study_is_open_is_shown_and_answered(page: Page, room: Room) -> None:
    key = room.world.add_study()
    open_study(page, room, key)
    place = page.get_by_role("region", name="Is it the right patient?")
    expect(place).to_be_hidden()
    store, now = room.world.services.order_store, room.world.clock.now()
    assert store is not None
    store.keep_claim("h1", Person(PatientNumber("PAT002"), "<b>Roe</b>^Richard", "19800101", Sex.MALE))
    with room.world.services.database.begin() as unit:
        unit.open_hold(IdentityHold("h1", key, HoldKind.PATIENT_MISMATCH, now, ("patient_id", "name")))
        unit.audit(AuditEvent("identity.hold", "wetread", study_key=key), now)
        unit.commit()
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
