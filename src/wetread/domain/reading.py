"""How one person reads one study beside the machine: the mode, what they said before they saw it, and what they keep for themselves.

Second reader and concurrent are the usual words for the two orders of reading (FDA, Clinical Performance Assessment: CADe Devices, 2022, section III.C).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.statement import Presence

__all__ = ["Macro", "OwnFinding", "OwnFindings", "ReaderProfile", "ReadingMode", "ReadingRecord", "Withheld"]


class ReadingMode(StrEnum):
    """From the one that shows most to the one that shows least."""

    CONCURRENT = "concurrent"
    SECOND_READER = "second_reader"
    AI_OFF = "ai_off"

    @property
    def stricter(self) -> "tuple[ReadingMode, ...]":
        """Itself and those that show less."""
        modes = tuple(ReadingMode)
        return modes[modes.index(self) :]


class Withheld(StrEnum):
    """Why the machine's words are kept from a reader of a study; NOTHING: they are not."""

    NOTHING = ""
    UNTIL_COMMIT = "until_commit"
    AI_OFF = "ai_off"
    ADJUDICATION = "adjudication"


@dataclass(frozen=True, slots=True)
class OwnFinding:
    """What a person saw before the machine's words. `laterality` is "", "left", "right" or "bilateral"; `confidence_percent` 0..100 is how sure they say they are, None where not said."""

    name: FindingName
    presence: Presence
    laterality: str = ""
    confidence_percent: int | None = None


@dataclass(frozen=True, slots=True)
class OwnFindings:
    """Committed once. `blind` is False where the reader may have met the machine's words before: `told` then says how ("paged", "mode_chosen_later")."""

    findings: tuple[OwnFinding, ...]
    committed_at: datetime
    blind: bool = True
    told: str = ""


@dataclass(frozen=True, slots=True)
class ReadingRecord:
    """One person's reading of one study: the mode it began in stays, whatever is chosen later.

    `revealed_at`: when a second reader was shown the machine's words, with `own` None where that was before they had committed anything.
    """

    study_key: StudyKey
    reader_id: str
    mode: ReadingMode
    begun_at: datetime
    own: OwnFindings | None = None
    revealed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Macro:
    """A short name that stands for text: `.nl` for a sentence about normal lungs."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class ReaderProfile:
    """What a person chose for themselves; `mode` None: the site's. `mode_chosen_at` is when it last changed."""

    reader_id: str
    mode: ReadingMode | None = None
    mode_chosen_at: datetime | None = None
    macros: tuple[Macro, ...] = ()
