"""A record of the audit log as a FHIR R4 AuditEvent, in the profile of IHE's Basic Audit Log Patterns (BALP 1.1) where there is one for it; its place in the chain and its hash go with it.

What people and machines did to the records of patients is a Create, Read, Update, Delete or Query; with `Patient` in the profile's name where the record names a study. What went wrong, and
what was done to the service itself, has no profile of BALP: it bears DICOM's event code (https://hl7.org/fhir/R4/auditevent.html).
"""

from wetread.domain.audit import AuditRecord
from wetread.domain.audit_kind import APPLICATION, DESTINATION, SOURCE, AuditKind, Code, Deed, asked, audit_kind
from wetread.domain.study import PatientIdentity
from wetread.fhir.datatypes import Json, clean, identifier, instant, patient_number, present

__all__ = ["ACTION_SYSTEM", "audit_event", "balp_profile"]

ACTION_SYSTEM = "urn:wetread:audit-action"
_RECORD = {"system": "urn:wetread:audit-entity", "code": "record", "display": "Audit record"}
_PROFILE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_TERMS = "http://terminology.hl7.org/CodeSystem/"
_NAMES: dict[Deed, str] = {"C": "Create", "R": "Read", "U": "Update", "D": "Delete"}
_REST = {"Create": "create", "Read": "read", "Update": "update", "Delete": "delete", "Query": "search-type"}
_UNKNOWN_PLACE: Json = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
}
_IP_ADDRESS = "2"
"""http://hl7.org/fhir/network-type"""


def audit_event(record: AuditRecord, patient: PatientIdentity | None = None) -> Json:
    """`patient` only for a repository that may know who patients are; without it the patient is known by the study's key."""
    event, kind = record.event, audit_kind(record.event)
    profile, when, succeeded = balp_profile(record), instant(record.recorded_at), event.outcome == "success"
    act = {"system": ACTION_SYSTEM, "code": event.action}
    what = [_coding(_DCM, kind.what)] if kind.what else []
    name = profile.removeprefix("Patient")
    rest = {"system": "http://hl7.org/fhir/restful-interaction", "code": _REST.get(name, "")}
    return present(
        resourceType="AuditEvent",
        id=str(record.sequence),
        meta=present(versionId="1", lastUpdated=when, profile=[_PROFILE + profile] if profile else []),
        type=_coding(_TERMS + "audit-event-type", ("rest", "Restful Operation")) if profile else _coding(_DCM, kind.event),
        subtype=[rest] if name == "Delete" else [*([rest] if profile else []), act, *what],
        action=kind.deed,
        recorded=when,
        outcome="0" if succeeded else "4",
        outcomeDesc="" if succeeded else clean(event.outcome),
        agent=[_requestor(record, name), *(_machines(name, _place(event.address)) if profile else [])],
        source={"observer": {"display": "wetread"}},
        entity=[*_entities(record, kind, profile, patient), _facts(record)],
    )  # fmt: skip


def balp_profile(record: AuditRecord) -> str:
    """The name of the profile, as `PatientRead`; "" where BALP has none: its profiles are of what succeeded."""
    kind = audit_kind(record.event)
    if not kind.is_of_records or record.event.outcome != "success":
        return ""
    name = "Query" if kind.is_query else _NAMES.get(kind.deed, "")
    return f"Patient{name}" if name and record.event.study_key else name


def _requestor(record: AuditRecord, name: str) -> Json:
    """Whoever acted: who gets to know something (IRCP), or whose doing it is (AUT)."""
    code = ("IRCP", "information recipient") if name in ("Read", "Query", "") else ("AUT", "author (originator)")
    who = {"identifier": identifier("urn:wetread:account", record.event.actor_id)}
    kind = {"coding": [_coding(_TERMS + "v3-ParticipationType", code)]}
    place = None if name else _place(record.event.address)  # in the profiles machines have places, people have none
    return present(type=kind, who=who, requestor=True, network=place)


def _place(address: str) -> Json | None:
    return {"address": address, "type": _IP_ADDRESS} if address else None


def _machines(name: str, place: Json | None) -> list[Json]:
    """The client that asked and the server that did it, in the roles of the profile."""
    if name == "Delete":
        client = _coding(_DCM, APPLICATION)
        server = _coding(_TERMS + "provenance-participant-type", ("custodian", "Custodian"))
    else:
        roles = (DESTINATION, SOURCE) if name == "Read" else (SOURCE, DESTINATION)
        client, server = (_coding(_DCM, each) for each in roles)
    return [_machine(client, "client of wetread", place), _machine(server, "wetread", None)]


def _machine(role: Json, who: str, place: Json | None) -> Json:
    return {"type": {"coding": [role]}, "who": {"display": who}, "requestor": False, "network": place or _UNKNOWN_PLACE}


def _entities(record: AuditRecord, kind: AuditKind, profile: str, patient: PatientIdentity | None) -> list[Json]:
    """What it was about."""
    key = record.event.study_key
    found: list[Json] = []
    system_object = _coding(_TERMS + "audit-entity-type", ("2", "System Object"))
    if kind.is_query:
        role = _coding(_TERMS + "object-role", ("24", "Query"))
        found.append({"type": system_object, "role": role, "query": asked(record.event)})
    elif key or profile:
        what = {"reference": f"ImagingStudy/{key}"} if key else {"display": record.event.action}
        role = _coding(_TERMS + "object-role", ("4", "Domain Resource"))
        found.append({"what": what, "type": system_object, "role": role})
    if key:
        person = _coding(_TERMS + "audit-entity-type", ("1", "Person"))
        role = _coding(_TERMS + "object-role", ("1", "Patient"))
        found.append({"what": _patient(key, patient), "type": person, "role": role})
    return found


def _patient(study_key: str, patient: PatientIdentity | None) -> Json:
    number = patient and patient_number(patient.patient_id, patient.issuer_of_patient_id, "urn:wetread:mrn")
    return {"type": "Patient", **({"identifier": number} if number else {"reference": f"Patient/{study_key}"})}


def _facts(record: AuditRecord) -> Json:
    facts = [("action", record.event.action), *record.event.detail, ("hash", record.hash)]
    number = identifier("urn:wetread:audit-record", str(record.sequence))
    detail = [{"type": clean(name), "valueString": clean(value)} for name, value in facts if value.strip()]
    return {"what": {"identifier": number}, "type": _RECORD, "detail": detail}


def _coding(system: str, code: Code) -> Json:
    return {"system": system, "code": code[0], "display": code[1]}
