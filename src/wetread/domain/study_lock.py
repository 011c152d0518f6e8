"""Who has a study open for writing: a lease that ends by itself, and what somebody's unsaved text becomes when it is lost."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wetread.domain.identifiers import StudyKey
from wetread.domain.report import ReportContent

__all__ = ["RecoveryCopy", "StudyLock", "TakeOverReason"]


class TakeOverReason(StrEnum):
    """Why a person takes a study from another screen: fixed codes, because free text could carry identity."""

    COLLEAGUE_LEFT = "colleague_left"
    URGENT = "urgent"
    HANDED_OVER = "handed_over"
    OWN_OTHER_SCREEN = "own_other_screen"


@dataclass(frozen=True, slots=True)
class StudyLock:
    """A soft lock. `screen` is a random name that a page gives itself: two tabs of one person are two screens."""

    study_key: StudyKey
    holder_id: str
    holder_name: str
    screen: str
    taken_at: datetime
    expires_at: datetime

    def held_at(self, now: datetime) -> bool:
        return self.expires_at > now

    def is_of(self, actor_id: str, screen: str) -> bool:
        return (self.holder_id, self.screen) == (actor_id, screen)


@dataclass(frozen=True, slots=True)
class RecoveryCopy:
    """Text of one author that could not be saved into the report; `version` is the report version it was written for. Only its author is shown it."""

    study_key: StudyKey
    author_id: str
    version: int
    content: ReportContent
    saved_at: datetime
