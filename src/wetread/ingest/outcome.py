"""What becomes of one instance at any door, in words that STOW-RS and DIMSE each translate to their own codes."""

from dataclasses import dataclass
from enum import StrEnum

from wetread.domain.study import InstanceHeader

__all__ = ["NO_CLAIM", "Claim", "InstanceOutcome", "Outcome"]


class Outcome(StrEnum):
    STORED = "stored"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    IDENTITY_CONFLICT = "identity_conflict"
    REFUSED = "refused"
    CLAIM_MISMATCH = "claim_mismatch"
    STORAGE_FULL = "storage_full"
    UNAVAILABLE = "unavailable"

    @property
    def acknowledged(self) -> bool:
        """True when the sender may forget the instance: its bytes and rows are durable here (law 2)."""
        return self in (Outcome.STORED, Outcome.DUPLICATE)


@dataclass(frozen=True, slots=True)
class InstanceOutcome:
    """The answer about one instance. The UIDs go back to its sender only; empty when the bytes could not be trusted to name themselves."""

    outcome: Outcome
    code: str = ""
    message: str = ""
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    series_instance_uid: str = ""
    study_instance_uid: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the envelope says about the content (a STOW study path, a C-STORE command); empty means that it says nothing."""

    study_instance_uid: str = ""
    sop_class_uid: str = ""
    sop_instance_uid: str = ""

    def broken_by(self, header: InstanceHeader) -> bool:
        """True when the content is not what the envelope claims."""
        pairs = (
            (self.study_instance_uid, header.study_instance_uid),
            (self.sop_class_uid, header.traits.sop_class_uid),
            (self.sop_instance_uid, header.sop_instance_uid),
        )
        return any(claimed and claimed != found for claimed, found in pairs)


NO_CLAIM = Claim()
