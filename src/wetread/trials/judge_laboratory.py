"""Laboratory values and vital signs: the latest in time, or any of them, in exactly the unit that was asked for. "Less than" stays what it is: an interval, not a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf

from wetread.domain.drafting_context import RecordKind
from wetread.domain.record import Quantity, RecordEntry
from wetread.trials.criteria import LaboratoryRule
from wetread.trials.days import happened_within
from wetread.trials.truth import Truth, all_of, any_of
from wetread.trials.verdict import Ruling, sources_of

__all__ = ["judge_laboratory"]


@dataclass(frozen=True, slots=True)
class _Judged:
    """`in_time`: was it measured in the window; `fits`: is its value in the band."""

    entry: RecordEntry
    in_time: Truth
    fits: Truth


def judge_laboratory(rule: LaboratoryRule, entries: Sequence[RecordEntry], day: date, *, complete: bool) -> Ruling:
    """What was not measured is unknown, never normal; so is everything where a newer value may be missing."""
    first = day - timedelta(days=rule.within_days)
    measured = [each for each in entries if each.kind is RecordKind.OBSERVATION and _is_asked(each, rule)]
    judged = [_Judged(each, happened_within(each.began, first, day), _fits(each, rule)) for each in measured]
    judged = [each for each in judged if each.in_time is not Truth.NO]
    if not judged:
        return Ruling(Truth.UNKNOWN, f"not measured in {rule.within_days} days")
    deciding = judged if rule.any_value else _possibly_latest(judged)
    truth = _any(deciding) if rule.any_value else _agreed(deciding)
    if not complete and not (rule.any_value and truth is Truth.YES):
        return Ruling(Truth.UNKNOWN, "the record could not be read to its end")
    values = ", ".join(dict.fromkeys(_in_words(each.entry.quantity, rule.unit) for each in deciding))
    return Ruling(truth, values, sources_of((each.entry for each in deciding), day))


def _is_asked(entry: RecordEntry, rule: LaboratoryRule) -> bool:
    return any((code.scheme, code.value) in rule.codes for code in entry.codes)


def _any(judged: Sequence[_Judged]) -> Truth:
    return any_of(all_of((each.in_time, each.fits)) for each in judged)


def _possibly_latest(judged: Sequence[_Judged]) -> list[_Judged]:
    """Those that no measurement in the window is surely newer than."""
    sure = [each.entry.began for each in judged if each.in_time is Truth.YES]
    newest_first = max((days.first for days in sure if days and days.first), default=date.min)
    return [each for each in judged if _last_day(each.entry) >= newest_first]


def _last_day(entry: RecordEntry) -> date:
    return (entry.began.last if entry.began else None) or date.max


def _agreed(judged: Sequence[_Judged]) -> Truth:
    """What all of them say, when one of them at least was surely in time."""
    said = {each.fits for each in judged}
    sure = any(each.in_time is Truth.YES for each in judged)
    return said.pop() if len(said) == 1 and sure else Truth.UNKNOWN


def _fits(entry: RecordEntry, rule: LaboratoryRule) -> Truth:
    quantity = entry.quantity
    if quantity is None or quantity.unit != rule.unit or entry.status == "preliminary":
        return Truth.UNKNOWN
    return all_of((_reaches(quantity, rule.at_least), _stays_below(quantity, rule.below)))


def _reaches(quantity: Quantity, at_least: float | None) -> Truth:
    """Is every value that it can be at least so high?"""
    if at_least is None:
        return Truth.YES
    low, high = _interval(quantity)
    if low >= at_least:
        return Truth.YES
    never = high < at_least or (quantity.comparator == "<" and high <= at_least)
    return Truth.NO if never else Truth.UNKNOWN


def _stays_below(quantity: Quantity, below: float | None) -> Truth:
    if below is None:
        return Truth.YES
    low, high = _interval(quantity)
    if high < below or (quantity.comparator == "<" and high <= below):
        return Truth.YES
    return Truth.NO if low >= below else Truth.UNKNOWN


def _interval(quantity: Quantity) -> tuple[float, float]:
    low = -inf if quantity.comparator in ("<", "<=") else quantity.value
    high = inf if quantity.comparator in (">", ">=") else quantity.value
    return low, high


def _in_words(quantity: Quantity | None, unit: str) -> str:
    if quantity is None:
        return "no number"
    return f"{quantity.comparator}{quantity.value:.10g} {unit if quantity.unit == unit else 'in another unit'}"
