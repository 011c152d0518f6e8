"""A house that a hospital's FHIR server gives orders and requests for a read: both read by a poll, films come in by the door, a person signs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.journey.test_one_study import SECRET
from tests.order_world import OrderHouse
from wetread.domain.asked_task import AskedTask
from wetread.fhir.backend_services import NoCredentials
from wetread.fhir.bounded_http import BoundedHttp
from wetread.fhir.record_server import RecordServer
from wetread.fhir.request_poll import PollWays, RequestPoll
from wetread.orders.answering import Answering
from wetread.orders.asked_tasks import TaskDesk
from wetread.orders.read_requests import RequestDesk

__all__ = ["OWNER", "SYSTEM", "RequestHouse", "a_patient", "a_service_request", "a_task"]

OWNER = "urn:wetread:reader|wetread"
SYSTEM = "urn:oid:2.999.1"
IMAGING = {"category": "http://snomed.info/sct|363679005"}


class RequestHouse(OrderHouse):
    def __init__(self, folder: Path, url: str, **ways: Any) -> None:
        super().__init__(folder)
        requests = RequestDesk(self.database, self.clock)
        self.sweep = requests.sweep
        pipeline = replace(self.worker.pipeline, answering=Answering(self.database, requests))
        self.worker = replace(self.worker, pipeline=pipeline)
        self.tasks = TaskDesk(self.database, self.vault, self.store, requests, self.clock)
        server = RecordServer(BoundedHttp(), url.rstrip("/"), NoCredentials())
        given = {"owner": OWNER, "service_requests": IMAGING, "systems": {"HOSPITAL": SYSTEM}} | ways
        self.poll = RequestPoll(server, self.orders, self.tasks, PollWays(**given), SECRET)

    def open_tasks(self) -> tuple[AskedTask, ...]:
        with self.database.begin(write=False) as unit:
            return unit.open_tasks()

    def run(self) -> None:
        """What the worker and the poll do, one after the other, until nothing moves."""
        for _ in range(3):
            self.sweep()
            self.work()
        self.poll.run_once()


def a_patient(number: str = "PAT001", **changes: Any) -> dict[str, Any]:
    name = [{"family": "Doe", "given": ["Jane"]}]
    identifier = [{"system": SYSTEM, "value": number}]
    return {
        "resourceType": "Patient", "identifier": identifier, "name": name, "birthDate": "1970-01-02", "gender": "female",
    } | changes  # fmt: skip


def a_service_request(patient: str, accession: str = "ACC001", **changes: Any) -> dict[str, Any]:
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]}
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "identifier": [{"type": kind, "system": "urn:oid:2.999.2", "value": accession}],
        "category": [{"coding": [{"system": "http://snomed.info/sct", "code": "363679005"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "30745-4", "display": "XR Chest Views"}]},
        "subject": {"reference": patient},
        "priority": "stat",
        "reasonCode": [{"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "R05", "display": "Cough"}]}],
    } | changes


def a_task(request: str, **changes: Any) -> dict[str, Any]:
    system, _, value = OWNER.rpartition("|")
    return {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "focus": {"reference": request},
        "owner": {"identifier": {"system": system, "value": value}},
        "priority": "urgent",
        "note": [{"text": "kept as it is"}],
    } | changes
