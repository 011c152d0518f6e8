"""A record of the audit log as a DICOM audit message (PS3.15 A.5.1, the schema of which fixes the order of what is in it).

Facts are attributes of an object of its own, the record, encoded in base64 as A.5.1 has every value that may hold anything.
"""

import re
from base64 import b64encode
from xml.etree.ElementTree import Element, SubElement, tostring  # what is written here; nothing is parsed

from wetread.domain.audit import AuditRecord
from wetread.domain.audit_kind import APPLICATION, DESTINATION, SOURCE, AuditKind, Code, asked, audit_kind
from wetread.ports.vault import VaultStudy

__all__ = ["dicom_audit_message"]

_OWN = "99WETREAD"
_STUDY_UID, _PATIENT_NUMBER, _QUERIED = (
    ("110180", "Study Instance UID"),
    ("2", "Patient Number"),
    ("query", "What was searched by"),
)
_APPLICATION_SERVER = "4"
_IP_ADDRESS = "2"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def dicom_audit_message(record: AuditRecord, source_id: str, site: str, known: VaultStudy | None = None) -> str:
    """One line of XML, without a declaration. `source_id` is who keeps the log (our AE title); `known` only for a repository that may know who patients are."""
    event, kind = record.event, audit_kind(record.event)
    message = Element("AuditMessage")
    outcome = "0" if event.outcome == "success" else "4"
    about = SubElement(
        message,
        "EventIdentification",
        EventActionCode=kind.deed,
        EventDateTime=record.recorded_at.isoformat(),
        EventOutcomeIndicator=outcome,
    )
    _code(about, "EventID", kind.event)
    if kind.what:
        _code(about, "EventTypeCode", kind.what)
    _code(about, "EventTypeCode", (event.action, event.action), _OWN)
    if outcome != "0":
        SubElement(about, "EventOutcomeDescription").text = _xml(event.outcome)
    _participants(message, record, kind, source_id)
    source = SubElement(
        message, "AuditSourceIdentification", AuditSourceID=_xml(source_id), AuditEnterpriseSiteID=_xml(site)
    )
    SubElement(source, "AuditSourceTypeCode", {"csd-code": _APPLICATION_SERVER})
    _objects(message, record, kind, known)
    return tostring(message, encoding="unicode")  # fmt: skip


def _participants(message: Element, record: AuditRecord, kind: AuditKind, source_id: str) -> None:
    """Who acted, and we. Where images moved, it is said from where to where."""
    actor, moved = record.event.actor_id, kind.is_transfer
    comes_to_us = moved and kind.deed == "C"
    theirs, ours = (SOURCE, DESTINATION) if comes_to_us else (DESTINATION, SOURCE)
    address = record.event.address
    who = SubElement(message, "ActiveParticipant", UserID=_xml(actor), UserIsRequestor="true")
    if address:
        who.attrib |= {"NetworkAccessPointID": address, "NetworkAccessPointTypeCode": _IP_ADDRESS}
    if moved:
        _code(who, "RoleIDCode", theirs)
    if actor != source_id:
        we = SubElement(message, "ActiveParticipant", UserID=_xml(source_id), UserIsRequestor="false")
        _code(we, "RoleIDCode", ours if moved else APPLICATION)


def _objects(message: Element, record: AuditRecord, kind: AuditKind, known: VaultStudy | None) -> None:
    event = record.event
    key = event.study_key
    if key is not None:
        uid = known.study_instance_uid if known else ""
        number, name = (known.identity.patient_id, known.identity.patient_name) if known else ("", "")
        own = (("study-key", "Pseudonymous study key"), _OWN)
        _object(message, uid or key, ("2", "3"), *((_STUDY_UID, "DCM") if uid else own), name=key)
        _object(
            message, number or key, ("1", "1"), *((_PATIENT_NUMBER, "RFC-3881") if number else own), name=name or key
        )
    if kind.is_query:
        SubElement(_object(message, event.action, ("2", "24"), _QUERIED, _OWN), "ParticipantObjectQuery").text = asked(
            event
        )
    kept = _object(
        message, str(record.sequence), ("2", "13"), ("audit-record", "Audit record"), _OWN, name=event.action
    )
    for name, value in (*event.detail, ("hash", record.hash)):
        SubElement(kept, "ParticipantObjectDetail", type=_xml(name), value=b64encode(value.encode("utf-8", "replace")).decode())  # fmt: skip


def _object(message: Element, ident: str, what: tuple[str, str], id_type: Code, scheme: str, name: str = "") -> Element:
    """`what`: type and role (1 person: 1 patient; 2 system object: 3 report, 13 security resource, 24 query)."""
    kind, role = what
    element = SubElement(
        message,
        "ParticipantObjectIdentification",
        ParticipantObjectID=_xml(ident),
        ParticipantObjectTypeCode=kind,
        ParticipantObjectTypeCodeRole=role,
    )
    _code(element, "ParticipantObjectIDTypeCode", id_type, scheme)
    if name:
        SubElement(element, "ParticipantObjectName").text = _xml(name)
    return element


def _code(parent: Element, tag: str, code: Code, scheme: str = "DCM") -> None:
    value, meaning = code
    SubElement(parent, tag, {"csd-code": _xml(value), "codeSystemName": scheme, "originalText": _xml(meaning)})


def _xml(text: str) -> str:
    """What XML 1.0 can hold."""
    return _NOT_XML.sub("\ufffd", text)
