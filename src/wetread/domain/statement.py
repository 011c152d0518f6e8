"""What a report text says of one finding: the labeller's nouns, in which text is compared with what the model found.

The four answers are CheXpert's (Irvin 2019, https://arxiv.org/abs/1901.07031): positive, negative, uncertain; a finding without a statement is not mentioned.
"""

from dataclasses import dataclass
from enum import StrEnum

from wetread.domain.finding import FindingName
from wetread.domain.report import Certainty, Section

__all__ = ["Change", "Presence", "Severity", "Statement"]


class Presence(StrEnum):
    POSITIVE = "positive"
    NEGATIVE = "negative"
    UNCERTAIN = "uncertain"


class Severity(StrEnum):
    UNSTATED = ""
    SMALL = "small"
    MODERATE = "moderate"
    LARGE = "large"


class Change(StrEnum):
    """Against a prior; a finding that is RESOLVED is stated as negative."""

    UNSTATED = ""
    NEW = "new"
    INCREASED = "increased"
    UNCHANGED = "unchanged"
    DECREASED = "decreased"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement about one finding. `start` and `end` are the character span of the words that name it, `cues` the spans of the words that decided presence, side, severity or change.

    `laterality` is "", "left", "right" or "bilateral"; `position` is a device's place in the words of the text ("tip in the right atrium"), "" otherwise.
    `certainty` is CERTAIN for a positive without a hedge, a band for an uncertain one, UNSTATED for a negative.
    An `implied` statement is a negative that follows from another sentence ("The lungs are clear"); `section` is None outside a headed section.
    `reasons` says of each of `cues`, in the same order, what it decided.
    """

    name: FindingName
    presence: Presence
    start: int
    end: int
    laterality: str = ""
    severity: Severity = Severity.UNSTATED
    change: Change = Change.UNSTATED
    position: str = ""
    cues: tuple[tuple[int, int], ...] = ()
    certainty: Certainty = Certainty.UNSTATED
    implied: bool = False
    section: Section | None = None
    reasons: tuple[str, ...] = ()
