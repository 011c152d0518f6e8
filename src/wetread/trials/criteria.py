"""What a trial asks of a patient, as data. Every window counts back from the day of the film."""

from dataclasses import dataclass

from wetread.domain.drafting_context import RecordKind
from wetread.domain.finding import FindingName
from wetread.domain.study import Sex
from wetread.trials.truth import Truth

__all__ = [
    "AgeRule",
    "Criterion",
    "Event",
    "EventRule",
    "FindingRule",
    "LaboratoryRule",
    "Relation",
    "Rule",
    "SexRule",
    "TrialCriteria",
]


@dataclass(frozen=True, slots=True)
class AgeRule:
    """Whole years at the film, both ends inside."""

    at_least: int | None
    at_most: int | None


@dataclass(frozen=True, slots=True)
class SexRule:
    sexes: frozenset[Sex]


@dataclass(frozen=True, slots=True)
class FindingRule:
    """By the signed report of this film (`signed`): `present` or absent, on `laterality` where one is asked. Else by the model: at_least <= calibrated probability < below."""

    finding: FindingName
    signed: bool
    present: bool = True
    laterality: str = ""
    at_least: float | None = None
    below: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A condition, medicine or procedure by any of its codes (scheme, value), compared exactly."""

    kind: RecordKind
    codes: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Relation:
    """From `at_least_days` to `within_days` days `after` (or before) another event; from the beginning of one to the beginning of the other."""

    other: Event
    after: bool
    within_days: int
    at_least_days: int = 0


@dataclass(frozen=True, slots=True)
class EventRule:
    """`within_days`: it was going on (a procedure: was done) in so many days before the film; `began_within_days`: it began in them; None: ever before.

    `active`: whether it has to be going on by its own status, None: either. `not_recorded` is what a record that was read to its end and has none of it means.
    """

    event: Event
    within_days: int | None = None
    began_within_days: int | None = None
    active: bool | None = None
    relation: Relation | None = None
    not_recorded: Truth = Truth.NO


@dataclass(frozen=True, slots=True)
class LaboratoryRule:
    """at_least <= value < below, in exactly this unit, by the latest measurement in `within_days`, or by `any_value` of them."""

    codes: frozenset[tuple[str, str]]
    unit: str
    within_days: int
    at_least: float | None = None
    below: float | None = None
    any_value: bool = False


Rule = AgeRule | SexRule | FindingRule | EventRule | LaboratoryRule


@dataclass(frozen=True, slots=True)
class Criterion:
    """`name` is unique in its trial; an `excludes` criterion must not be met."""

    name: str
    rule: Rule
    excludes: bool


@dataclass(frozen=True, slots=True)
class TrialCriteria:
    """`trial` is its registry number or short name; `sha256` is the file's, so that an audit can say by which wording a patient was looked for."""

    trial: str
    title: str
    sha256: str
    criteria: tuple[Criterion, ...]
