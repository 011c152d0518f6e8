"""The audit log as FHIR AuditEvents, for those who may read all of it; reading it is audited, too (https://hl7.org/fhir/R4/auditevent.html)."""

from dataclasses import replace
from datetime import datetime

from starlette.responses import Response

from wetread.domain.audit import AuditEvent, AuditQuery, AuditRecord
from wetread.domain.role import Act
from wetread.governance.audit_look import look
from wetread.ports.issued import Resource
from wetread.web.fhir_search import AUDIT_SEARCH
from wetread.web.fhir_view import FORMAT, MEDIA_TYPE, asked_version, outcome_from, said, searchset
from wetread.web.operations import Call, Operation, Query
from wetread.web.problems import Refusal

__all__ = ["FHIR_AUDIT_OPERATIONS", "read_audit_event", "search_audit_events"]

_CONTROL = frozenset({"_count", "_format", "page"})


def read_audit_event(call: Call) -> Response:
    asked_version(call)
    number = call.path["number"]
    gone = Refusal(404, "no_resource", "no such record")
    if not (number.isascii() and number.isdigit() and 0 < len(number) < 16):
        raise gone
    found = call.house.services.database.search_audit(AuditQuery(before=int(number) + 1, limit=1))
    if not found or found[0].sequence != int(number):
        raise gone
    resource = _resource(call, found[0])
    call.house.audit(AuditEvent("fhir.read", call.signed_in.actor.actor_id, detail=(("type", "AuditEvent"),)))
    return said(call, resource)


def search_audit_events(call: Call) -> Response:
    """Newest first. A page may be empty and have another after it, as a look ends."""
    asked_version(call)
    query = _query(call)
    looked_at = look(call.house.services.database, query)
    found = [
        each for each in looked_at.records if query.action in ("", each.event.action)
    ]  # the log knows acts by how they begin
    facts = (("type", "AuditEvent"), ("records", str(len(found))))
    call.house.audit(AuditEvent("fhir.search", call.signed_in.actor.actor_id, detail=facts))
    next_page = str(looked_at.before or "")
    return said(call, searchset(call, "AuditEvent", [_resource(call, each) for each in found], next_page))


def _resource(call: Call, record: AuditRecord) -> Resource:
    forms = call.house.services.fhir
    if forms is None:
        raise Refusal(404, "not_served", "FHIR is not served here")
    return forms.of_audit(record)


def _query(call: Call) -> AuditQuery:
    """Each parameter once, but `date`: a ge and an lt. Raises Refusal: what is not served would give more than was asked for."""
    once = [name for name, _ in call.query if name != "date"]
    known = AUDIT_SEARCH.keys() | _CONTROL
    if set(once) - known or len(once) != len(set(once)):
        raise Refusal(400, "query_misfit", f"search by {', '.join(sorted(known))}, once each, without modifiers")
    given = dict(call.query)
    if "," in "".join(given.get(name, "") for name in AUDIT_SEARCH):
        raise Refusal(400, "query_misfit", "one value each")
    query = AuditQuery(
        given.get("agent.identifier", "").rpartition("|")[2],
        given.get("subtype", "").rpartition("|")[2],
        given.get("entity", "").removeprefix("ImagingStudy/"),
        before=call.asked_number("page", 1, 2**53) if "page" in given else None,
        limit=call.asked_number("_count", 20, 100),
    )
    for each in (value for name, value in call.query if name == "date"):
        query = _dated(query, each)
    return query


def _dated(query: AuditQuery, value: str) -> AuditQuery:
    """ge and lt of an instant with its zone."""
    try:
        moment = datetime.fromisoformat(value[2:].replace(" ", "+"))  # a bare plus in a query is a space
    except ValueError:
        moment = None
    name = {"ge": "since", "lt": "until"}.get(value[:2], "")
    if moment is None or moment.tzinfo is None or not name or getattr(query, name) is not None:
        raise Refusal(400, "query_misfit", "date is ge or lt with a time and its zone, as ge2026-03-02T08:00:00Z")
    return replace(query, since=moment) if name == "since" else replace(query, until=moment)


_SEARCH = (
    Query("date", "ge or lt and a time with its zone; both may be given"),
    Query("agent.identifier", "the account that acted"),
    Query("entity", "ImagingStudy and its id: what it was about"),
    Query("subtype", "the act"),
    Query("_count", "at most this many, up to 100"),
    Query("page", "from a link of another page"),
    FORMAT,
)

FHIR_AUDIT_OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/fhir/AuditEvent", "fhir_audit_search", "FHIR R4: the audit log, newest first. Audited.", search_audit_events, "Bundle, searchset", slow=True, act=Act.READ_AUDIT, query=_SEARCH, media_type=MEDIA_TYPE, refusal=outcome_from),
    Operation("GET", "/fhir/AuditEvent/{number}", "fhir_audit_read", "FHIR R4: one record of the audit log. Audited.", read_audit_event, "AuditEvent", act=Act.READ_AUDIT, query=(FORMAT,), media_type=MEDIA_TYPE, refusal=outcome_from),
)  # fmt: skip
