"""A doubt about who a study is of, for a person to look at. It names attributes, never their values: those stay in the vault."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from wetread.domain.errors import IllegalTransition
from wetread.domain.identifiers import StudyKey

__all__ = ["HoldKind", "IdentityHold", "Resolution", "hold_key", "resolved", "stops_signing"]


class HoldKind(StrEnum):
    PATIENT_MISMATCH = "patient_mismatch"
    """The film and what was ordered under its accession number are of two people."""
    DEMOGRAPHICS = "demographics"
    """The same number, but the hospital's record says something else of the person."""
    PATIENT_MERGED = "patient_merged"
    """The study stands under another number than it came with."""
    MERGE_UNDONE = "merge_undone"
    ORDER_CANCELLED = "order_cancelled"


class Resolution(StrEnum):
    RIGHT_PATIENT = "right_patient"
    WRONG_PATIENT = "wrong_patient"
    """Stays in the way: the study is another's until the archive says otherwise."""
    SEEN = "seen"


@dataclass(frozen=True, slots=True)
class IdentityHold:
    """`differs` are the names of attributes (patient_id, issuer_of_patient_id, name, birth_date, sex)."""

    hold_key: str
    study_key: StudyKey
    kind: HoldKind
    opened_at: datetime
    differs: tuple[str, ...] = ()
    resolution: Resolution | None = None
    resolved_by: str = ""
    resolved_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.resolution is None


def hold_key(study_key: StudyKey, kind: HoldKind, secret: bytes, *source: str) -> str:
    """The same for the same doubt: a message that comes again opens no second hold, and none that a person has answered. Opaque, as the source may identify."""
    said = "\0".join((study_key, kind.value, *source)).encode()
    return sha256(secret + b"\0hold\0" + said).hexdigest()[:24]


def stops_signing(hold: IdentityHold) -> bool:
    """A report of the wrong patient is the worst that can leave: until somebody has looked, and when they found it wrong."""
    return hold.kind is HoldKind.PATIENT_MISMATCH and hold.resolution in (None, Resolution.WRONG_PATIENT)


def resolved(hold: IdentityHold, resolution: Resolution, by: str, now: datetime) -> IdentityHold:
    """Raises IllegalTransition for a doubt that was answered, except for one found wrong that is found right after all; and for 'seen' of a mismatch, which says nothing."""
    corrected = hold.resolution is Resolution.WRONG_PATIENT and resolution is Resolution.RIGHT_PATIENT
    if not (hold.is_open or corrected):
        raise IllegalTransition("this question about the patient has been answered already")
    mismatch = hold.kind is HoldKind.PATIENT_MISMATCH
    if (resolution is Resolution.SEEN) == mismatch:
        raise IllegalTransition("say whether it is the right patient" if mismatch else "this can only be seen")
    return replace(hold, resolution=resolution, resolved_by=by, resolved_at=now)
