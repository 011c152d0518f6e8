"""What does the hospital's record say of the patient on this film? Who that is stays between the vault and the adapter (law 4)."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from wetread.domain.drafting_context import RecordKind
from wetread.domain.identifiers import StudyKey
from wetread.domain.record import RecordEntry

__all__ = ["PatientRecord", "RecordAnswer", "RecordQuery", "is_wanted"]


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """Which kinds, and from which day on; None: however old."""

    kinds: frozenset[RecordKind]
    since: date | None = None


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """`problems` say, without a word of the record, what could not be had; with any, an entry that is missing proves nothing."""

    entries: tuple[RecordEntry, ...] = ()
    problems: tuple[str, ...] = ()


def is_wanted(entry: RecordEntry, query: RecordQuery) -> bool:
    """By kind and day. What has no day, and a condition or a medicine without an end, is as new as any."""
    if entry.kind not in query.kinds:
        return False
    goes_on = entry.kind in (RecordKind.CONDITION, RecordKind.MEDICATION_STATEMENT) and entry.ended is None
    day = (entry.ended or entry.began) if not goes_on else None
    return query.since is None or day is None or day.last is None or day.last >= query.since


class PatientRecord(Protocol):
    def entries(self, study_key: StudyKey, query: RecordQuery) -> RecordAnswer:
        """Entries of this study's patient and of nobody else, none that was entered in error, refuted or not done, in the order of the kinds as `RecordKind` lists them.

        A patient whom the record does not know, or cannot name without doubt, has no entries and a problem. Raises TransientError when the record does not answer or
        the vault is away, PermanentError when it refuses us, StudyNotFound.
        """
        ...
