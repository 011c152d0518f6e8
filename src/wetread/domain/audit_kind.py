"""What kind of event an act of the audit log is for a repository outside: DICOM's audit events (PS3.15 A.5.3, PS3.16 CID 400, 401) and what is done to which sort of thing.

One table for every form that the log leaves in. An act that it does not name is what the acts of its family are (`study.` of `study.read`); a test finds families that it does not know.
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from wetread.domain.audit import ADDRESS, AuditEvent

__all__ = [
    "ACTS",
    "APPLICATION",
    "DESTINATION",
    "FAMILIES",
    "OTHER",
    "SOURCE",
    "AuditKind",
    "Code",
    "Deed",
    "asked",
    "audit_kind",
]

Deed = Literal["C", "R", "U", "D", "E"]
"""Create, read, update, delete, execute: EventActionCode and AuditEvent.action."""
Code = tuple[str, str]
"""A code of DCM (PS3.16 annex D) and its meaning."""

APPLICATION, DESTINATION, SOURCE = (
    ("110150", "Application"),
    ("110152", "Destination Role ID"),
    ("110153", "Source Role ID"),
)
"""What a participant was (PS3.16 CID 402)."""

_ACTIVITY = ("110100", "Application Activity")
_LOG_USED = ("110101", "Audit Log Used")
_ACCESSED = ("110103", "DICOM Instances Accessed")
_TRANSFERRED = ("110104", "DICOM Instances Transferred")
_DELETED = ("110105", "DICOM Study Deleted")
_EXPORT = ("110106", "Export")
_ORDER = ("110109", "Order Record")
_PATIENT = ("110110", "Patient Record")
_PROCEDURE = ("110111", "Procedure Record")
_QUERY = ("110112", "Query")
_ALERT = ("110113", "Security Alert")
_AUTHENTICATION = ("110114", "User Authentication")

_START, _STOP = ("110120", "Application Start"), ("110121", "Application Stop")
_LOGIN, _LOGOUT = ("110122", "Login"), ("110123", "Logout")
_NODE = ("110126", "Node Authentication")
_EMERGENCY = ("110127", "Emergency Override Started")
_SOFTWARE = ("110131", "Software Configuration")
_RESTRICTED = ("110132", "Use of Restricted Function")
_OBJECT = ("110135", "Object Security Attributes Changed")
_USER = ("110137", "User Security Attributes Changed")


@dataclass(frozen=True, slots=True)
class AuditKind:
    """`event` is one of PS3.15 A.5.3's, `what` says more where DICOM has a code for it, `deed` what was done."""

    event: Code
    deed: Deed
    what: Code | None = None

    @property
    def is_query(self) -> bool:
        return self.event == _QUERY

    @property
    def is_transfer(self) -> bool:
        """Whether something went from one place to another."""
        return self.event == _TRANSFERRED

    @property
    def is_of_records(self) -> bool:
        """Whether records of patients were touched, not the service, its people or its settings."""
        return self.event not in (_ACTIVITY, _LOG_USED, _ALERT, _AUTHENTICATION)


OTHER = AuditKind(_ACTIVITY, "E")
"""Of an act whose family nobody placed."""

FAMILIES: dict[str, AuditKind] = {
    "account": AuditKind(_ALERT, "U", _USER),
    "ai": AuditKind(_PROCEDURE, "R"),
    "alarm": AuditKind(_ACTIVITY, "E"),
    "archive": AuditKind(_ACTIVITY, "E"),
    "association": AuditKind(_ALERT, "E", _NODE),
    "audit": AuditKind(_LOG_USED, "R"),
    "backup": AuditKind(_EXPORT, "R"),
    "clock": AuditKind(_ALERT, "E"),
    "connection": AuditKind(_ACTIVITY, "E"),
    "critical": AuditKind(_PROCEDURE, "U"),
    "criticals": AuditKind(_PROCEDURE, "R"),
    "dataset": AuditKind(_EXPORT, "R"),
    "dicomweb": AuditKind(_TRANSFERRED, "R"),
    "dimse": AuditKind(_TRANSFERRED, "R"),
    "draft": AuditKind(_PROCEDURE, "U"),
    "emergency": AuditKind(_ALERT, "E", _EMERGENCY),
    "erasure": AuditKind(_PROCEDURE, "U"),
    "evidence": AuditKind(_EXPORT, "R"),
    "fhir": AuditKind(_PROCEDURE, "R"),
    "film": AuditKind(_ACCESSED, "R"),
    "findings": AuditKind(_PROCEDURE, "U"),
    "foreign": AuditKind(_PROCEDURE, "U"),
    "hl7": AuditKind(_ORDER, "U"),
    "identity": AuditKind(_PATIENT, "R"),
    "instance": AuditKind(_TRANSFERRED, "C"),
    "job": AuditKind(_ACTIVITY, "E"),
    "key": AuditKind(_ALERT, "U", _SOFTWARE),
    "late_images": AuditKind(_PROCEDURE, "U"),
    "launch": AuditKind(_ACCESSED, "R"),
    "legal_hold": AuditKind(_ALERT, "U", _OBJECT),
    "login": AuditKind(_AUTHENTICATION, "E", _LOGIN),
    "logout": AuditKind(_AUTHENTICATION, "E", _LOGOUT),
    "marks": AuditKind(_PROCEDURE, "U"),
    "mode": AuditKind(_ALERT, "U", _SOFTWARE),
    "model": AuditKind(_ALERT, "U", _SOFTWARE),
    "orders": AuditKind(_ORDER, "D"),
    "page": AuditKind(_PROCEDURE, "E"),
    "patient": AuditKind(_PATIENT, "U"),
    "policy": AuditKind(_ALERT, "U", _SOFTWARE),
    "predictions": AuditKind(_EXPORT, "R"),
    "prior": AuditKind(_TRANSFERRED, "C"),
    "quality": AuditKind(_ACTIVITY, "E"),
    "read": AuditKind(_ORDER, "C"),
    "refused": AuditKind(_ALERT, "E", _RESTRICTED),
    "relabel": AuditKind(_PROCEDURE, "U"),
    "report": AuditKind(_PROCEDURE, "U"),
    "research": AuditKind(_EXPORT, "R"),
    "retention": AuditKind(_PROCEDURE, "U"),
    "retraining": AuditKind(_ACTIVITY, "E"),
    "rollout": AuditKind(_ALERT, "U", _SOFTWARE),
    "roster": AuditKind(_ALERT, "U", _SOFTWARE),
    "service": AuditKind(_ACTIVITY, "E"),
    "second_factor": AuditKind(_ALERT, "U", _USER),
    "session": AuditKind(_AUTHENTICATION, "E", _LOGOUT),
    "token": AuditKind(_AUTHENTICATION, "E", _LOGIN),
    "sign": AuditKind(_AUTHENTICATION, "E", _LOGIN),
    "snippets": AuditKind(_PATIENT, "D"),
    "study": AuditKind(_ACCESSED, "R"),
    "task": AuditKind(_ORDER, "U"),
    "trials": AuditKind(_QUERY, "E"),
    "workitem": AuditKind(_PROCEDURE, "U"),
    "worklist": AuditKind(_PROCEDURE, "R"),
}
"""By the word before the first dot."""

ACTS: dict[str, AuditKind] = {
    "archive.search": AuditKind(_QUERY, "E"),
    "critical.open": AuditKind(_PROCEDURE, "C"),
    "dicomweb.query": AuditKind(_QUERY, "E"),
    "dimse.query": AuditKind(_QUERY, "E"),
    "erasure.done": AuditKind(_DELETED, "D"),
    "fhir.search": AuditKind(_QUERY, "E"),
    "identity.answer": AuditKind(_PATIENT, "U"),
    "identity.hold": AuditKind(_PATIENT, "U"),
    "identity.search": AuditKind(_QUERY, "E"),
    "prior.drop": AuditKind(_DELETED, "D"),
    "report.deliver": AuditKind(_TRANSFERRED, "R"),
    "research.reidentify": AuditKind(_PATIENT, "R"),
    "service.start": AuditKind(_ACTIVITY, "E", _START),
    "service.stop": AuditKind(_ACTIVITY, "E", _STOP),
    "study.analyse": AuditKind(_PROCEDURE, "E"),
    "study.draft": AuditKind(_PROCEDURE, "C"),
    "study.late_read": AuditKind(_PROCEDURE, "E"),
    "study.lock": AuditKind(_PROCEDURE, "U"),
    "study.shadow": AuditKind(_PROCEDURE, "E"),
    "study.take_over": AuditKind(_PROCEDURE, "U"),
    "study.triage": AuditKind(_PROCEDURE, "U"),
    "study.unlock": AuditKind(_PROCEDURE, "U"),
    "workitem.query": AuditKind(_QUERY, "E"),
    "workitem.read": AuditKind(_PROCEDURE, "R"),
    "worklist.ask": AuditKind(_QUERY, "E"),
    "worklist.search": AuditKind(_QUERY, "E"),
}
"""The acts that are not as the rest of their family."""


def audit_kind(event: AuditEvent) -> AuditKind:
    """Of any act. Whoever reads the audit log through FHIR uses the log."""
    if event.action.startswith("fhir.") and ("type", "AuditEvent") in event.detail:
        return FAMILIES["audit"]
    return ACTS.get(event.action) or FAMILIES.get(event.action.partition(".")[0], OTHER)


def asked(event: AuditEvent) -> str:
    """What a query was by, as a query string in base64 (BALP, PS3.15 A.5.3.10). The facts name what was searched by, never for whom."""
    by = [each for each in event.detail if each[0] != ADDRESS]
    return b64encode(urlencode(by, errors="replace").encode() or b"?").decode()
