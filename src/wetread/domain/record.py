"""What a hospital's record says of one patient, entry by entry. Texts and days identify: they go to the scrubber and to people, and from nowhere else on."""

from dataclasses import dataclass
from datetime import date

from wetread.domain.drafting_context import RecordKind
from wetread.domain.finding import Code

__all__ = ["DayRange", "Quantity", "RecordEntry"]


@dataclass(frozen=True, slots=True)
class DayRange:
    """The first and the last day that something can have happened on; None where nothing is known on that side.

    A FHIR date may be a whole month or year (R4 datatypes, `date`), and "recorded on" says only that it was not later.
    """

    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured value. `unit` is UCUM where the record has it, else its own words; `comparator` is "", "<", "<=", ">=" or ">" (R4 Quantity)."""

    value: float
    unit: str
    comparator: str = ""


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """One resource of the record (FHIR R4). `source_id` is opaque and unique in this installation.

    `codes` keep the scheme's DICOM designator where it has one (SCT, LN, ...), else its URI. `status` is the resource's own, for a condition the verification status;
    `clinical_status` is a condition's (active, remission, resolved, ...), "" otherwise. `began` and `ended` are None where nothing is said: what has no end may be going on.
    """

    source_id: str
    kind: RecordKind
    codes: tuple[Code, ...]
    text: str
    status: str = ""
    clinical_status: str = ""
    quantity: Quantity | None = None
    began: DayRange | None = None
    ended: DayRange | None = None
