"""What was decided of one criterion, why, and on what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from wetread.domain.record import DayRange, RecordEntry
from wetread.trials.truth import Truth

__all__ = ["Ruling", "Source", "Verdict", "sources_of"]


@dataclass(frozen=True, slots=True)
class Source:
    """An entry of the record: by id, and how many days before the film it was or began; None where the record does not say."""

    source_id: str
    days_before: int | None


@dataclass(frozen=True, slots=True)
class Ruling:
    truth: Truth
    reason: str
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`truth` is of the criterion itself: an `excludes` that is met speaks against."""

    criterion: str
    excludes: bool
    truth: Truth
    reason: str
    sources: tuple[Source, ...] = ()


def sources_of(entries: Iterable[RecordEntry], day: date) -> tuple[Source, ...]:
    """Newest first."""
    found = [Source(each.source_id, _days_before(each.began, day)) for each in entries]
    return tuple(sorted(found, key=lambda each: (each.days_before is None, each.days_before, each.source_id)))


def _days_before(when: DayRange | None, day: date) -> int | None:
    known = (when.last or when.first) if when else None
    return (day - known).days if known else None
