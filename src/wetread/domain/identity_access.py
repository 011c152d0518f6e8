"""Who read whose identity, which fields and what for: one act of the audit log, which names fields and never what stands in them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from wetread.domain.audit import AuditEvent
from wetread.domain.identifiers import StudyKey
from wetread.domain.role import SERVICE
from wetread.domain.study import PatientIdentity

__all__ = ["ACCESS", "IDENTITY_FIELDS", "Purpose", "Reader", "access_events", "of_service", "studies_of"]

ACCESS = "identity.access"
"""The act of every record of an access."""
IDENTITY_FIELDS = tuple(each.name for each in fields(PatientIdentity))
_MOST = 200
"""Studies that one record names."""


class Purpose(StrEnum):
    """What identity is read for."""

    PAGE = "page"
    WORKLIST = "worklist"
    SEARCH = "search"
    COMPARE = "compare"
    LAUNCH = "launch"
    FHIR = "fhir"
    DELIVERY = "delivery"
    PAGING = "paging"
    EXPORT = "export"
    CONTEXT = "context"
    ORDERS = "orders"
    ARCHIVES = "archives"
    RECORD = "record"
    AUDIT = "audit"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class Reader:
    """On whose behalf, what for, and which fields of `PatientIdentity` are wanted: no other is handed out."""

    actor_id: str
    purpose: Purpose
    fields: tuple[str, ...] = IDENTITY_FIELDS


def of_service(purpose: Purpose) -> Reader:
    """We ourselves, without a person who waits for the answer."""
    return Reader(SERVICE.actor_id, purpose)


def access_events(reader: Reader, study_keys: Sequence[StudyKey]) -> list[AuditEvent]:
    """One event for all of them, or for each 200: a page of a list is one record."""
    about = (("purpose", reader.purpose.value), ("fields", " ".join(reader.fields)))
    if len(study_keys) == 1:
        return [AuditEvent(ACCESS, reader.actor_id, study_key=study_keys[0], detail=about)]
    pieces = (study_keys[at : at + _MOST] for at in range(0, len(study_keys), _MOST))
    return [
        AuditEvent(ACCESS, reader.actor_id, detail=(*about, ("count", str(len(piece))), ("studies", " ".join(piece))))
        for piece in pieces
    ]


def studies_of(event: AuditEvent) -> tuple[StudyKey, ...]:
    """Every study that a record is about."""
    if event.study_key is not None:
        return (event.study_key,)
    named = dict(event.detail).get("studies", "") if event.action == ACCESS else ""
    return tuple(map(StudyKey, named.split()))
