"""Jobs: what the worker does next. A lease with a fencing token makes each at-least-once, its effects exactly once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wetread.domain.identifiers import StudyKey

__all__ = ["ASKS_OUTSIDE", "LONGEST_WAIT", "Job", "JobKind", "JobRequest", "JobState", "is_due"]


class JobKind(StrEnum):
    ANALYSE = "analyse"
    TRIAGE = "triage"
    DRAFT = "draft"
    DELIVER = "deliver"
    ANSWER = "answer"
    """Tell who asked for a read what it made."""
    SHADOW = "shadow"
    """Versions on trial read the study unseen, after everything that somebody waits for."""
    LATE = "late"
    """Images that came after signing are read; what was read before stays."""
    PRIORS = "priors"
    """Earlier films are fetched from other archives, by the process that talks to them: no worker waits for a neighbour."""
    ORDERS = "orders"
    """A worklist elsewhere is asked for a film's order, by a process of its own."""


ASKS_OUTSIDE = frozenset({JobKind.PRIORS, JobKind.ORDERS})
"""No worker takes these."""


LONGEST_WAIT = timedelta(minutes=40)
"""Further ahead than the product ever puts a job: back-off ends at half an hour, a quiet period is that at most, a neighbour is asked again sooner. Well under an hour, since that is what a clock is most often wrong by."""


class JobState(StrEnum):
    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A job to enqueue. `dedupe_key` is unique among all jobs: asking twice is one job. `detail` never carries PHI."""

    kind: JobKind
    study_key: StudyKey
    dedupe_key: str
    priority: int = 0
    not_before: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. `attempt` counts claims from 1 and is the fencing token: only its holder may complete it."""

    job_id: int
    kind: JobKind
    study_key: StudyKey
    dedupe_key: str
    attempt: int
    lease_until: datetime
    detail: str


def is_due(state: JobState, due_at: datetime | None, now: datetime) -> bool:
    """READY: may it start; LEASED: is it given up. One that waits for longer than any job ever has to was put there by a clock that was ahead, and is due now (ADR-0012).

    Not so a lease: its holder may live, with a clock that still is ahead, and two that take the same job from each other would use up its attempts.
    """
    if due_at is None or now < due_at <= now + LONGEST_WAIT:
        return False
    return due_at <= now or state is JobState.READY
