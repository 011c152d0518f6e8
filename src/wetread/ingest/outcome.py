"""What becomes of one instance at any door, in words that STOW-RS and DIMSE each translate to their own codes."""

from dataclasses import dataclass
from enum import StrEnum

from wetread.domain.study import InstanceHeader, PatientIdentity

__all__ = ["NO_CLAIM", "Claim", "InstanceOutcome", "Outcome", "PatientClaim"]


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
class PatientClaim:
    """Whom a film must be of. An issuer and a birth date that the film does not name break nothing."""

    patient_id: str
    issuer_of_patient_id: str = ""
    patient_birth_date: str = ""

    def broken_by(self, said: PatientIdentity) -> bool:
        issuer, born = said.issuer_of_patient_id, said.patient_birth_date
        return (
            said.patient_id != self.patient_id
            or issuer not in ("", self.issuer_of_patient_id)
            or bool(self.patient_birth_date and born and born != self.patient_birth_date)
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """What the envelope says about the content (a STOW study path, a C-STORE command); empty means that it says nothing."""

    study_instance_uid: str = ""
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    patient: PatientClaim | None = None

    def broken_by(self, header: InstanceHeader) -> bool:
        """True when the content is not what the envelope claims."""
        pairs = (
            (self.study_instance_uid, header.study_instance_uid),
            (self.sop_class_uid, header.traits.sop_class_uid),
            (self.sop_instance_uid, header.sop_instance_uid),
        )
        of_another = self.patient is not None and self.patient.broken_by(header.identity)
        return of_another or any(claimed and claimed != found for claimed, found in pairs)


NO_CLAIM = Claim()
