"""The roster as iCalendar (RFC 5545) and back: resolved shifts to events, a planner's events to dated shifts. What cannot be placed is listed, never dropped."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from wetread.domain.errors import HostileInput
from wetread.triage.calendar_events import CalendarEvent, Unplaced, occurrences, read_events, scan_cost
from wetread.triage.roster import RosterShift
from wetread.triage.roster_plan import DatedShift, Roster

__all__ = ["CalendarImport", "Unplaced", "export_calendar", "import_calendar"]

MAX_SCANNED_DAYS = 1_000_000
MAX_SHIFTS = 20_000
MAX_HORIZON = timedelta(days=800)


@dataclass(frozen=True, slots=True)
class CalendarImport:
    """The shifts found in the span, by start; every event that gave none or not all that it says; how many lie outside of the span."""

    shifts: tuple[DatedShift, ...]
    unplaced: tuple[Unplaced, ...]
    outside: int


def export_calendar(shifts: Iterable[RosterShift], *, made_at: datetime) -> bytes:
    """One event per shift and person, in UTC. No ATTENDEE: a calendar program would write to the people; no addresses at all."""
    from icalendar import Calendar, Event

    calendar = Calendar()
    for name, value in (("PRODID", "-//wetread//roster//EN"), ("VERSION", "2.0"), ("METHOD", "PUBLISH")):
        calendar.add(name, value)
    for shift in shifts:
        for person in shift.responders:
            event = Event()
            event.add("UID", _uid(shift, person.person_id))
            event.add("DTSTAMP", made_at)
            event.add("DTSTART", shift.starts_at)
            event.add("DTEND", shift.ends_at)
            event.add("SUMMARY", f"{shift.site} {shift.duty}: {person.display_name}")
            event.add("X-WETREAD-SITE", shift.site)
            event.add("X-WETREAD-DUTY", shift.duty)
            event.add("X-WETREAD-PERSON", person.person_id)
            calendar.add_component(event)
    return bytes(calendar.to_ical())


def import_calendar(
    content: bytes, roster: Roster, *, starts_at: datetime, ends_at: datetime, site: str = "", duty: str = ""
) -> CalendarImport:
    """Events that touch [starts_at, ends_at) as shifts of people of the roster; recurring ones are expanded within the span only.

    `site` and `duty` hold for events that do not name theirs (X-WETREAD-SITE, X-WETREAD-DUTY). A person is found by X-WETREAD-PERSON, else by an attendee's address among the
    contacts, else by the person_id or display name in the summary. Raises HostileInput(code='bad_calendar') for a file beyond the limits or that is no calendar.
    """
    if ends_at - starts_at > MAX_HORIZON:
        raise HostileInput("a calendar is imported for at most 800 days at a time", code="bad_calendar")
    zones = {each.name: each.zone for each in roster.sites}
    events, unplaced = read_events(content, lambda name: zones.get(name or site))
    if scan_cost(events, starts_at, ends_at) > MAX_SCANNED_DAYS:
        raise HostileInput("the calendar's recurring events would take too long to expand", code="bad_calendar")
    shifts: list[DatedShift] = []
    outside = 0
    for event in events:
        found, notes = _place(event, roster, site, duty) if not event.cancelled else (None, [])
        unplaced.extend(notes)
        if found is None:
            continue
        spans = list(occurrences(event, events, starts_at, ends_at))
        outside += not spans
        shifts.extend(DatedShift(*found, start, end) for start, end in spans)
        if len(shifts) > MAX_SHIFTS:
            raise HostileInput("the calendar has more than 20,000 shifts in that time", code="bad_calendar")
    return CalendarImport(tuple(sorted(shifts, key=lambda each: each.starts_at)), tuple(unplaced), outside)


def _uid(shift: RosterShift, person_id: str) -> str:
    parts = (shift.site, shift.duty, person_id, shift.starts_at.isoformat(), shift.ends_at.isoformat())
    return f"{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:32]}@wetread"


def _place(
    event: CalendarEvent, roster: Roster, site: str, duty: str
) -> tuple[tuple[str, str, tuple[str, ...]] | None, list[Unplaced]]:
    """Site, duty and people of an event, and what has to be said about it."""
    site_name, duty_name = event.site or site, event.duty or duty
    found = roster.site(site_name)
    if found is None or found.duty(duty_name) is None:
        named = f"no duty {duty_name} at site {site_name}" if site_name and duty_name else "the event names none"
        return None, [event.unplaced(f"site and duty: {named}")]
    people, complaint = _people(event, roster)
    notes = [event.unplaced(complaint)] if complaint else []
    return ((site_name, duty_name, people) if people else None), notes


def _people(event: CalendarEvent, roster: Roster) -> tuple[tuple[str, ...], str]:
    """Who is meant, and what has to be said about it."""
    if event.person:
        known = roster.responder(event.person) is not None
        return ((event.person,), "") if known else ((), "no one of the roster is named in it")
    by_address = {c.address.casefold(): p.person_id for p in roster.people for c in p.contacts}
    attending = [by_address.get(address.casefold()) for address in event.attendees]
    invited = tuple(dict.fromkeys(person for person in attending if person))
    named = () if invited else tuple(_named_in(event.summary, roster))
    if len(named) > 1:
        return (), "its summary fits several people of the roster"
    if not invited and not named:
        return (), "no one of the roster is named in it"
    return invited or named, "placed, but one of its attendees is not in the roster" if None in attending else ""


def _named_in(summary: str, roster: Roster) -> Iterator[str]:
    text = summary.casefold()
    for person in roster.people:
        if any(_says(text, name.casefold()) for name in (person.person_id, person.display_name)):
            yield person.person_id


def _says(text: str, name: str) -> bool:
    return name in text and re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) is not None
