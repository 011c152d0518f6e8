"""When, as far as it is known: each operator answers YES where every day that an uncertain date can mean agrees, NO where none does, and UNKNOWN else."""

from datetime import date

from wetread.domain.record import DayRange
from wetread.trials.truth import Truth

__all__ = ["follows", "happened_within", "held_within"]

_FIRST, _LAST = date.min, date.max


def happened_within(when: DayRange | None, first: date, last: date) -> Truth:
    """Was it on a day from `first` to `last`?"""
    earliest, latest = _bounds(when)
    return _of(surely=first <= earliest and latest <= last, possibly=earliest <= last and latest >= first)


def held_within(began: DayRange | None, ended: DayRange | None, first: date, last: date) -> Truth:
    """Was it going on on any day from `first` to `last`? `ended` None: it has no end. It did not end before it began; where the record says so, nothing is known."""
    began_earliest, began_latest = _bounds(began)
    if ended is None:
        return _of(surely=began_latest <= last, possibly=began_earliest <= last)
    ended_earliest, ended_latest = _bounds(ended)
    if began_earliest > ended_latest:
        return Truth.UNKNOWN
    return _of(
        surely=min(began_latest, ended_latest) <= last and max(ended_earliest, began_earliest) >= first,
        possibly=began_earliest <= last and ended_latest >= first,
    )


def follows(later: DayRange | None, earlier: DayRange | None, least_days: int, most_days: int) -> Truth:
    """Was `later` from `least_days` to `most_days` days after `earlier`? The same day is 0 days."""
    later_first, later_last = _bounds(later)
    earlier_first, earlier_last = _bounds(earlier)
    shortest, longest = (later_first - earlier_last).days, (later_last - earlier_first).days
    return _of(
        surely=least_days <= shortest and longest <= most_days,
        possibly=shortest <= most_days and longest >= least_days,
    )


def _bounds(days: DayRange | None) -> tuple[date, date]:
    return (_FIRST, _LAST) if days is None else (days.first or _FIRST, days.last or _LAST)


def _of(*, surely: bool, possibly: bool) -> Truth:
    return Truth.YES if surely else Truth.UNKNOWN if possibly else Truth.NO
