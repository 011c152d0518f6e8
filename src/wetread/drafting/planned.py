"""What a draft is going to say, before any language: each statement becomes one sentence."""

from dataclasses import dataclass
from enum import StrEnum

from wetread.domain.drafting_context import Measurement, RecordKind
from wetread.domain.finding import Code, FindingName
from wetread.domain.report import Certainty, Evidence, Section
from wetread.domain.statement import Change
from wetread.drafting.comparison import Relation

__all__ = ["Claim", "PlannedStatement"]


class Claim(StrEnum):
    """The kind of thing that is said; the value is the key of its phrase in a catalogue, where `PlannedStatement.variant` chooses among several."""

    INDICATION_NONE = "indication.none"
    INDICATION_CODE = "indication.code"
    INDICATION_TEXT = "indication.text"
    RECORD_QUOTE = "record.quote"
    RECORD_SUSPICIOUS = "record.suspicious"
    RECORD_UNUSABLE = "record.unusable"
    RECORD_SURPLUS = "record.surplus"
    TECHNIQUE = "technique"
    NO_PRIOR = "comparison.none"
    NOT_COMPARED = "comparison.not_compared"
    COMPARED = "comparison.compared"
    COMPARED_SURPLUS = "comparison.surplus"
    PRIOR_UNUSABLE = "comparison.unusable"
    CONTEXT_PROBLEM = "comparison.problem"
    QUALITY = "quality"
    AI_UNAVAILABLE = "finding.ai_unavailable"
    CALLED = "finding.called"
    """A finding at or above its operating point: the only claim that something is there."""
    PRIOR_NOT_SEEN = "finding.prior_not_seen"
    PRIOR_NOT_ASSESSED = "finding.prior_not_assessed"
    NEGATIVE = "finding.negative"
    UNCALIBRATED = "finding.uncalibrated"
    NOTHING_CALLED = "finding.none"
    NOTHING_ASSESSED = "finding.nothing_assessed"
    NORMAL = "finding.normal"
    MEASURED = "measurement.line"
    MEASUREMENT_UNUSABLE = "measurement.unusable"
    ONLY_QUESTIONABLE = "impression.only_questionable"
    FURTHER = "impression.further"
    TO_BE_COMPLETED = "impression.to_be_completed"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class PlannedStatement:
    """One sentence to be: `claim` says which of the other fields mean something.

    `laterality` is the side now for CALLED, the prior's for PRIOR_*. `days_before` is the age of the prior or of the piece of the record, `quoted` its text, cleaned (`foreign_text.one_line`).
    `hedges` are keys of phrases that say why it is worded so; `limit` is the probability at which the certainty's band begins or, for QUESTIONABLE, ends.
    """

    section: Section
    claim: Claim
    evidence: tuple[Evidence, ...]
    variant: str = ""
    finding: FindingName | None = None
    laterality: str = ""
    certainty: Certainty = Certainty.UNSTATED
    relation: Relation = Relation.NONE
    days_before: int | None = None
    quoted: str = ""
    code: Code | None = None
    kind: RecordKind | None = None
    source_id: str = ""
    measured: Measurement | None = None
    uncalibrated: tuple[FindingName, ...] = ()
    count: int = 0
    limit: float | None = None
    hedges: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Of its phrase in a catalogue."""
        return f"{self.claim}.{self.variant}" if self.variant else self.claim.value

    @property
    def change(self) -> Change:
        """What it says of the finding against the prior."""
        return self.relation.change
