"""FHIR, read: what was told of critical results, the audit log for auditors, and all of it in R5."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders_web import Browser, World, a_world, open_door
from neighbours.r4_definitions import binding_errors, schema_errors
from neighbours.r5_models import r5_errors
from paging_world import PATH
from tests.unit.web.test_api_fhir import FHIR, found, sign

from wetread.domain.critical import Acknowledgement, Communication
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import HoldKind, IdentityHold
from wetread.domain.page import Page, PageState
from wetread.domain.reading import ReaderProfile, ReadingMode
from wetread.testing.builders import a_decision, a_draft, an_analysis
from wetread.triage.escalation import open_critical
from wetread.web.fhir_search import SEARCHABLE

R5 = {"Accept": "application/fhir+json; fhirVersion=5.0"}


@pytest.fixture(scope="module")
def world() -> World:
    return a_world()


@pytest.fixture(scope="module")
def door(world: World) -> Iterator[Browser]:
    with open_door(world) as browser:
        yield browser


@pytest.fixture(scope="module")
def doctor(door: Browser) -> Browser:
    return door.as_("radiologist")


@pytest.fixture(scope="module")
def told(world: World) -> StudyKey:
    return a_told_study(world)


def a_told_study(world: World) -> StudyKey:
    """Unsigned, critical: one page sent and acknowledged, one not sent any more, and a person told another."""
    key = StudyKey(world.add_study(patient_id="P-C", analysis=an_analysis(), draft=a_draft()))
    now = world.clock.now()
    with world.services.database.begin() as unit:
        result = open_critical(unit.study(key), a_decision(), PATH, now - timedelta(minutes=9))
        taken = Acknowledgement("ada", now - timedelta(minutes=5), "large right pneumothorax")
        spoken = Communication("ada", now - timedelta(minutes=1), "Dr Ng, ward 4", "phone", True)
        result = unit.save_critical(replace(result, acknowledgement=taken, communication=spoken), expected_etag=None)
        for person, state in (("ada", PageState.SENT), ("ben", PageState.QUEUED)):
            unit.queue_page(
                Page(f"{result.critical_key}/0/{person}", result.critical_key, key, "north", person, 0, now, now)
            )
            if state is PageState.SENT:
                page = replace(
                    unit.pages(result.critical_key)[0], state=state, channel="sms", sent_at=now - timedelta(minutes=8)
                )
                unit.save_page(page)
        unit.commit()
    return key


def by_status(resources: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    statuses = {each["status"] for each in resources}
    return {status: [each for each in resources if each["status"] == status] for status in statuses}


def test_pages_and_what_a_person_told_are_there_before_anybody_signed(doctor: Browser, told: StudyKey) -> None:
    resources = found(doctor, f"Communication?_id={told}.told") + found(doctor, "Communication?status=completed")
    spoken, *_ = resources
    assert spoken["recipient"] == [{"display": "Dr Ng, ward 4"}]
    assert spoken["medium"][0]["coding"][0]["code"] == "PHONE"
    everything = by_status(found(doctor, "Communication"))
    assert {status: len(each) for status, each in everything.items()} == {"completed": 2, "in-progress": 1}
    (page,) = (each for each in everything["completed"] if "received" in each)
    assert page["sent"] < page["received"] < spoken["sent"]
    assert page["recipient"][0]["identifier"]["value"] == "ada"
    for each in found(doctor, "Communication"):
        assert schema_errors(each) == []
        assert list(binding_errors(each)) == []
        assert r5_errors(doctor.get(f"/fhir/Communication/{each['id']}", R5).json()) == []
        assert doctor.get(f"/fhir/Communication/{each['id']}", FHIR).json() == each


@pytest.mark.parametrize(
    "query", ["patient.identifier=P-C", "accession=A1", "identifier=nothing", "patient.identifier=P-X"]
)
def test_communications_are_found_by_patient_and_accession(doctor: Browser, told: StudyKey, query: str) -> None:
    count = 0 if query.endswith(("nothing", "P-X")) else 3
    assert len(found(doctor, f"Communication?{query}")) == count


def test_nobody_is_told_of_what_is_withheld_from_them_or_of_a_patient_in_doubt() -> None:
    world = a_world()
    hidden = a_told_study(world)
    with open_door(world) as door:
        assert len(found(door.as_("radiologist"), "Communication")) == 3
        with world.services.database.begin() as unit:
            unit.save_reader_profile(ReaderProfile("resident", ReadingMode.AI_OFF))
            unit.commit()
        assert found(door.as_("resident"), "Communication") == []
        assert door.as_("resident").get(f"/fhir/Communication/{hidden}.told", FHIR).status == 403
        with world.services.database.begin() as unit:
            unit.open_hold(IdentityHold("h", hidden, HoldKind.PATIENT_MISMATCH, world.clock.now()))
            unit.commit()
        assert found(door.as_("radiologist"), "Communication") == []


def test_the_audit_log_is_for_auditors_newest_first_in_pages(door: Browser, told: StudyKey) -> None:
    quality = door.as_("quality")
    assert door.as_("radiologist").get("/fhir/AuditEvent", FHIR).status == 403
    assert door.as_("admin").get("/fhir/AuditEvent", FHIR).status == 200
    first: Any = quality.get("/fhir/AuditEvent?_count=2", FHIR).json()
    numbers = [int(each["resource"]["id"]) for each in first["entry"]]
    assert numbers == [numbers[0], numbers[0] - 1]
    everything = found(quality, f"AuditEvent?_count=2&entity=ImagingStudy/{told}")
    assert len({each["id"] for each in everything}) == len(everything) > 0
    assert {study_of(each) for each in everything} == {told}
    for each in first["entry"]:
        assert schema_errors(each["resource"]) == []
        assert list(binding_errors(each["resource"])) == []
        assert r5_errors(quality.get(f"/fhir/AuditEvent/{each['resource']['id']}", R5).json()) == []


def act_of(event: Any) -> str:
    return str(next(each["code"] for each in event["subtype"] if each["system"] == "urn:wetread:audit-action"))


def study_of(event: Any) -> str:
    """By the patient: an AuditEvent of BALP with one has it once."""
    (patient,) = (each for each in event["entity"] if each["type"]["code"] == "1")
    return str(patient["what"]["reference"]).removeprefix("Patient/")


def test_the_audit_log_is_searched_by_who_what_and_when(door: Browser) -> None:
    quality = door.as_("quality")
    mine = found(quality, "AuditEvent?agent.identifier=urn:wetread:account|quality&subtype=fhir.search")
    assert {(act_of(each), each["agent"][0]["who"]["identifier"]["value"]) for each in mine} == {
        ("fhir.search", "quality")
    }
    assert found(quality, "AuditEvent?subtype=fhir.sea") == []
    assert found(quality, "AuditEvent?date=lt2020-01-01T00:00:00Z&date=ge2019-01-01T00:00:00Z") == []
    assert (
        len(found(quality, "AuditEvent?date=ge2019-01-01T00:00:00Z&date=lt2999-01-01T00:00:00Z&_count=1&subtype=login"))
        >= 1
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("AuditEvent?date=2026", 400),
        ("AuditEvent?date=ge2026-01-01", 400),
        ("AuditEvent?date=ge2026-01-01T00:00:00Z&date=ge2026-01-01T00:00:00Z", 400),
        ("AuditEvent?patient=1", 400),
        ("AuditEvent?subtype=a,b", 400),
        ("AuditEvent?subtype=a&subtype=b", 400),
        ("AuditEvent?_count=0", 400),
        ("AuditEvent/0", 404),
        ("AuditEvent/99999999", 404),
        ("AuditEvent/x", 404),
    ],
)
def test_what_the_audit_log_does_not_answer_is_refused(door: Browser, path: str, status: int) -> None:
    answer = door.as_("quality").get(f"/fhir/{path}", FHIR)
    assert (answer.status, answer.json()["resourceType"]) == (status, "OperationOutcome")


@pytest.mark.parametrize("kind", [*SEARCHABLE, "AuditEvent", "metadata"])
def test_everything_is_said_in_r5_to_who_asks_for_it(world: World, doctor: Browser, door: Browser, kind: str) -> None:
    if not found(doctor, "DiagnosticReport"):
        sign(doctor, world.add_study(analysis=an_analysis(), draft=a_draft()))
    answer = (door.as_("quality") if kind == "AuditEvent" else doctor).get(f"/fhir/{kind}", R5)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/fhir+json; fhirVersion=5.0")
    said: Any = answer.json()
    assert r5_errors(said) == []
    assert said.get("fhirVersion", "5.0.0") == "5.0.0"
    assert kind == "metadata" or len(said["entry"]) >= 1


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/fhir+json;fhirVersion=4.0", 200),
        ('application/fhir+json; fhirVersion="5.0"', 200),
        ("application/fhir+json; fhirVersion=3.0", 406),
        ("application/fhir+json; fhirVersion=3.0, application/fhir+json; fhirVersion=4.0", 200),
    ],
)
def test_a_version_that_is_not_spoken_is_refused(door: Browser, accept: str, status: int) -> None:
    assert door.get("/fhir/metadata", {"Accept": accept}).status == status
