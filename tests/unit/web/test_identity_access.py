"""Whom a person was shown by name is in the audit log: once for a page of a list, and only of what was shown."""

from collections.abc import Iterator

import pytest
from builders_web import Browser, World, a_world, open_door

from wetread.domain.audit import AuditQuery
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import ACCESS, studies_of
from wetread.domain.role import SERVICE, Role
from wetread.ports.recorded_vault import RecordedVault
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.memory_vault import MemoryVault


@pytest.fixture
def world() -> World:
    database, clock = MemoryDatabase(), FixedClock()
    return a_world(database, RecordedVault(MemoryVault(), database, clock), clock=clock)


@pytest.fixture
def door(world: World) -> Iterator[Browser]:
    with open_door(world) as browser:
        yield browser


def shown(world: World, actor_id: str) -> list[tuple[str, str, set[StudyKey]]]:
    """Purpose, fields and studies of each record about them, oldest first."""
    found = world.services.database.search_audit(AuditQuery(actor_id, ACCESS))
    facts = [(dict(each.event.detail), each.event) for each in reversed(found)]
    return [(said["purpose"], said["fields"], set(studies_of(event))) for said, event in facts]


LISTED = "patient_name patient_id accession_number"


def test_a_list_is_one_record_and_none_for_whom_it_is_without_names(world: World, door: Browser) -> None:
    both = {world.add_study(patient_name="Canary^One"), world.add_study(patient_name="Canary^Two")}
    for _ in range(3):
        assert b"Canary^One" in door.as_("radiologist").get("/api/worklist").body
    assert shown(world, "radiologist") == [("worklist", LISTED, both)]
    assert b"Canary" not in door.as_("technologist").get("/api/worklist").body
    assert shown(world, "technologist") == []
    third = world.add_study(patient_name="Canary^Three")
    door.as_("radiologist").get("/api/worklist")
    assert shown(world, "radiologist")[1:] == [("worklist", LISTED, {third})]


def test_a_page_a_search_and_a_query_each_say_what_for(world: World, door: Browser) -> None:
    key = world.add_study(patient_name="Canary^One", patient_id="P-1")
    world.add_study(patient_name="Other^Two", patient_id="P-2")
    door.as_("quality").get(f"/api/studies/{key}")
    assert [(purpose, keys) for purpose, _, keys in shown(world, "quality")] == [("page", {key})]
    door.as_("resident").post("/api/worklist/search", {"text": "canary"})
    assert shown(world, "resident") == [("search", LISTED, {key})]
    door.as_("radiologist").get("/dicom-web/studies?PatientID=P-1")
    assert [(purpose, keys) for purpose, _, keys in shown(world, "radiologist")] == [("search", {key})]


def test_the_names_that_a_list_keeps_for_all_are_read_from_nowhere(world: World, door: Browser) -> None:
    world.add_study()
    door.as_("radiologist").get("/api/worklist")
    found = world.services.database.search_audit(AuditQuery(SERVICE.actor_id, ACCESS))
    assert [each.event.address for each in found] == [""]


def test_the_priors_of_a_page_are_one_record(world: World, door: Browser) -> None:
    priors = {world.add_study(patient_id="SAME", study_date=f"2025010{day}") for day in (1, 2, 3)}
    key = world.add_study(patient_id="SAME", study_date="20260101")
    door.as_("radiologist").get(f"/api/studies/{key}")
    dated = [(fields, keys) for _, fields, keys in shown(world, "radiologist") if key not in keys]
    assert dated == [("study_date study_description", priors)]


def test_what_was_found_and_is_out_of_reach_was_seen_by_nobody(world: World, door: Browser) -> None:
    world.add_account("elsewhere", Role.RADIOLOGIST, sites=("nowhere",))
    key = world.add_study(patient_name="Canary^One")
    seen = door.as_("elsewhere")
    for path in ("/dicom-web/studies", "/api/worklist", f"/api/studies/{key}", "/api/criticals"):
        assert b"Canary" not in seen.get(path).body
    seen.post("/api/worklist/search", {"text": "canary"})
    assert shown(world, "elsewhere") == []
