"""Which days a calendar's RRULE names (RFC 5545 §3.3.10): a day-by-day test, so the work is bounded by the span asked for, whatever the rule says.

Rules by the day only: FREQ DAILY to YEARLY with BYDAY, BYMONTH, BYMONTHDAY. A shift starts once a day; a rule with any other part is refused with that reason.
"""

import calendar
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

__all__ = ["Recurrence", "days_of", "parse_recurrence", "scanned_days"]

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "BYMONTHDAY", "WKST"}


@dataclass(frozen=True, slots=True)
class Recurrence:
    """`weekdays` are (ordinal, 0 = Monday), ordinal 0 for every one; `until` is on the event's wall clock, inclusive."""

    first: datetime
    frequency: str
    interval: int
    count: int | None
    until: datetime | None
    weekdays: frozenset[tuple[int, int]]
    months: frozenset[int]
    month_days: frozenset[int]
    week_start: int


def parse_recurrence(parts: Mapping[str, Sequence[object]], first: datetime, until: datetime | None) -> Recurrence:
    """`parts` as icalendar gives them, `first` and `until` naive on the event's wall clock; raises ValueError with the reason."""
    if unknown := sorted(set(parts) - _PARTS):
        raise ValueError(f"its rule uses {', '.join(unknown)[:40]}, which is not supported")
    frequency = str(parts.get("FREQ", ("",))[0]).upper()
    if frequency not in _FREQUENCIES:
        raise ValueError("its rule repeats more often than daily, or not at all")
    weekdays = frozenset(_weekday(str(each)) for each in parts.get("BYDAY", ()))
    months, month_days = frozenset(_numbers(parts, "BYMONTH")), frozenset(_numbers(parts, "BYMONTHDAY"))
    if frequency in ("DAILY", "WEEKLY") and any(ordinal for ordinal, _ in weekdays):
        raise ValueError("its rule numbers weekdays, which only a monthly or yearly rule can")
    if frequency == "WEEKLY" and month_days:
        raise ValueError("its weekly rule names days of the month")
    if not weekdays and not month_days:
        weekdays, months, month_days = _by_start(frequency, first.date(), months)
    interval, count = _numbers(parts, "INTERVAL") or (1,), _numbers(parts, "COUNT")
    if interval[0] < 1 or (count and count[0] < 1):
        raise ValueError("its rule has an interval or count below 1")
    week_start = _weekday(str(parts.get("WKST", ("MO",))[0]))[1]
    return Recurrence(
        first, frequency, interval[0], count[0] if count else None, until, weekdays, months, month_days, week_start
    )


def scanned_days(rule: Recurrence, window_first: date, window_last: date) -> int:
    """How many days days_of will test: the caller's budget. A COUNT is counted from the first day on."""
    return max(0, (window_last - _scan_start(rule, window_first)).days + 1)


def days_of(rule: Recurrence, window_first: date, window_last: date) -> Iterator[date]:
    """The days in [window_first, window_last] on which the rule starts an event."""
    day, left = _scan_start(rule, window_first), rule.count
    while day <= window_last and left != 0:
        if rule.until is not None and datetime.combine(day, rule.first.time()) > rule.until:
            return
        if _matches(rule, day):
            left = None if left is None else left - 1
            if day >= window_first:
                yield day
        day += timedelta(days=1)


def _scan_start(rule: Recurrence, window_first: date) -> date:
    first = rule.first.date()
    return first if rule.count is not None else max(first, window_first)


def _by_start(
    frequency: str, first: date, months: frozenset[int]
) -> tuple[frozenset[tuple[int, int]], frozenset[int], frozenset[int]]:
    """What a rule that names no day takes from DTSTART."""
    if frequency == "WEEKLY":
        return frozenset({(0, first.weekday())}), months, frozenset()
    if frequency == "DAILY":
        return frozenset(), months, frozenset()
    yearly = frequency == "YEARLY" and not months
    return frozenset(), frozenset({first.month}) if yearly else months, frozenset({first.day})


def _matches(rule: Recurrence, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    if _periods_since(rule, day) % rule.interval:
        return False
    return _month_day_fits(rule, day) and _ordinal_fits(rule, day)


def _periods_since(rule: Recurrence, day: date) -> int:
    first = rule.first.date()
    if rule.frequency == "DAILY":
        return (day - first).days
    if rule.frequency == "WEEKLY":
        return (_week_begin(day, rule.week_start) - _week_begin(first, rule.week_start)).days // 7
    months = (day.year - first.year) * 12 + day.month - first.month
    return months if rule.frequency == "MONTHLY" else day.year - first.year


def _week_begin(day: date, week_start: int) -> date:
    return day - timedelta(days=(day.weekday() - week_start) % 7)


def _month_day_fits(rule: Recurrence, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    return not rule.month_days or day.day in rule.month_days or day.day - last - 1 in rule.month_days


def _ordinal_fits(rule: Recurrence, day: date) -> bool:
    if not rule.weekdays:
        return True
    by_month = rule.frequency == "MONTHLY" or bool(rule.months)
    number = day.day if by_month else day.timetuple().tm_yday
    length = calendar.monthrange(day.year, day.month)[1] if by_month else 365 + calendar.isleap(day.year)
    forward, backward = (number - 1) // 7 + 1, -((length - number) // 7 + 1)
    return not rule.weekdays.isdisjoint((ordinal, day.weekday()) for ordinal in (0, forward, backward))


def _weekday(text: str) -> tuple[int, int]:
    parts = re.fullmatch(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", text.upper())
    if parts is None:
        raise ValueError("its rule names a weekday that does not exist")
    return int(parts[1] or 0), _DAYS.index(parts[2])


def _numbers(parts: Mapping[str, Sequence[object]], name: str) -> tuple[int, ...]:
    texts = [str(each) for each in parts.get(name, ())]
    if not all(re.fullmatch(r"[+-]?\d{1,6}", text) for text in texts):
        raise ValueError(f"its rule has a {name} that is no number")
    return tuple(map(int, texts))
