"""A record of the audit log as a FHIR R4 AuditEvent (https://hl7.org/fhir/R4/auditevent.html), without identity as the log itself; its place in the chain and its hash go with it."""

from wetread.domain.audit import AuditRecord
from wetread.fhir.datatypes import Json, identifier, instant, present

__all__ = ["ACTION_SYSTEM", "audit_event"]

ACTION_SYSTEM = "urn:wetread:audit-action"
_READING = ("read", "search", "look", "compare", "query", "export", "list")


def audit_event(record: AuditRecord) -> Json:
    event = record.event
    when = instant(record.recorded_at)
    facts = [*event.detail, ("hash", record.hash)]
    study = {"reference": f"ImagingStudy/{event.study_key}"} if event.study_key else None
    return present(
        resourceType="AuditEvent",
        id=str(record.sequence),
        meta={"versionId": "1", "lastUpdated": when},
        type={"system": ACTION_SYSTEM, "code": event.action},
        action="R" if event.action.rpartition(".")[2] in _READING else "E",
        recorded=when,
        outcome="0" if event.outcome == "success" else "4",
        outcomeDesc="" if event.outcome == "success" else event.outcome,
        agent=[{"who": {"identifier": identifier("urn:wetread:account", event.actor_id)}, "requestor": True}],
        source={"observer": {"display": "wetread"}},
        entity=[present(what=study, detail=[{"type": name, "valueString": value} for name, value in facts if value])],
    )
