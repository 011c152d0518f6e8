"""FHIR R4, handed in: orders and requests for a read, by accounts of systems that may place them. What comes again is known by its identifier."""

from collections.abc import Callable, Mapping
from typing import cast

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.role import Act
from wetread.ports.order_door import OrderDoor, Taken
from wetread.web.fhir_view import FORMAT, MEDIA_TYPE, asked_version, outcome_from, said
from wetread.web.operations import Call, Operation
from wetread.web.problems import Refusal

__all__ = ["FHIR_ASKING_OPERATIONS", "post_order", "post_task", "read_task"]


def post_order(call: Call) -> Response:
    return _taken(call, "ServiceRequest", _door(call).take_order)


def post_task(call: Call) -> Response:
    return _taken(call, "Task", _door(call).take_task)


def read_task(call: Call) -> Response:
    asked_version(call)
    found = _door(call).task(call.path["resource_id"], call.signed_in.actor.actor_id)
    if found is None:
        raise Refusal(404, "no_resource", "no such Task was handed in by you")
    return said(call, found)


def _door(call: Call) -> OrderDoor:
    door = call.house.services.order_door
    if door is None:
        raise Refusal(404, "not_served", "no orders are taken here: fhir_requests is not set")
    return door


def _taken(call: Call, kind: str, take: Callable[[Mapping[str, object], str], Taken]) -> Response:
    """201 with its place, 200 for one that is known (https://hl7.org/fhir/R4/http.html#create)."""
    if asked_version(call) != "4.0":
        raise Refusal(406, "version_not_served", "orders are taken in FHIR 4.0")
    sent = call.data
    if not isinstance(sent, dict) or sent.get("resourceType") != kind:
        raise Refusal(400, "wrong_type", f"send a {kind}")
    actor = call.signed_in.actor.actor_id
    try:
        taken = take(cast(Mapping[str, object], sent), actor)
    except PermanentError as error:
        call.house.audit(AuditEvent("fhir.refuse", actor, error.code, detail=(("type", kind),)))
        raise
    headers = {"Location": f"{call.origin}/fhir/{kind}/{taken.resource_id}", "Cache-Control": "no-store"}
    return Response(status_code=201 if taken.is_new else 200, headers=headers)


_TAKES = (MEDIA_TYPE, "application/json")

FHIR_ASKING_OPERATIONS: tuple[Operation, ...] = (
    Operation("POST", "/fhir/ServiceRequest", "fhir_order", "FHIR R4: hand in an order, or revoke it. Audited.", post_order, "nothing; Location names it", act=Act.PLACE_ORDER, takes=_TAKES, media_type=MEDIA_TYPE, status=201, refusal=outcome_from),
    Operation("POST", "/fhir/Task", "fhir_ask", "FHIR R4: ask for a read of an order's film, or withdraw it. Audited.", post_task, "nothing; Location names it", act=Act.PLACE_ORDER, takes=_TAKES, media_type=MEDIA_TYPE, status=201, refusal=outcome_from),
    Operation("GET", "/fhir/Task/{resource_id}", "fhir_task", "FHIR R4: a Task that you handed in, as it stands.", read_task, "Task", act=Act.PLACE_ORDER, query=(FORMAT,), media_type=MEDIA_TYPE, refusal=outcome_from),
)  # fmt: skip
