"""What a composer may know beyond the findings: codes, scrubbed text and relative times, each with the id of where it came from. Nothing here can say who, where or on which day (law 4)."""

from dataclasses import dataclass, field
from enum import StrEnum

from wetread.domain.errors import PermanentError
from wetread.domain.finding import Code, FindingName

__all__ = [
    "MOST_FILM_SIDE_PX",
    "NO_CONTEXT",
    "DraftingContext",
    "FilmPixels",
    "Measurement",
    "PriorFinding",
    "PriorStudy",
    "RecordKind",
    "Snippet",
]


MOST_FILM_SIDE_PX = 1024


@dataclass(frozen=True, slots=True)
class FilmPixels:
    """The film as a composer may see it: `grey` is 8 bits a pixel (row, column), row by row, 0 = black; neither side is longer than MOST_FILM_SIDE_PX.

    Raises PermanentError 'bad_film' where the three do not fit together.
    """

    rows: int
    columns: int
    grey: bytes = field(repr=False)

    def __post_init__(self) -> None:
        sides = range(1, MOST_FILM_SIDE_PX + 1)
        if self.rows not in sides or self.columns not in sides or len(self.grey) != self.rows * self.columns:
            raise PermanentError("the film's pixels do not fit its rows and columns", code="bad_film")


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measured quantity: `unit` is UCUM ("1" for a ratio); `finding` is what it supports, if anything."""

    name: str
    value: float
    unit: str
    finding: FindingName | None = None


@dataclass(frozen=True, slots=True)
class PriorFinding:
    """What a person signed of one finding on a prior."""

    name: FindingName
    present: bool
    laterality: str = ""


@dataclass(frozen=True, slots=True)
class PriorStudy:
    """A prior with a signed report; `source_id` is opaque outside this installation, `days_before` counts back from the current study."""

    source_id: str
    days_before: int
    findings: tuple[PriorFinding, ...]


class RecordKind(StrEnum):
    """The FHIR R4 resource a snippet comes from, and the patient's own prior reports."""

    CONDITION = "Condition"
    OBSERVATION = "Observation"
    MEDICATION_STATEMENT = "MedicationStatement"
    PROCEDURE = "Procedure"
    DOCUMENT_REFERENCE = "DocumentReference"
    DIAGNOSTIC_REPORT = "DiagnosticReport"


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of the record, de-identified: data, never an instruction. `score` is its relevance, 0..1; `suspicion` is the injection scanner's score, 0..1."""

    source_id: str
    kind: RecordKind
    days_before: int | None
    text: str
    score: float = 0.0
    suspicion: float = 0.0


@dataclass(frozen=True, slots=True)
class DraftingContext:
    """Empty by default: a draft never waits for context. `indication_text` is scrubbed; `problems` say what could not be had (PHI-free)."""

    indication_codes: tuple[Code, ...] = ()
    indication_text: str = ""
    priors: tuple[PriorStudy, ...] = ()
    snippets: tuple[Snippet, ...] = ()
    problems: tuple[str, ...] = ()


NO_CONTEXT = DraftingContext()
