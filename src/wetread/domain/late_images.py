"""Images that came after a report was signed: for a person to look at. The signed report stays as it is until they amend it, or say that nothing changes."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from wetread.domain.analysis import Analysis
from wetread.domain.errors import IllegalTransition
from wetread.domain.identifiers import InstanceKey, StudyKey

__all__ = ["LateAnswer", "LateImages", "answered", "arrived_late"]


class LateAnswer(StrEnum):
    NO_CHANGE = "no_change"
    AMENDED = "amended"


@dataclass(frozen=True, slots=True)
class LateImages:
    """The newest of a study. `instances` came from `since` to `last_at`; `round` counts how often images came after an answer. `analysis` is the AI's read of the best of them, without
    its heat map, and `reason` what triage makes of it; `problem` says why there is none.
    """

    study_key: StudyKey
    since: datetime
    last_at: datetime
    instances: tuple[InstanceKey, ...]
    round: int = 1
    analysis: Analysis | None = None
    reason: str = ""
    problem: str = ""
    answer: LateAnswer | None = None
    answered_by: str = ""
    answered_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.answer is None

    @property
    def told(self) -> str:
        """Names these very images: a read of fewer is overtaken."""
        return f"{self.round}.{len(self.instances)}"

    @property
    def number(self) -> int:
        """The same as a number, that grows."""
        return 1000 * self.round + len(self.instances)


def arrived_late(held: LateImages | None, study_key: StudyKey, instance: InstanceKey, now: datetime) -> LateImages:
    """With one more image: of the round that nobody has answered, or a new one. What was read before it came does not speak for it."""
    if held is None or not held.is_open:
        return LateImages(study_key, now, now, (instance,), round=held.round + 1 if held else 1)
    if instance in held.instances:
        return held
    return replace(held, instances=(*held.instances, instance), last_at=now, analysis=None, reason="", problem="")


def answered(held: LateImages | None, answer: LateAnswer, by: str, now: datetime) -> LateImages:
    """Raises IllegalTransition where nobody waits for an answer."""
    if held is None or not held.is_open:
        raise IllegalTransition("no new image waits for an answer on this study")
    return replace(held, answer=answer, answered_by=by, answered_at=now)
