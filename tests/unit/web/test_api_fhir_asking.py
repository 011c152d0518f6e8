"""FHIR, handed in: orders and requests for a read by a system's account; what is none is refused, and a repeat changes nothing."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from builders_web import SECRET, Browser, World, a_world, open_door
from neighbours.r4_definitions import binding_errors, schema_errors
from tests.request_house import SYSTEM, a_patient, a_service_request, a_task
from tests.unit.web.test_api_fhir import sign

from wetread.domain.order import OrderStatus
from wetread.domain.priority import Priority
from wetread.domain.role import Role
from wetread.fhir.order_door import FhirOrderDoor
from wetread.orders.asked_tasks import TaskDesk
from wetread.orders.desk import OrderDesk
from wetread.orders.read_requests import RequestDesk
from wetread.testing.builders import a_draft, an_analysis

FHIR = {"Content-Type": "application/fhir+json"}
NAMED = [{"system": "urn:oid:2.999.3", "value": "T1"}]


@pytest.fixture
def world() -> World:
    return a_world_that_takes_orders()


@pytest.fixture(scope="module")
def steady() -> Iterator[tuple[World, Browser]]:
    """Shared by those that leave nothing behind, with the account of a system at its door."""
    world = a_world_that_takes_orders()
    with open_door(world) as door:
        yield world, door.as_("ris")


def a_world_that_takes_orders() -> World:
    world = a_world()
    services = world.services
    store = services.order_store
    assert store is not None
    orders = OrderDesk(services.database, services.vault, store, world.clock, SECRET)
    requests = RequestDesk(services.database, world.clock)
    tasks = TaskDesk(services.database, services.vault, store, requests, world.clock)
    world.services = replace(services, order_door=FhirOrderDoor(orders, tasks, {"HOSPITAL": SYSTEM}, SECRET))
    world.add_account("ris", Role.WORKFLOW)
    return world


@pytest.fixture
def ris(door: Browser) -> Browser:
    return door.as_("ris")


def order(accession: str = "A1", number: str = "P-D", **changes: Any) -> dict[str, Any]:
    whole = a_service_request("#p", accession, contained=[a_patient(number) | {"id": "p"}])
    return whole | changes


def hand_in(browser: Browser, resource: object, kind: str = "") -> tuple[int, str]:
    """The status, and the id that it got, or the code of the refusal."""
    raw = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
    path = f"/fhir/{kind or resource['resourceType']}"  # type: ignore[index]
    answer = browser.send("POST", path, headers=FHIR, raw=raw)
    if answer.status in (200, 201):
        return answer.status, answer.headers["location"].rpartition("/")[2]
    return answer.status, answer.json()["issue"][0]["details"]["text"]  # type: ignore[index]


def test_an_order_is_kept_once_changed_revoked_and_placed_again(world: World, ris: Browser) -> None:
    store = world.services.order_store
    assert store is not None
    status, key = hand_in(ris, order())
    assert status == 201
    assert hand_in(ris, order()) == (200, key)
    (kept,) = store.orders_of("A1")
    assert (kept.priority, kept.person.number.patient_id, kept.person.name) == (Priority.STAT, "P-D", "Doe^Jane")
    for change, expected in (
        ({"priority": "asap"}, (Priority.ASAP, OrderStatus.ACTIVE)),
        ({"status": "revoked"}, (Priority.ASAP, OrderStatus.CANCELLED)),
        ({"priority": "asap"}, (Priority.ASAP, OrderStatus.ACTIVE)),
    ):
        world.clock.advance(60)
        assert hand_in(ris, order(**change)) == (200, key)
        (kept,) = store.orders_of("A1")
        assert (kept.priority, kept.status) == expected
    actions = [each.event for each in world.services.database.audit_records() if each.event.action.startswith("fhir.")]
    assert [(each.action, each.actor_id) for each in actions] == [
        ("fhir.order", "ris"),
        ("fhir.order", "ris"),
        ("fhir.order_cancel", "ris"),
        ("fhir.order", "ris"),
    ]
    assert "P-D" not in repr(actions)


def test_a_task_is_followed_to_the_signed_report(world: World, door: Browser, ris: Browser) -> None:
    _, ordered = hand_in(ris, order(accession="A1"))
    status, task = hand_in(ris, a_task(f"ServiceRequest/{ordered}", identifier=NAMED))
    assert status == 201
    assert hand_in(ris, a_task(f"ServiceRequest/{ordered}", identifier=NAMED)) == (200, task)
    assert ris.get(f"/fhir/Task/{task}").json()["status"] == "accepted"
    key = world.add_study(analysis=an_analysis(), draft=a_draft(), patient_id="P-D")
    assert ris.get(f"/fhir/Task/{task}").json()["status"] == "accepted"
    with world.services.database.begin(write=False) as unit:
        assert [each.request_key for each in unit.open_requests()] == [task]
        assert unit.study(key).priority is Priority.STAT
    sign(door.as_("radiologist"), key)
    done: Any = ris.get(f"/fhir/Task/{task}").json()
    assert done["status"] == "completed"
    assert done["output"][0]["valueReference"]["reference"] == f"DiagnosticReport/{key}"
    assert schema_errors(done) == binding_errors(done) == []
    assert done["priority"] == "stat"


def test_a_task_that_is_cancelled_is_withdrawn(ris: Browser) -> None:
    _, ordered = hand_in(ris, order())
    _, task = hand_in(ris, a_task(f"ServiceRequest/{ordered}", identifier=NAMED))
    assert hand_in(ris, a_task(f"ServiceRequest/{ordered}", identifier=NAMED, status="cancelled")) == (200, task)
    assert ris.get(f"/fhir/Task/{task}").json()["status"] == "cancelled"


def test_what_one_account_handed_in_another_neither_sees_nor_changes(world: World, door: Browser, ris: Browser) -> None:
    world.add_account("other", Role.WORKFLOW)
    other = door.as_("other")
    _, ordered = hand_in(ris, order())
    _, task = hand_in(ris, a_task(f"ServiceRequest/{ordered}", identifier=NAMED))
    assert other.get(f"/fhir/Task/{task}").status == 404
    _, theirs = hand_in(other, order(status="revoked"))
    assert theirs != ordered
    assert ris.get(f"/fhir/Task/{task}").json()["status"] == "accepted"


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        (order(identifier=[]), "no_identifier"),
        (order(subject={"reference": "Patient/1"}), "stray_reference"),
        (order(subject={"reference": "http://169.254.169.254/Patient/1"}), "stray_reference"),
        (order(subject={"identifier": {"system": "urn:other", "value": "1"}}), "unknown_patient_system"),
        (order(contained=[{"resourceType": "Group", "id": "p"}]), "stray_reference"),
        (order(status="draft"), "not_an_order"),
        (order(identifier=NAMED), "no_accession"),
        (a_task("ServiceRequest/unknown", identifier=NAMED), "no_order"),
        (a_task("http://elsewhere.example/ServiceRequest/1", identifier=NAMED), "no_order"),
        (a_task("Patient/1", identifier=NAMED), "no_order"),
        (a_task("ServiceRequest/1"), "no_identifier"),
    ],
)
def test_what_is_no_order_is_refused_and_audited(
    steady: tuple[World, Browser], resource: dict[str, Any], code: str
) -> None:
    world, ris = steady
    assert hand_in(ris, resource) == (422, code)
    refused = [each.event for each in world.services.database.audit_records() if each.event.action == "fhir.refuse"]
    assert (refused[-1].actor_id, refused[-1].outcome) == ("ris", code)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"[" * 100 + b"]" * 100, 400),
        (b'{"resourceType": "ServiceRequest", "resourceType": "ServiceRequest"}', 400),
        (b'{"resourceType": "ServiceRequest", "x": NaN}', 400),
        (b'{"resourceType": "Patient"}', 400),
        (b"[]", 400),
        (b"\xff", 400),
        (b'{"resourceType": "ServiceRequest", "note": "' + b"x" * 300_000 + b'"}', 413),
    ],
)
def test_a_body_that_is_an_attack_is_refused(steady: tuple[World, Browser], raw: bytes, status: int) -> None:
    assert hand_in(steady[1], raw, "ServiceRequest")[0] == status


def test_xml_and_other_versions_are_not_taken(steady: tuple[World, Browser]) -> None:
    ris = steady[1]
    raw = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><ServiceRequest/>'
    xml = ris.send("POST", "/fhir/ServiceRequest", headers={"Content-Type": "application/fhir+xml"}, raw=raw)
    assert xml.status == 415
    r5 = {**FHIR, "Accept": "application/fhir+json; fhirVersion=5.0"}
    assert ris.send("POST", "/fhir/ServiceRequest", headers=r5, raw=json.dumps(order()).encode()).status == 406


def test_the_capability_statement_says_that_orders_are_taken(door: Browser) -> None:
    statement: Any = door.get("/fhir/metadata").json()
    found = {each["type"]: [code["code"] for code in each["interaction"]] for each in statement["rest"][0]["resource"]}
    assert (found["ServiceRequest"], found["Task"]) == (["read", "search-type", "create"], ["create", "read"])
    assert schema_errors(statement) == []


def test_a_door_that_is_not_open_says_so(world: World) -> None:
    world.services = replace(world.services, order_door=None)
    with open_door(world) as door:
        assert hand_in(door.as_("ris"), order()) == (404, "not_served")
