"""At the screen: images that came after the signature, films fetched from an archive, and how the archives do."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders_web import a_world, open_door
from playwright.sync_api import Page, expect
from reading_room import Room, open_study, sign_in, violations

from wetread.domain.archive_feed import ArchiveProbe, FetchedCopy, PriorFetch, PriorOutcome, PriorSearch
from wetread.domain.audit import AuditEvent
from wetread.domain.capability import Capability, Verdict
from wetread.domain.identifiers import StudyKey
from wetread.domain.late_images import LateImages
from wetread.domain.role import Actor, Role
from wetread.domain.study_state import StudyState
from wetread.testing.builders import an_analysis
from wetread.testing.clock import FixedClock
from wetread.web.services import Administration

pytestmark = pytest.mark.real
SHOTS: Path | None = None
"""A folder, to look at what stands on the screen."""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Twins instead of storage: what is looked at here is the pages."""
    world = a_world(clock=FixedClock(datetime.now(UTC)))
    world.add_account("m.frost", Role.RADIOLOGIST, name="Dr. Mira Frost")
    world.services = replace(world.services, administration=Administration(archives=("pacs", "vna")))
    with open_door(world) as door:
        yield Room(world, door, tmp_path)


def shot(page: Page, name: str) -> None:
    if SHOTS:
        for width, height in ((1280, 800), (2560, 1440)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(300)
            page.screenshot(path=SHOTS / f"{name}-{width}.png")
        page.set_viewport_size({"width": 1280, "height": 800})


def late(room: Room, key: StudyKey) -> None:
    """Another film of the study came, and the AI read it."""
    now = room.world.clock.now()
    with room.world.services.database.begin() as unit:
        study = unit.study(key)
        (film, *_) = unit.instances(key)
        unit.save_study(replace(study, state=StudyState.NEW_IMAGES))
        read = replace(an_analysis(), heat=None)
        unit.save_late_images(
            LateImages(key, now, now, (film.instance_key,), analysis=read, reason="pneumothorax 0.82")
        )
        unit.audit(AuditEvent("study.late_instance", "wetread", study_key=key), now)
        unit.commit()


def a_signed_study(room: Room) -> StudyKey:
    desk, doctor, key = room.world.services.desk, Actor("m.frost", Role.RADIOLOGIST), room.world.add_study()
    opened = desk.open(doctor, key).report
    assert opened is not None
    desk.sign(doctor, key, opened.etag, "authored")
    return key


def test_new_images_since_the_signature_come_while_it_is_open_and_are_answered_by_keyboard(
    page: Page, room: Room
) -> None:
    key = a_signed_study(room)
    open_study(page, room, key)
    banner = page.get_by_role("group", name="1 new image since the signature")
    expect(banner).to_have_count(0)
    late(room, key)
    expect(banner).to_contain_text("The AI calls on it: left pneumothorax 82 %. Look at it yourself.")
    shot(page, "late")
    assert violations(page) == []
    page.goto(room.address)
    row = page.locator(f"tr[data-key={key}]")
    expect(row).to_contain_text("1 new image since signature: pneumothorax 0.82")
    expect(row).to_contain_text("new images")
    shot(page, "late-list")
    page.goto(f"{room.address}/studies/{key}")
    keep = banner.get_by_role("button", name="No change")
    keep.focus()
    page.keyboard.press("Enter")
    expect(banner).to_have_count(0)
    with room.world.services.database.begin(write=False) as unit:
        assert unit.study(key).state is StudyState.SIGNED
        found = unit.late_images([key])[key]
    assert (found.answered_by, found.is_open) == ("m.frost", False)


def test_a_fetched_prior_says_where_it_is_from_and_what_was_not_fetched_is_said(page: Page, room: Room) -> None:
    now = room.world.clock.now()
    older = room.world.add_study(StudyState.FETCHED, patient_id="SAME", study_date="20250101")
    key = room.world.add_study(patient_id="SAME", study_date="20260101")
    fetches = (PriorFetch("pacs", PriorOutcome.FETCHED, 1), PriorFetch("vna", PriorOutcome.AMBIGUOUS))
    with room.world.services.database.begin() as unit:
        unit.save_copy(FetchedCopy(older, "pacs", key, now))
        unit.save_prior_search(PriorSearch(key, now, fetches))
        unit.commit()
    open_study(page, room, key)
    expect(page.get_by_text("(from pacs)")).to_be_visible()
    expect(
        page.get_by_text("Archive vna: it cannot be told whose earlier films it has. None was fetched.")
    ).to_be_visible()
    page.get_by_label("Prior film").select_option(index=1)
    expect(page.locator("canvas, img").first).to_be_visible()
    shot(page, "priors")
    assert violations(page) == []


def test_the_connections_page_says_what_each_archive_is_and_how_it_does(page: Page, room: Room) -> None:
    now = room.world.clock.now()
    cannot = tuple(
        Capability("QIDO-RS", name, Verdict.NO, "HTTP 400") for name in ("percent-encoded query", "fuzzy names")
    )
    with room.world.services.database.begin() as unit:
        unit.save_probe(ArchiveProbe("pacs", "Orthanc", "1.10.1", now, cannot))
        unit.save_feed(replace(unit.feed("pacs"), answered_at=now, swept_at=now, missed=2))
        since = now - timedelta(hours=1)
        unit.save_feed(replace(unit.feed("vna"), failing_since=since, failure="receiver_unreachable"))
        unit.commit()
    sign_in(page, room, "admin", "/administration/connections")
    table = page.get_by_role("table", name="Other archives")
    expect(table).to_contain_text("Orthanc 1.10.1")
    expect(table).to_contain_text("QIDO-RS: percent-encoded query")
    expect(table).to_contain_text("2 images that the feed had missed")
    expect(table).to_contain_text("does not answer since")
    shot(page, "connections")
    assert violations(page) == []
