"""Conditions, medicines and procedures: is one recorded that was there in time, is sure, and stands to another as it should?"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from wetread.domain.drafting_context import RecordKind
from wetread.domain.record import DayRange, RecordEntry
from wetread.trials.criteria import Event, EventRule, Relation
from wetread.trials.days import follows, happened_within, held_within
from wetread.trials.truth import Truth, all_of, any_of, opposite
from wetread.trials.verdict import Ruling, sources_of

__all__ = ["judge_event"]

_DOUBTFUL = ("unconfirmed", "provisional", "differential")
_GOING_ON = ("active", "recurrence", "relapse")
_OVER = ("inactive", "remission", "resolved", "completed", "stopped")
_SOMETIME = DayRange(None, None)


def judge_event(rule: EventRule, entries: Sequence[RecordEntry], day: date, *, complete: bool) -> Ruling:
    """`complete`: the record was read to its end. Where it was not, what is missing is unknown."""
    recorded = [each for each in entries if _is_a(each, rule.event)]
    judged = [(_fits(each, rule, entries, day), each) for each in recorded]
    truth = any_of(truth for truth, _ in judged) if judged else rule.not_recorded
    if truth is Truth.NO and not complete:
        return Ruling(Truth.UNKNOWN, "the record could not be read to its end")
    if not judged:
        return Ruling(truth, "not recorded")
    deciding = [each for judgement, each in judged if judgement is truth]
    return Ruling(truth, f"{_times(len(deciding))} {_WORDS[truth]}", sources_of(deciding, day))


_WORDS = {
    Truth.YES: "as asked",
    Truth.NO: "otherwise than asked",
    Truth.UNKNOWN: "with something left open: day, certainty or status",
}


def _times(count: int) -> str:
    return "recorded once" if count == 1 else f"recorded {count} times"


def _is_a(entry: RecordEntry, event: Event) -> bool:
    return entry.kind is event.kind and any((code.scheme, code.value) in event.codes for code in entry.codes)


def _fits(entry: RecordEntry, rule: EventRule, entries: Iterable[RecordEntry], day: date) -> Truth:
    answers = [_is_sure(entry), _in_time(entry, rule, day)]
    if rule.active is not None:
        answers.append(_goes_on(entry) if rule.active else opposite(_goes_on(entry)))
    if rule.relation is not None:
        answers.append(_stands_to_another(entry, rule.relation, entries))
    return all_of(answers)


def _is_sure(entry: RecordEntry) -> Truth:
    """A condition that is still in question, a procedure that is not done with: neither yes nor no."""
    if entry.kind is RecordKind.PROCEDURE and entry.status != "completed":
        return Truth.UNKNOWN
    return Truth.UNKNOWN if entry.status in _DOUBTFUL else Truth.YES


def _in_time(entry: RecordEntry, rule: EventRule, day: date) -> Truth:
    began = happened_within(entry.began, _so_long_before(day, rule.began_within_days), day)
    if entry.kind is RecordKind.PROCEDURE:
        return all_of((began, happened_within(entry.began, _so_long_before(day, rule.within_days), day)))
    held = held_within(entry.began, _end_of(entry), _so_long_before(day, rule.within_days), day)
    return held if rule.began_within_days is None else all_of((began, held))


def _so_long_before(day: date, days: int | None) -> date:
    return date.min if days is None or days >= day.toordinal() else day - timedelta(days=days)


def _end_of(entry: RecordEntry) -> DayRange | None:
    """What does not say that it goes on may have ended some day, whether or not that was written down."""
    return entry.ended or (None if _goes_on(entry) is Truth.YES else _SOMETIME)


def _goes_on(entry: RecordEntry) -> Truth:
    """By a condition's clinical status or a medicine's status."""
    status = entry.clinical_status if entry.kind is RecordKind.CONDITION else entry.status
    if status in _GOING_ON:
        return Truth.YES
    return Truth.NO if status in _OVER or entry.ended is not None else Truth.UNKNOWN


def _stands_to_another(entry: RecordEntry, relation: Relation, entries: Iterable[RecordEntry]) -> Truth:
    others = (each for each in entries if each is not entry and _is_a(each, relation.other))
    return any_of(all_of((_is_sure(each), _in_order(entry, each, relation))) for each in others)


def _in_order(entry: RecordEntry, other: RecordEntry, relation: Relation) -> Truth:
    later, earlier = (entry, other) if relation.after else (other, entry)
    return follows(later.began, earlier.began, relation.at_least_days, relation.within_days)
