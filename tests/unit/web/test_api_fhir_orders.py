"""Orders, read: what the hospital told is there by id and by search, for whom it may be, and every look is audited."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders_web import Browser, World, a_world, open_door
from neighbours.r4_definitions import binding_errors, schema_errors
from neighbours.r5_models import r5_errors
from tests.unit.web.test_api_fhir import found

from wetread.domain.finding import Code
from wetread.domain.order import Order, OrderStatus, PatientNumber, Person
from wetread.domain.priority import Priority
from wetread.domain.role import Role
from wetread.domain.study import Indication, Sex

KEYS = [f"{number:032x}" for number in range(1, 6)]


@pytest.fixture(scope="module")
def world() -> World:
    """Five orders, the first two of one patient, the first with a film here; a reader of another house's site."""
    world = a_world()
    jane = Person(PatientNumber("P|1", "HOSPITAL"), "Doe^Jane^Ann", "19700102", Sex.FEMALE)
    why = Indication("cough <b>&", (Code("49727002", "SCT", "Cough"), Code("R05", "I10", "Cough")))
    first = Order(KEYS[0], "A1", jane, world.clock.now(), OrderStatus.ACTIVE, Priority.STAT, why, Code("XCHEST", "L", "Chest"))  # fmt: skip
    orders = [first, replace(first, order_key=KEYS[1], accession_number="A*", procedure=None)]
    other = Person(PatientNumber("P-2"))
    orders += [Order(key, f"B{key[-1]}", other, world.clock.now() + timedelta(days=1), OrderStatus.CANCELLED) for key in KEYS[2:]]  # fmt: skip
    store = world.services.order_store
    assert store is not None
    assert all(map(store.keep_order, orders))
    world.add_study(patient_id="P|1")
    world.add_account("dr-there", Role.RADIOLOGIST, sites=("elsewhere",))
    world.add_account("engineer", Role.ML_ENGINEER)
    return world


@pytest.fixture(scope="module")
def door(world: World) -> Iterator[Browser]:
    with open_door(world) as browser:
        yield browser


@pytest.fixture(scope="module")
def doctor(door: Browser) -> Browser:
    return door.as_("radiologist")


@pytest.mark.parametrize(
    ("query", "of"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("_count=2", [0, 1, 2, 3, 4]),
        (f"_id={KEYS[2]}", [2]),
        ("_id=nothing", []),
        ("accession=A1", [0]),
        ("accession=A*", [1]),
        ("accession=urn:wetread:accession|A1", [0]),
        ("identifier=urn:wetread:accession|A1", [0]),
        ("identifier=urn:other|A1", []),
        ("patient.identifier=urn:wetread:mrn:HOSPITAL|P|1", []),
        ("patient.identifier=urn:wetread:mrn|P-2", [2, 3, 4]),
        ("patient.identifier=P-2&_count=1", [2, 3, 4]),
        ("status=active", [0, 1]),
        ("status=revoked&accession=B4", [3]),
    ],
)
def test_a_search_finds_what_it_asks_for_on_all_pages(doctor: Browser, query: str, of: list[int]) -> None:
    assert [each["id"] for each in found(doctor, f"ServiceRequest?{query}")] == [KEYS[number] for number in of]


def test_an_order_says_what_the_hospital_said_and_is_valid_in_both_versions(doctor: Browser) -> None:
    orders = found(doctor, "ServiceRequest")
    for each in orders:
        assert schema_errors(each) == []
        assert list(binding_errors(each)) == []
        assert doctor.get(f"/fhir/ServiceRequest/{each['id']}").json() == each
        in_r5: Any = doctor.get(f"/fhir/ServiceRequest/{each['id']}", {"Accept": "application/fhir+json; fhirVersion=5.0"}).json()  # fmt: skip
        assert r5_errors(in_r5) == []
    first = orders[0]
    (patient,) = first["contained"]
    assert (first["status"], first["priority"], first["subject"]) == ("active", "stat", {"reference": "#patient"})
    assert (patient["name"][0]["family"], patient["birthDate"], patient["gender"]) == ("Doe", "1970-01-02", "female")
    assert first["reasonCode"][0]["text"] == "cough <b>&"
    assert [each.get("system") for each in first["reasonCode"][0]["coding"]] == ["http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10"]  # fmt: skip
    assert first["code"]["coding"] == [{"code": "XCHEST", "display": "Chest"}]
    assert orders[4]["status"] == "revoked"


def test_what_is_known_is_not_sent_again_and_one_page_says_how_many(doctor: Browser) -> None:
    whole: Any = doctor.get("/fhir/ServiceRequest?status=revoked").json()
    assert whole["total"] == 3
    assert "total" not in doctor.get("/fhir/ServiceRequest?status=revoked&_count=2").json()
    answer = doctor.get(f"/fhir/ServiceRequest/{KEYS[0]}")
    again = doctor.get(f"/fhir/ServiceRequest/{KEYS[0]}", {"If-None-Match": answer.headers["etag"]})
    assert again.status == 304


@pytest.mark.parametrize("query", ["subject=1", "status=active,revoked", "status=active&status=revoked", "accession=", "page=x", "_count=x"])  # fmt: skip
def test_what_is_not_served_is_refused(doctor: Browser, query: str) -> None:
    answer = doctor.get(f"/fhir/ServiceRequest?{query}")
    assert (answer.status, answer.json()["resourceType"]) == (400, "OperationOutcome")  # type: ignore[index]


def test_who_may_not_read_studies_reads_no_orders(door: Browser) -> None:
    for path in ("/fhir/ServiceRequest", f"/fhir/ServiceRequest/{KEYS[0]}"):
        assert door.get(path).status == 401
        assert door.as_("engineer").get(path).status == 403


def test_an_order_without_a_study_of_ones_site_is_not_there(world: World, door: Browser) -> None:
    there = door.as_("dr-there")
    assert found(there, "ServiceRequest") == []
    assert there.get(f"/fhir/ServiceRequest/{KEYS[0]}").status == 404
    key = world.add_study(accession_number="B3")
    with world.services.database.begin() as unit:
        study = unit.study(key)
        unit.save_study(replace(study, traits=replace(study.traits, site="elsewhere")))
        unit.commit()
    assert [each["id"] for each in found(there, "ServiceRequest")] == [KEYS[2]]
    assert there.get(f"/fhir/ServiceRequest/{KEYS[2]}").status == 200
    assert there.get(f"/fhir/ServiceRequest/{KEYS[0]}").status == 404


def test_every_look_is_audited_with_the_study_and_without_what_was_asked(world: World, doctor: Browser) -> None:
    before = len(list(world.services.database.audit_records()))
    doctor.get(f"/fhir/ServiceRequest/{KEYS[0]}")
    doctor.get("/fhir/ServiceRequest?patient.identifier=P-9")
    events = [each.event for each in list(world.services.database.audit_records())[before:]]
    looks = [(each.action, each.study_key is not None, dict(each.detail)["type"]) for each in events if each.action.startswith("fhir.")]  # fmt: skip
    assert looks == [("fhir.read", True, "ServiceRequest"), ("fhir.search", False, "ServiceRequest")]
    assert "P-9" not in repr(events)
