"""A shift as a person writes it ("Mon-Fri 08:00-18:00", "Sat,Sun 08:00-08:00", "20:00-08:00") to minutes of the week. None is longer than a day."""

import re
from collections.abc import Sequence
from itertools import combinations

from wetread.triage.roster_plan import WeeklyShift

__all__ = ["DAY_PATTERN", "SHIFT_PATTERN", "TIMES_PATTERN", "WHOLE_DAY", "overlapping", "parse_shift", "parse_weekday"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = f"(?:{'|'.join(_DAYS)})"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
_END = rf"(?:{_TIME}|24:00)"
_DAY_LIST = rf"{_DAY}(?:-{_DAY})?(?:, ?{_DAY}(?:-{_DAY})?)*"

DAY_PATTERN = rf"^{_DAY}$"
TIMES_PATTERN = rf"^{_TIME} ?- ?{_END}$"
SHIFT_PATTERN = rf"^(?:{_DAY_LIST} )?{_TIME} ?- ?{_END}$"

_PARTS = re.compile(rf"(?:(?P<days>{_DAY_LIST}) )?(?P<start>{_TIME}) ?- ?(?P<end>{_END})")
_DAY_MINUTES, _WEEK_MINUTES = 24 * 60, 7 * 24 * 60

WHOLE_DAY = WeeklyShift(tuple(range(7)), 0, _DAY_MINUTES)


def parse_shift(text: str) -> WeeklyShift:
    """A text that fits SHIFT_PATTERN. No days: every day. An end at or before the start is on the next day."""
    parts = _PARTS.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} is not a shift: write it like 'Mon-Fri 08:00-18:00'")
    days = _days(parts["days"]) if parts["days"] else tuple(range(7))
    start, end = _minutes(parts["start"]), _minutes(parts["end"])
    return WeeklyShift(days, start, end - start if end > start else end - start + _DAY_MINUTES)


def parse_weekday(text: str) -> int:
    """'Mon' to 0."""
    return _DAYS.index(text)


def overlapping(shifts: Sequence[WeeklyShift]) -> bool:
    """True where two of the shifts claim the same minute of a week."""
    spans = [
        (day * _DAY_MINUTES + shift.start_minute, shift.length_minutes) for shift in shifts for day in shift.weekdays
    ]
    return any(
        (later - earlier) % _WEEK_MINUTES < length or (earlier - later) % _WEEK_MINUTES < other_length
        for (earlier, length), (later, other_length) in combinations(spans, 2)
    )


def _days(text: str) -> tuple[int, ...]:
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        start = parse_weekday(first)
        days.update((start + k) % 7 for k in range((parse_weekday(last or first) - start) % 7 + 1))
    return tuple(sorted(days))


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
