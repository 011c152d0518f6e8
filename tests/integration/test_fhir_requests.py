"""A hospital's FHIR server orders films and asks for reads: a real R4 endpoint, a real film, a signature; and servers that are away, lie, or point elsewhere."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile_record import FHIR, Asked, HostileServer, Reply, hostile_server, page
from neighbours.asking import ask_once
from neighbours.fhir_server import FhirServer, fhir_server
from neighbours.r4_definitions import binding_errors, schema_errors
from neighbours.wetread import Wetread
from tests.journey.test_one_study import DOCTOR, SECRET
from tests.order_world import a_film
from tests.request_house import OWNER, SYSTEM, RequestHouse, a_patient, a_service_request, a_task

from wetread.domain.asked_task import TaskStatus
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.finding import Code
from wetread.domain.identity_hold import HoldKind
from wetread.domain.order import OrderStatus
from wetread.domain.priority import Priority
from wetread.fhir.datatypes import report_identifier

PHI = ("Doe", "Jane", "PAT001", "PAT002", "ACC001", "19700102", "1970-01-02")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirServer]:
    with fhir_server(tmp_path_factory.mktemp("fhir")) as neighbour:
        yield neighbour


@pytest.fixture
def server(shared: FhirServer) -> FhirServer:
    """Empty of orders and tasks."""
    for kind in ("Task", "ServiceRequest", "Patient"):
        for each in shared.search(kind):
            ask_once("DELETE", f"{shared.url}{kind}/{each['id']}")
    return shared


@pytest.fixture
def house(server: FhirServer, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[RequestHouse]:
    caplog.set_level(logging.DEBUG, "wetread")
    home = RequestHouse(tmp_path, server.url)
    yield home
    said = caplog.text + repr([each.event for each in home.database.audit_records()])
    assert not [each for each in PHI if each in said]


def asked(server: FhirServer, **request: Any) -> str:
    """A patient, an order for them and a Task for us; the Task's place."""
    patient = server.create(a_patient())
    order = server.create(a_service_request(f"Patient/{patient}", **request))
    return f"Task/{server.create(a_task(f'ServiceRequest/{order}'))}"


def there(server: FhirServer, place: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ask_once("GET", f"{server.url}{place}").data)
    return found


def change(server: FhirServer, place: str, **changes: Any) -> None:
    body = there(server, place) | changes
    assert ask_once("PUT", f"{server.url}{place}", json=body).status == 200


def test_a_task_is_accepted_read_and_completed_by_the_signed_report(house: RequestHouse, server: FhirServer) -> None:
    place = asked(server)
    house.poll.run_once()
    assert there(server, place)["status"] == "accepted"
    (order,) = house.store.orders_of("ACC001")
    assert (order.priority, order.person.name, order.person.birth_date) == (Priority.STAT, "Doe^Jane", "19700102")
    assert order.indication.codes == (Code("R05", "I10", "Cough"),)
    key = house.receive(a_film())
    house.run()
    house.run()
    going = there(server, place)
    assert (going["status"], going["businessStatus"]["text"]) == (
        "in-progress",
        "read by AI, waiting for a radiologist's signature",
    )
    assert house.desk.look(DOCTOR, key).study.priority is Priority.STAT
    house.sign(key)
    house.run()
    done = there(server, place)
    assert (done["status"], done["note"]) == ("completed", [{"text": "kept as it is"}])
    (output,) = done["output"]
    assert output["valueReference"]["identifier"] == report_identifier(SECRET, key)
    assert schema_errors(done) == binding_errors(done) == []
    assert house.open_tasks() == ()


def test_an_order_alone_is_kept_changed_and_cancelled(house: RequestHouse, server: FhirServer) -> None:
    patient = server.create(a_patient())
    place = f"ServiceRequest/{server.create(a_service_request(f'Patient/{patient}', priority='routine'))}"
    house.poll.run_once()
    house.poll.run_once()
    change(server, place, priority="asap")
    house.poll.run_once()
    assert [each.priority for each in house.store.orders_of("ACC001")] == [Priority.ASAP]
    change(server, place, status="completed")
    house.poll.run_once()
    change(server, place, status="revoked")
    house.poll.run_once()
    assert [each.status for each in house.store.orders_of("ACC001")] == [OrderStatus.CANCELLED]
    actions = [each.event.action for each in house.database.audit_records() if each.event.action.startswith("fhir.")]
    assert actions == ["fhir.order", "fhir.order", "fhir.order_cancel"]


def test_what_was_read_before_is_not_read_again_by_a_new_process(
    house: RequestHouse, server: FhirServer, tmp_path: Path
) -> None:
    asked(server)
    house.poll.run_once()
    before = len(list(house.database.audit_records()))
    (tmp_path / "again").mkdir()
    again = RequestHouse(tmp_path / "again", server.url)
    again.poll.orders, again.poll.tasks = house.orders, house.tasks
    again.poll.run_once()
    assert len(list(house.database.audit_records())) == before
    with house.database.begin(write=False) as unit:
        assert len(house.open_tasks()) == 1
        assert unit.open_requests() == ()


def test_a_film_of_another_patient_is_never_the_answer(house: RequestHouse, server: FhirServer) -> None:
    place = asked(server)
    house.poll.run_once()
    key = house.receive(a_film(PatientID="PAT002", PatientName="Roe^Mary", PatientBirthDate="19500505"))
    house.poll.run_once()
    assert there(server, place)["status"] == "accepted"
    assert house.kinds(key) == [HoldKind.PATIENT_MISMATCH]
    house.run()
    failed = there(server, place)
    assert (failed["status"], "no film" in failed["statusReason"]["text"]) == ("failed", True)


def test_a_task_that_its_asker_cancels_is_withdrawn(house: RequestHouse, server: FhirServer) -> None:
    place = asked(server)
    house.poll.run_once()
    house.receive(a_film())
    house.poll.run_once()
    change(server, place, status="cancelled")
    house.run()
    assert there(server, place)["status"] == "cancelled"
    assert house.open_tasks() == ()


def test_a_revoked_order_cancels_its_task(house: RequestHouse, server: FhirServer) -> None:
    place = asked(server)
    house.poll.run_once()
    change(server, str(there(server, place)["focus"]["reference"]), status="revoked")
    house.poll.run_once()
    assert there(server, place)["status"] == "cancelled"


def test_a_task_that_somebody_else_ended_is_left_as_it_is(house: RequestHouse, server: FhirServer) -> None:
    place = asked(server)
    house.poll.run_once()
    key = house.receive(a_film())
    house.run()
    change(server, place, status="completed", output=[{"type": {"text": "other"}, "valueString": "by hand"}])
    house.sign(key)
    house.run()
    assert there(server, place)["output"] == [{"type": {"text": "other"}, "valueString": "by hand"}]
    assert house.open_tasks() == ()


def test_tasks_of_others_are_not_ours(house: RequestHouse, server: FhirServer) -> None:
    place = asked(server)
    change(server, place, owner={"identifier": {"system": "urn:wetread:reader", "value": "somebody"}})
    house.poll.run_once()
    assert (there(server, place)["status"], house.open_tasks()) == ("requested", ())


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"identifier": [{"system": "urn:oid:2.999.2", "value": "ACC001"}]}, "no_accession"),
        ({"subject": {"reference": "https://elsewhere.example/fhir/Patient/1"}}, "stray_reference"),
        ({"subject": {"reference": "Patient/../Practitioner/1"}}, "stray_reference"),
        ({"subject": {"display": "Mrs Doe"}}, "unknown_patient_system"),
        ({"status": "draft"}, "not_an_order"),
    ],
)
def test_an_order_that_cannot_be_one_is_refused_and_its_task_fails(
    house: RequestHouse, server: FhirServer, request_: dict[str, Any], code: str
) -> None:
    place = asked(server, **request_)
    house.poll.run_once()
    assert house.store.orders_of("ACC001") == ()
    assert there(server, place)["status"] == "failed"
    assert code in {each.event.outcome for each in house.database.audit_records()}


def test_the_command_takes_what_is_asked_for(server: FhirServer, tmp_path: Path) -> None:
    place = asked(server)
    settings = {
        "RECORD_FHIR_URL": server.url,
        "RECORD_PATIENT_SYSTEMS": json.dumps({"HOSPITAL": SYSTEM}),
        "FHIR_REQUESTS": json.dumps({"owner": OWNER}),
    }
    done = Wetread(tmp_path, settings).run("requests", "--once")
    assert (done.returncode, there(server, place)["status"]) == (0, "accepted"), done.stderr


# servers that are away or lie


@pytest.fixture
def liar() -> Iterator[HostileServer]:
    with hostile_server() as running:
        yield running


def with_a_task(liar: HostileServer, put: Callable[[Asked], Reply | None]) -> dict[str, Any]:
    """Routes with one patient, order and task; a PUT is answered by `put`. The Task as it stands."""
    meta = {"versionId": "7", "lastUpdated": "2026-11-29T12:00:00Z"}
    task = a_task("ServiceRequest/1") | {"id": "1", "meta": meta}
    order = a_service_request("Patient/1") | {"id": "1", "meta": meta}

    def one(resource: dict[str, Any], asked: Asked) -> Reply | None:
        if asked.method == "PUT":
            return put(asked)
        return page(resource) if "?" in asked.path else (200, FHIR, json.dumps(resource).encode())

    liar.routes["Patient"] = lambda asked: one(a_patient() | {"id": "1"}, asked)
    liar.routes["ServiceRequest"] = lambda asked: one(order, asked)
    liar.routes["Task"] = lambda asked: one(task, asked)
    return task


OUTCOME = json.dumps(
    {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing"}]}
).encode()


@pytest.mark.parametrize("status", [200, 409, 412])
def test_a_change_that_was_not_made_is_tried_again(liar: HostileServer, tmp_path: Path, status: int) -> None:
    """200 with an OperationOutcome, and the Task as it was: the server lies."""
    task = with_a_task(liar, lambda _: (status, FHIR, OUTCOME))
    house = RequestHouse(tmp_path, liar.url)
    house.poll.run_once()
    assert [each.told for each in house.open_tasks()] == [TaskStatus.REQUESTED]
    put = next(each for each in liar.asked if each.method == "PUT")
    assert put.headers["If-Match"] == 'W/"7"'

    def take(asked: Asked) -> Reply:
        task.update(json.loads(asked.body))
        return 200, FHIR, asked.body.encode()

    with_a_task(liar, take)
    liar.routes["Task"] = lambda asked: take(asked) if asked.method == "PUT" else (200, FHIR, json.dumps(task).encode()) if "?" not in asked.path else page(task)  # fmt: skip
    house.poll.run_once()
    assert [each.told for each in house.open_tasks()] == [TaskStatus.ACCEPTED]


def test_a_change_that_the_server_will_never_take_is_given_up_and_said(
    liar: HostileServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with_a_task(liar, lambda _: (422, FHIR, OUTCOME))
    house = RequestHouse(tmp_path, liar.url)
    house.poll.run_once()
    assert [each.told for each in house.open_tasks()] == [TaskStatus.ACCEPTED]
    assert "fhir_task_not_told" in caplog.text
    assert "record_unwilling" in {each.event.outcome for each in house.database.audit_records()}


def half(asked: Asked) -> None:
    asked.handler.wfile.write(
        b'HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 5000\r\n\r\n{"resou'
    )


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda _: (503, FHIR, b""), TransientError),
        (half, TransientError),
        (lambda _: (401, FHIR, b""), PermanentError),
        (lambda _: (302, {"Location": "http://169.254.169.254/"}, b""), PermanentError),
        (lambda _: (200, FHIR, OUTCOME), PermanentError),
        (lambda _: (200, {"Content-Type": "text/html"}, b"<html>"), PermanentError),
        (lambda _: (200, FHIR, b"[" * 100_000), PermanentError),
        (
            lambda _: (200, FHIR, b'{"resourceType":"Bundle","resourceType":"Bundle","type":"searchset"}'),
            PermanentError,
        ),
        (lambda _: page(following="http://169.254.169.254/latest"), PermanentError),
    ],
)
def test_a_server_that_cannot_be_used_stops_the_run_and_the_cursor_stays(
    liar: HostileServer, tmp_path: Path, answer: Callable[[Asked], Reply | None], error: type[Exception]
) -> None:
    liar.routes["ServiceRequest"] = answer
    house = RequestHouse(tmp_path, liar.url)
    with pytest.raises(error) as said:
        house.poll.run_once()
    assert "169.254" not in str(said.value)
    liar.asked.clear()
    with_a_task(liar, lambda _: (503, FHIR, b""))
    with pytest.raises(TransientError):
        house.poll.run_once()
    assert len(house.store.orders_of("ACC001")) == 1


def test_a_time_to_come_does_not_hide_what_comes_before_it(liar: HostileServer, tmp_path: Path) -> None:
    with_a_task(liar, lambda _: (503, FHIR, b""))
    ahead = a_service_request("Patient/1", "ACC777") | {"id": "9", "meta": {"lastUpdated": "2999-01-01T00:00:00Z"}}
    liar.routes["ServiceRequest"] = lambda _: page(ahead)
    house = RequestHouse(tmp_path, liar.url, owner="")
    house.poll.run_once()
    liar.asked.clear()
    house.poll.run_once()
    (again,) = (each for each in liar.asked if each.path.startswith("/ServiceRequest"))
    assert "2999" not in again.path
