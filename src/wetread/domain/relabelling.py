"""Signed studies looked at again: which were drawn and with what chance, what each blinded reader said, and what that makes of each finding.

A task is one study. Its readers answer for every finding of the round, so that the questions do not tell for which of them the machine and the report differ.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wetread.domain.identifiers import StudyKey

__all__ = ["BLIND_ACTS", "Answer", "Bucket", "Call", "Read", "RelabelRound", "RelabelTask", "Stratum"]

BLIND_ACTS = (
    "film.prepared",
    "film.read",
    "dicomweb.retrieve",
    "identity.access",
    "relabel.answer",
    "study.read_blind",
)
"""Audited acts on one study that show nothing of what the machine or the report say of it."""


class Bucket(StrEnum):
    """What the machine and the signed report said of one finding of one study."""

    AI_ONLY = "ai_only"
    REPORT_ONLY = "report_only"
    BOTH_POSITIVE = "both_positive"
    BOTH_NEGATIVE = "both_negative"
    CONFLICT = "conflict"
    UNCERTAIN = "uncertain"


class Answer(StrEnum):
    POSITIVE = "positive"
    NEGATIVE = "negative"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Call:
    """What was said of one finding before anybody looked again; no reader of the task sees it. `label` is the signed report's, never collapsed."""

    finding: str
    probability: float
    threshold: float
    label: str
    label_source: str
    model: str
    bucket: Bucket

    @property
    def called(self) -> bool:
        return self.probability >= self.threshold


@dataclass(frozen=True, slots=True)
class Read:
    """One person's answers, one per finding of the round, in its order."""

    reader_id: str
    answers: tuple[Answer, ...]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Stratum:
    """How many of one site's studies fell into a bucket of a finding, and how many of them were drawn for it. `finding` "" is the random stratum over all of a site's studies."""

    site: str
    finding: str
    bucket: str
    population: int
    drawn: int


@dataclass(frozen=True, slots=True)
class RelabelRound:
    """One sample and how it was drawn. `design_sha256` is of the list of every study's probability (the sample's and all others'), which is written down beside it."""

    round_id: str
    findings: tuple[str, ...]
    seed: int
    per_bucket: int
    at_random: int
    population: int
    design_sha256: str
    strata: tuple[Stratum, ...]
    drawn_by: str
    drawn_at: datetime


@dataclass(frozen=True, slots=True)
class RelabelTask:
    """One drawn study. `inclusion_probability` is its known chance of being drawn, 0 < p <= 1; `calls` holds the findings that the model read; `patient` is an opaque key.

    Two readers answer; a third does when the two differ on any finding. `etag` grows with every answer.
    """

    round_id: str
    study_key: StudyKey
    patient: str
    site: str
    findings: tuple[str, ...]
    calls: tuple[Call, ...]
    inclusion_probability: float
    reads: tuple[Read, ...] = ()
    etag: int = 0

    @property
    def disputed(self) -> bool:
        return len(self.reads) >= 2 and self.reads[0].answers != self.reads[1].answers

    @property
    def decided(self) -> bool:
        """Nobody needs to look again."""
        return len(self.reads) >= (3 if self.disputed else 2)

    def call(self, finding: str) -> Call | None:
        return next((each for each in self.calls if each.finding == finding), None)

    def verdict(self, finding: str) -> Answer | None:
        """What at least two of its readers said; uncertain when all three differ; None until the task is decided."""
        if not self.decided:
            return None
        place = self.findings.index(finding)
        (answer, votes), *_ = Counter(each.answers[place] for each in self.reads).most_common()
        return answer if votes >= 2 else Answer.UNCERTAIN
