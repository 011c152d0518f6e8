"""FHIR, read: what a radiologist signed is there by id and by search, nothing else is, nobody sees what is withheld from them, and every look is audited."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from builders_web import PASSWORD, Browser, World, a_token, a_world, open_door
from neighbours.r4_definitions import binding_errors, schema_errors

from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import HoldKind, IdentityHold
from wetread.domain.reading import ReaderProfile, ReadingMode
from wetread.testing.builders import a_draft, an_analysis
from wetread.web.fhir_search import SEARCHABLE

FHIR = {"Accept": "application/fhir+json"}


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
def signed(world: World, doctor: Browser) -> list[StudyKey]:
    """Three signed studies, the first two of one patient, and one that nobody signed."""
    keys = [
        world.add_study(analysis=an_analysis(), draft=a_draft(), patient_id=number) for number in ("P-A", "P-A", "P|B")
    ]
    for key in keys:
        sign(doctor, key)
    world.add_study(analysis=an_analysis(), draft=a_draft(), patient_id="P-A")
    return keys


def sign(doctor: Browser, key: StudyKey) -> None:
    opened: dict[str, Any] = doctor.post(f"/api/studies/{key}/open").json()
    answer = doctor.post(
        f"/api/studies/{key}/sign", {"etag": opened["report"]["etag"], "meaning": "m", "password": PASSWORD}
    )
    assert answer.status == 200, answer.body


def found(browser: Browser, query: str) -> list[dict[str, Any]]:
    """Every resource of every page."""
    resources: list[dict[str, Any]] = []
    path = f"/fhir/{query}"
    while path:
        answer = browser.get(path, FHIR)
        assert answer.status == 200, answer.body
        bundle: dict[str, Any] = answer.json()
        resources += [each["resource"] for each in bundle.get("entry", [])]
        following = [each["url"] for each in bundle["link"] if each["relation"] == "next"]
        path = following[0].partition(str(browser.port))[2] if following else ""
    return resources


def test_the_capability_statement_needs_no_account_and_is_valid(door: Browser) -> None:
    answer = door.get("/fhir/metadata", FHIR)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/fhir+json")
    statement: Any = answer.json()
    assert statement["fhirVersion"] == "4.0.1"
    assert {each["type"] for each in statement["rest"][0]["resource"]} == {*SEARCHABLE, "AuditEvent", "ServiceRequest"}
    assert schema_errors(statement) == []


@pytest.mark.parametrize("kind", [each for each in SEARCHABLE if each != "Communication"])
def test_every_resource_is_valid_and_reads_as_it_is_found(doctor: Browser, signed: list[StudyKey], kind: str) -> None:
    resources = found(doctor, kind)
    assert {StudyKey(each["id"].partition(".")[0]) for each in resources} == set(signed)
    for each in resources:
        assert schema_errors(each) == []
        assert list(binding_errors(each)) == []
        assert doctor.get(f"/fhir/{kind}/{each['id']}", FHIR).json() == each


def test_references_lead_to_what_is_served(doctor: Browser, signed: list[StudyKey]) -> None:
    (report,) = found(doctor, f"DiagnosticReport?_id={signed[0]}")
    places = [report["subject"], *report["result"], *report["imagingStudy"], *report["resultsInterpreter"]]
    (provenance,) = found(doctor, f"Provenance?target=DiagnosticReport/{signed[0]}")
    places += [each["who"] for each in provenance["agent"]]
    assert len(places) > 5
    assert {doctor.get(f"/fhir/{each['reference']}", FHIR).status for each in places} == {200}


@pytest.mark.parametrize(
    ("query", "of"),
    [
        ("DiagnosticReport?patient.identifier=P-A", [0, 1]),
        ("DiagnosticReport?patient.identifier=urn:wetread:mrn:HOSPITAL|P-A", [0, 1]),
        ("DiagnosticReport?patient.identifier=urn:other|P-A", []),
        ("DiagnosticReport?patient.identifier=P*", []),
        ("Patient?identifier=P-A", [0, 1]),
        ("DiagnosticReport?accession=A1", [0]),
        ("Observation?accession=A2&status=final", [1]),
        ("DiagnosticReport?status=final", [0, 1, 2]),
        ("DiagnosticReport?status=amended", []),
        ("DiagnosticReport?code=http://loinc.org|30745-4&accession=A3", [2]),
        ("ImagingStudy?identifier=urn:dicom:uid|urn:oid:2.25.2", [1]),
        ("ImagingStudy?identifier=urn:wetread:accession|A3", [2]),
        ("Device?_id=nothing", []),
        ("DiagnosticReport?patient=Patient/{0}", [0]),
    ],
)
def test_a_search_finds_what_it_asks_for(doctor: Browser, signed: list[StudyKey], query: str, of: list[int]) -> None:
    resources = found(doctor, query.format(*signed))
    assert {each["id"].partition(".")[0] for each in resources} == {signed[number] for number in of}


@pytest.mark.parametrize("kind", ["DiagnosticReport", "Observation"])
@pytest.mark.parametrize("count", [1, 2, 100])
def test_pages_together_are_the_whole_each_once(doctor: Browser, signed: list[StudyKey], kind: str, count: int) -> None:
    whole = [each["id"] for each in found(doctor, kind)]
    assert [each["id"] for each in found(doctor, f"{kind}?_count={count}")] == whole
    first: Any = doctor.get(f"/fhir/{kind}?_count={count}", FHIR).json()
    assert len(first["entry"]) == min(count, len(whole))
    assert ("total" in first) == (count >= len(whole))


def test_summaries(doctor: Browser, signed: list[StudyKey]) -> None:
    counted: Any = doctor.get("/fhir/DiagnosticReport?_summary=count", FHIR).json()
    assert (counted["total"], "entry" in counted) == (3, False)
    short = found(doctor, f"DiagnosticReport?_summary=true&_id={signed[0]}")[0]
    assert "presentedForm" not in short
    assert short["meta"]["tag"][0]["code"] == "SUBSETTED"


def test_a_resource_that_did_not_change_is_not_sent_again(doctor: Browser, signed: list[StudyKey]) -> None:
    path = f"/fhir/DiagnosticReport/{signed[0]}"
    first = doctor.get(path, FHIR)
    assert first.headers["etag"] == 'W/"1"'
    again = doctor.get(path, {**FHIR, "If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("DiagnosticReport/nothing", {}, 404, "not-found"),
        ("DiagnosticReport/" + "a" * 24, {}, 404, "not-found"),
        ("Medication", {}, 404, "not-found"),
        ("Medication/1", {}, 404, "not-found"),
        ("DiagnosticReport?subject=1", {}, 400, "invalid"),
        ("DiagnosticReport?status:not=final", {}, 400, "invalid"),
        ("DiagnosticReport?status=final,amended", {}, 400, "invalid"),
        ("DiagnosticReport?status=final&status=amended", {}, 400, "invalid"),
        ("DiagnosticReport?_count=0", {}, 400, "invalid"),
        ("DiagnosticReport?_count=1e9", {}, 400, "invalid"),
        ("DiagnosticReport?page=x", {}, 400, "invalid"),
        ("DiagnosticReport?_summary=text", {}, 400, "invalid"),
        ("DiagnosticReport?_format=xml", {}, 406, "not-supported"),
        ("DiagnosticReport", {"Accept": "application/fhir+xml"}, 406, "not-supported"),
        ("metadata", {"Accept": "application/xml"}, 406, "not-supported"),
    ],
)
def test_what_cannot_be_served_is_an_outcome(
    doctor: Browser, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    answer = doctor.get(f"/fhir/{path}", {**FHIR, **headers})
    assert answer.status == status
    outcome: Any = answer.json()
    assert (outcome["resourceType"], outcome["issue"][0]["code"]) == ("OperationOutcome", code)
    assert schema_errors(outcome) == []


def test_a_path_that_climbs_is_refused_before_anything_is_looked_up(doctor: Browser) -> None:
    assert doctor.get("/fhir/DiagnosticReport/..%2f..%2fetc", FHIR).status == 400


def test_a_document_type_is_never_read(doctor: Browser) -> None:
    xml = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><Patient>&a;</Patient>'
    answer = doctor.send("POST", "/fhir/Patient", headers={"Content-Type": "application/fhir+xml"}, raw=xml)
    assert answer.status == 405
    assert b"root:" not in answer.body


def test_roles_and_strangers(world: World, door: Browser, signed: list[StudyKey]) -> None:
    path = f"/fhir/DiagnosticReport/{signed[0]}"
    for browser, status, code in ((Browser(door.port), 401, "login"), (door.as_("technologist"), 403, "forbidden")):
        answer = browser.get(path, FHIR)
        assert answer.status == status
        assert answer.json()["issue"][0]["code"] == code  # type: ignore[index]
    token = a_token(world, "radiologist")
    assert Browser(door.port, defaults={"Authorization": f"Bearer {token}"}).get(path, FHIR).status == 200


def test_every_look_is_audited(world: World, doctor: Browser, signed: list[StudyKey]) -> None:
    def looks() -> list[tuple[str, str | None]]:
        events = [each.event for each in world.services.database.audit_records()]
        return [(each.action, each.study_key) for each in events if each.action.startswith("fhir.")]

    before = len(looks())
    doctor.get(f"/fhir/Observation/{signed[0]}.pneumothorax", FHIR)
    found(doctor, "Patient?identifier=P-A")
    found(doctor, "Patient?identifier=nobody")
    named = sorted(signed[:2])
    assert looks()[before:] == [
        ("fhir.read", signed[0]),
        *(("fhir.search", key) for key in named),
        ("fhir.search", None),
    ]


def test_an_amendment_takes_the_place_of_what_it_amends(world: World, doctor: Browser) -> None:
    key = world.add_study(analysis=an_analysis(), draft=a_draft())
    sign(doctor, key)
    doctor.post(f"/api/studies/{key}/amend", {"reason": "one more word"})
    assert doctor.get(f"/fhir/DiagnosticReport/{key}", FHIR).json()["status"] == "final"
    sign(doctor, key)
    answer = doctor.get(f"/fhir/DiagnosticReport/{key}", FHIR)
    assert (answer.json()["status"], answer.headers["etag"]) == ("amended", 'W/"2"')


def test_the_veil_and_a_doubt_about_the_patient_hide_results() -> None:
    world = a_world()
    with open_door(world) as door:
        doctor = door.as_("radiologist")
        hidden, doubted = (world.add_study(analysis=an_analysis(), draft=a_draft()) for _ in range(2))
        for key in (hidden, doubted):
            sign(doctor, key)
        assert len(found(doctor, "DiagnosticReport")) == 2
        now = datetime(2026, 11, 29, tzinfo=UTC)
        with world.services.database.begin() as unit:
            unit.open_hold(IdentityHold("h", doubted, HoldKind.PATIENT_MISMATCH, now))
            unit.save_reader_profile(ReaderProfile("resident", ReadingMode.AI_OFF))
            unit.commit()
        assert [each["id"] for each in found(doctor, "DiagnosticReport")] == [hidden]
        assert doctor.get(f"/fhir/DiagnosticReport/{doubted}", FHIR).status == 404
        resident = door.as_("resident")
        assert found(resident, "DiagnosticReport") == []
        answer = resident.get(f"/fhir/DiagnosticReport/{hidden}", FHIR)
        assert (answer.status, answer.json()["issue"][0]["details"]["text"]) == (403, "ai_withheld")  # type: ignore[index]


def test_ids_hold_every_finding() -> None:
    for name in FindingName:
        assert len(f"{'a' * 24}.{name.value}") <= 64
