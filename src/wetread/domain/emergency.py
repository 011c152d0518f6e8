"""Emergency access ("break-glass", 45 CFR 164.312(a)(2)(ii)): a person looks at one study that their account does not reach, says why, and another person judges it afterwards."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wetread.domain.identifiers import StudyKey

__all__ = ["EmergencyAccess", "EmergencyReason", "EmergencyVerdict"]


class EmergencyReason(StrEnum):
    TREATING_NOW = "treating_now"
    SECOND_OPINION = "second_opinion"
    COVERING = "covering"
    PATIENT_TRANSFER = "patient_transfer"
    OTHER = "other"


class EmergencyVerdict(StrEnum):
    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"
    TO_FOLLOW_UP = "to_follow_up"


@dataclass(frozen=True, slots=True)
class EmergencyAccess:
    """One use. `words` are the person's own and may tell of the patient: they are kept with the study and go nowhere else. It is open to review until another person gave the verdict."""

    number: int
    actor_id: str
    study_key: StudyKey
    reason: EmergencyReason
    words: str
    opened_at: datetime
    ends_at: datetime
    verdict: EmergencyVerdict | None = None
    note: str = ""
    reviewed_by: str = ""
    reviewed_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.opened_at <= now < self.ends_at
