"""A workitem of a worklist manager elsewhere that wetread performs. Its UID and data set stand beside the vault; here is how far its performance is known there."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from wetread.domain.identifiers import StudyKey

__all__ = ["ForeignStep", "Hold"]


class Hold(StrEnum):
    INTENDED = "intended"
    """The Transaction UID is durable; whether the manager has taken the claim is not known."""
    CLAIMED = "claimed"
    LOST = "lost"
    """Somebody was faster, or it is no longer to be had."""
    ENDED = "ended"
    """The manager knows how it ended."""


@dataclass(frozen=True, slots=True)
class ForeignStep:
    """`step_key` is a pseudonym, and the key of the request for a read. `told_percent` is the progress that the manager knows of; `outcome` says how it ended there."""

    step_key: str
    study_key: StudyKey
    transaction_uid: str
    intended_at: datetime
    hold: Hold = Hold.INTENDED
    told_percent: int = 0
    outcome: str = ""

    @property
    def is_open(self) -> bool:
        return self.hold in (Hold.INTENDED, Hold.CLAIMED)

    def ended(self, outcome: str, hold: Hold = Hold.ENDED) -> "ForeignStep":
        return replace(self, hold=hold, outcome=outcome)
