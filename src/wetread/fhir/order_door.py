"""FHIR R4 orders and requests for a read that are handed to us (`ports.order_door`). A patient is contained in the order or named by number: no reference is followed anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from wetread.domain.asked_task import AskedTask, TaskStatus
from wetread.domain.identifiers import source_id
from wetread.domain.read_request import WAIT_FOR_INPUT
from wetread.fhir.datatypes import Json, identifier, instant, present
from wetread.fhir.orders_read import (
    WANTED,
    WITHDRAWN,
    ResourceRefused,
    digest_of,
    order_key,
    order_of,
    order_reference,
    priority_of,
    status_of,
)
from wetread.fhir.record_values import objects, text_of
from wetread.fhir.task_status import report_output, why_of
from wetread.orders.asked_tasks import TaskDesk
from wetread.orders.desk import OrderDesk, Said, placed_or_cancelled
from wetread.ports.issued import Resource
from wetread.ports.order_door import Taken

__all__ = ["FhirOrderDoor"]


@dataclass(frozen=True, slots=True)
class FhirOrderDoor:
    """`systems` gives the identifier system of an IssuerOfPatientID. What an account hands in is its own: another's identifiers never meet them."""

    orders: OrderDesk
    tasks: TaskDesk
    systems: Mapping[str, str]
    secret: bytes

    def take_order(self, resource: Mapping[str, object], by: str) -> Taken:
        sent = dict(resource)
        key = order_key("door", by, *_named(sent))
        order = order_of(sent, key, self.systems, lambda where: _contained(sent, where), self.orders.clock.now())
        known = self.orders.store.order(key)
        if known and replace(known, said_at=order.said_at) == order:
            return Taken(key, False)
        control = f"{key}/{order.said_at.isoformat()}"  # what was said before may be said again: revoked, and active after all
        self.orders.take(Said(f"fhir:{by}", by, control, digest_of(sent), placed_or_cancelled(order), by="fhir"))
        return Taken(key, known is None)

    def take_task(self, resource: Mapping[str, object], by: str) -> Taken:
        sent = dict(resource)
        key = source_id(self.secret, "fhir_task", "door", by, *_named(sent))
        where = order_reference(sent).removeprefix("ServiceRequest/")
        order = self.orders.store.order(where)
        if order is None:
            raise ResourceRefused("hand in the ServiceRequest first and name it by the id that it got", "no_order")
        if status_of(sent) in WITHDRAWN:
            self.tasks.withdraw(key, by)
            return Taken(key, False)
        if status_of(sent) not in WANTED:
            raise ResourceRefused("a Task that asks for a read is requested", "not_asked_for")
        now, asked = self.orders.clock.now(), max(priority_of(sent), order.priority, key=lambda each: each.rank)
        task = AskedTask(key, "", where, asked, by, now, now + WAIT_FOR_INPUT)
        return Taken(key, self.tasks.ask(task) is task)

    def task(self, task_id: str, by: str) -> Resource | None:
        found = self.tasks.look(task_id)
        if found is None or found.place or found.asked_by != by:
            return None
        done = found.status is TaskStatus.COMPLETED
        place = f"DiagnosticReport/{found.study_key}"
        return present(
            resourceType="Task",
            id=task_id,
            status=found.status.value,
            **why_of(found),
            intent="order",
            priority=found.priority.value,
            focus={"reference": f"ServiceRequest/{found.order_key}"},
            authoredOn=instant(found.asked_at),
            requester={"type": "Device", "identifier": identifier("urn:wetread:account", by)},
            output=[report_output(self.secret, found, place)] if done else [],
        )


def _named(resource: Json) -> tuple[str, str]:
    """System and value of the first identifier that has both: what makes a repeat a repeat. Raises ResourceRefused."""
    for each in objects(resource.get("identifier")):
        named = text_of(each.get("system"), 200), text_of(each.get("value"), 64)
        if all(named):
            return named
    raise ResourceRefused("the resource needs an identifier with system and value", "no_identifier")


def _contained(resource: Json, where: str) -> Json:
    for each in objects(resource.get("contained")):
        if where == f"#{text_of(each.get('id'), 64)}" and each.get("resourceType") == "Patient":
            return each
    raise ResourceRefused("contain the patient in the order, or name them by their number", "stray_reference")
