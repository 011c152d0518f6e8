"""What the watch over silent failures asks of the working database: counts and newest rows only, cheap enough for once a minute."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from wetread.domain.analysis import ModelIdentity
from wetread.domain.identifiers import StudyKey
from wetread.domain.job import JobKind
from wetread.domain.study_state import StudyState

__all__ = [
    "ArrivalCount",
    "FiredRule",
    "OpenDelivery",
    "RecentRead",
    "Score",
    "ScoreLimit",
    "Scores",
    "WaitingStudy",
    "WatchStore",
]


@dataclass(frozen=True, slots=True)
class ArrivalCount:
    """How many studies of a site were first received in the hour that begins at `hour` (UTC), and when the last of them was.

    `modality` "" counts them all, another one those that hold it: a study with two modalities counts for each of them and once for its site.
    """

    hour: datetime
    site: str
    modality: str
    studies: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingStudy:
    """A study that the machine has yet to move on; `since` is when its newest image came."""

    study_key: StudyKey
    site: str
    state: StudyState
    since: datetime


@dataclass(frozen=True, slots=True)
class OpenDelivery:
    """A signed report that a sink has not acknowledged, while its job is still tried."""

    study_key: StudyKey
    site: str
    sink: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class FiredRule:
    """Which rule of which policy decided on a study."""

    received_at: datetime
    site: str
    policy_version: str
    rule_id: str


@dataclass(frozen=True, slots=True)
class ScoreLimit:
    threshold: float


@dataclass(frozen=True, slots=True)
class Score:
    """The part of `analysis.Finding` that the watch looks at, under the same names."""

    name: str
    raw_score: float
    probability: float | None
    operating_point: ScoreLimit

    @property
    def called(self) -> bool:
        return self.probability is not None and self.probability >= self.operating_point.threshold


@dataclass(frozen=True, slots=True)
class Scores:
    """The part of `analysis.Analysis` that the watch looks at, under the same names."""

    model: ModelIdentity
    findings: tuple[Score, ...]
    input_sha256: str


@dataclass(frozen=True, slots=True)
class RecentRead:
    """What became of one study's analysis: `scores`, or None when no model could read it, for this `reason`. `device` is the make and model of the detector, "" where the header was silent."""

    study_key: StudyKey
    site: str
    received_at: datetime
    device: str
    scores: Scores | None
    reason: str = ""


class WatchStore(Protocol):
    """Part of every unit of work."""

    def arrivals(self, since: datetime) -> tuple[ArrivalCount, ...]:
        """Studies first received at or after `since`, by hour and site, in all and by modality, in that order."""
        ...

    def waiting_studies(
        self, before: datetime, states: frozenset[StudyState], limit: int = 1000
    ) -> tuple[WaitingStudy, ...]:
        """Studies in one of `states` whose newest image came before `before`, longest waiting first."""
        ...

    def open_deliveries(self, limit: int = 1000) -> tuple[OpenDelivery, ...]:
        """Deliveries of signed reports still to be acknowledged, given-up ones left out, first asked first."""
        ...

    def dead_jobs(self) -> tuple[tuple[str, JobKind, int], ...]:
        """Jobs given up: site, kind, how many; sorted by both."""
        ...

    def recent_decisions(self, limit: int) -> tuple[FiredRule, ...]:
        """The current decisions on the studies received last, newest first."""
        ...

    def recent_reads(self, limit: int) -> tuple[RecentRead, ...]:
        """What became of the analyses of the studies received last, newest first; those still to be analysed are left out."""
        ...
