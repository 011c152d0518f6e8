"""An .ics file to typed events on their wall clocks (RFC 5545 §3.6.1), within limits that bound the work whatever the file says.

VTIMEZONE definitions are not read: a TZID is an IANA name (or Microsoft's), else the file is refused, for a shift at a guessed time is worse than none. A recurring shift ends
at its wall-clock time also when the clocks change in between: its length gives way, so that no hour is left without anyone.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from wetread.domain.errors import HostileInput
from wetread.triage.local_time import on_the_wall, to_utc
from wetread.triage.recurrence import Recurrence, days_of, parse_recurrence, scanned_days

if TYPE_CHECKING:
    from icalendar import Component

__all__ = ["CalendarEvent", "Unplaced", "occurrences", "read_events", "scan_cost"]

MAX_BYTES = 1024**2
MAX_COMPONENTS = 2_000
MAX_LENGTH = timedelta(days=31)
_YEARS = range(1971, 2200)
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


@dataclass(frozen=True, slots=True)
class Unplaced:
    """An event that gave no shift (or not all it says), with the reason. `summary` is cut and free of control characters."""

    summary: str
    starts: str
    reason: str


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """`start` and `end` are naive on the wall clock of `zone`; `replaces` is the start (UTC) of the occurrence that this event stands for."""

    uid: str
    summary: str
    site: str
    duty: str
    person: str
    attendees: tuple[str, ...]
    start: datetime
    end: datetime
    zone: tzinfo
    recurrence: Recurrence | None
    added: tuple[datetime, ...]
    left_out: frozenset[datetime]
    replaces: datetime | None
    cancelled: bool

    def unplaced(self, reason: str) -> Unplaced:
        return Unplaced(self.summary, self.start.isoformat(" ", "minutes"), reason)


def read_events(content: bytes, zone_of: Callable[[str], tzinfo | None]) -> tuple[list[CalendarEvent], list[Unplaced]]:
    """The file's events, and those that could not be read. `zone_of` gives the zone of a site for times that name none.

    Raises HostileInput(code='bad_calendar') for a file that is too large, no calendar, or uses an unknown time zone.
    """
    from icalendar import Calendar

    if len(content) > MAX_BYTES or content.upper().count(b"BEGIN:") > MAX_COMPONENTS:
        raise HostileInput("the calendar is larger than 1 MiB or has more than 2,000 events", code="bad_calendar")
    events: list[CalendarEvent] = []
    unplaced: list[Unplaced] = []
    try:
        components = Calendar.from_ical(_without_time_zones(content)).walk("VEVENT")
    except _UNREADABLE:
        raise HostileInput("the file is no iCalendar (RFC 5545) file", code="bad_calendar") from None
    for component in components:
        try:
            events.append(_event(component, zone_of))
        except _UNREADABLE as error:
            reason = str(error) if isinstance(error, _Reason) else "its dates or its rule cannot be read"
            unplaced.append(Unplaced(_text(component, "SUMMARY"), "", reason))
    return events, unplaced + [event.unplaced("it is cancelled") for event in events if event.cancelled]


def scan_cost(events: Sequence[CalendarEvent], starts_at: datetime, ends_at: datetime) -> int:
    """How many days occurrences() will test for all events together."""
    first, last = _window(starts_at, ends_at)
    return sum(scanned_days(event.recurrence, first, last) for event in events if event.recurrence)


def occurrences(
    event: CalendarEvent, events: Sequence[CalendarEvent], starts_at: datetime, ends_at: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The event's spans that touch [starts_at, ends_at), aware UTC, without those left out, cancelled or moved by another event of the same UID."""
    if event.cancelled:
        return
    moved = {e.replaces for e in events if e.uid == event.uid and e.replaces} if event.replaces is None else set()
    length = event.end - event.start
    for wall in sorted({*_walls(event, *_window(starts_at, ends_at)), *event.added}):
        start, end = to_utc(wall, event.zone), to_utc(wall + length, event.zone)
        if start in event.left_out or start in moved:
            continue
        if start < ends_at and end > starts_at and start < end:
            yield start, end


def _walls(event: CalendarEvent, first: date, last: date) -> Iterator[datetime]:
    if event.recurrence is None:
        yield event.start
    else:
        yield from (datetime.combine(day, event.start.time()) for day in days_of(event.recurrence, first, last))


def _window(starts_at: datetime, ends_at: datetime) -> tuple[date, date]:
    """The days on which an event may start, in any zone."""
    return (starts_at - MAX_LENGTH - timedelta(days=1)).date(), (ends_at + timedelta(days=1)).date()


class _Reason(ValueError):
    """Why an event cannot be used; its words are ours and safe to show."""


def _event(component: "Component", zone_of: Callable[[str], tzinfo | None]) -> CalendarEvent:
    site = _text(component, "X-WETREAD-SITE")
    home = zone_of(site)
    start, zone = _wall(component, "DTSTART", home)
    end = _end(component, start, home, zone)
    if end <= start:
        raise _Reason("it ends before it starts")
    if end - start > MAX_LENGTH and component.get("RRULE") is not None:
        raise _Reason("it repeats and lasts longer than 31 days")
    bare = CalendarEvent(
        uid=_text(component, "UID"),
        summary=_text(component, "SUMMARY"),
        site=site,
        duty=_text(component, "X-WETREAD-DUTY"),
        person=_text(component, "X-WETREAD-PERSON"),
        attendees=tuple(re.sub("^mailto:", "", str(each), flags=re.I) for each in _many(component, "ATTENDEE")),
        start=start,
        end=end,
        zone=zone,
        recurrence=None,
        added=tuple(on_the_wall(each, zone) for each in _dates(component, "RDATE", home, start)),
        left_out=frozenset(_dates(component, "EXDATE", home, start)),
        replaces=next(iter(_dates(component, "RECURRENCE-ID", home, start)), None),
        cancelled=_text(component, "STATUS").upper() == "CANCELLED",
    )
    return replace(bare, recurrence=_recurrence(component, start, zone))


def _recurrence(component: "Component", start: datetime, zone: tzinfo) -> Recurrence | None:
    rules = _many(component, "RRULE")
    if not rules:
        return None
    if len(rules) > 1:
        raise _Reason("it has more than one rule")
    parts = {str(name).upper(): list(values) for name, values in dict(rules[0]).items()}
    until = parts["UNTIL"][0] if "UNTIL" in parts else None
    try:
        return parse_recurrence(parts, start, _until(until, zone))
    except ValueError as error:
        raise _Reason(str(error)) from None


def _until(value: object, zone: tzinfo) -> datetime | None:
    if isinstance(value, datetime):
        return on_the_wall(value, zone) if value.tzinfo else value
    return datetime.combine(value, time.max) if isinstance(value, date) else None


def _end(component: "Component", start: datetime, home: tzinfo | None, zone: tzinfo) -> datetime:
    """DTEND on the start's wall clock; else DURATION; else a day for an all-day event."""
    if component.get("DTEND") is not None:
        end, end_zone = _wall(component, "DTEND", home)
        return end if end_zone is zone else on_the_wall(to_utc(end, end_zone), zone)
    if component.get("DURATION") is not None:
        duration: timedelta = component.get("DURATION").dt
        return start + duration
    if not isinstance(component.get("DTSTART").dt, datetime):
        return start + timedelta(days=1)
    raise _Reason("it has no end")


def _wall(component: "Component", name: str, home: tzinfo | None) -> tuple[datetime, tzinfo]:
    value = component.get(name)
    if value is None or isinstance(value, list):
        raise _Reason(f"it has no single {name}")
    return _on_wall(value.dt, value.params, home)


def _on_wall(moment: object, parameters: object, home: tzinfo | None) -> tuple[datetime, tzinfo]:
    if not isinstance(moment, date):
        raise _Reason("its dates cannot be read")
    if moment.year not in _YEARS:
        raise _Reason("its dates are not between 1971 and 2199")
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment.replace(tzinfo=None, fold=0), moment.tzinfo
    if isinstance(parameters, dict) and parameters.get("TZID"):
        raise HostileInput("the calendar uses a time zone that is neither IANA's nor Microsoft's", code="bad_calendar")
    if home is None:
        raise _Reason("it has local times, and its site is not known: name the site")
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time()), home


def _dates(component: "Component", name: str, home: tzinfo | None, start: datetime) -> Iterator[datetime]:
    """The instants of EXDATE, RDATE or RECURRENCE-ID; a bare day stands for the occurrence that starts on it."""
    for group in _many(component, name):
        for value in getattr(group, "dts", [group]):
            wall, zone = _on_wall(value.dt, value.params, home)
            whole_day = not isinstance(value.dt, datetime)
            yield to_utc(datetime.combine(wall.date(), start.time()) if whole_day else wall, zone).astimezone(UTC)


def _many(component: "Component", name: str) -> list[Any]:
    value = component.get(name)
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _text(component: "Component", name: str) -> str:
    """A property as one printable line of at most 80 characters."""
    return "".join(c for c in str(component.get(name, "")) if c.isprintable())[:80]


def _without_time_zones(content: bytes) -> bytes:
    kept: list[bytes] = []
    inside = False
    for line in content.splitlines(keepends=True):
        word = line.strip().upper()
        inside = inside or word == b"BEGIN:VTIMEZONE"
        if not inside:
            kept.append(line)
        inside = inside and word != b"END:VTIMEZONE"
    return b"".join(kept)
