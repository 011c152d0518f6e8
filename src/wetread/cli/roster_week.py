"""A week of the roster as a picture for the terminal: a row a day, a column a duty, the hours that no one covers in red."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wetread.domain.roster import RosterOverride
from wetread.triage.local_time import on_the_wall, to_utc
from wetread.triage.roster import find_gaps, shifts
from wetread.triage.roster_plan import Duty, Roster, RosterSite

__all__ = ["show_week"]


def show_week(
    roster: Roster, site: RosterSite, duties: Sequence[Duty], at: datetime, overrides: Sequence[RosterOverride]
) -> bool:
    """Print the seven local days from that of `at` on; True when a required duty has a gap in them."""
    first = on_the_wall(at, site.zone).date()
    table = Table(
        title=f"{site.name} ({site.zone}), roster {roster.roster_version}", box=box.SIMPLE_HEAD, show_lines=True
    )
    table.add_column("")
    for duty in duties:
        table.add_column(duty.name)
    for day in (first + timedelta(days=k) for k in range(7)):
        start, end = (to_utc(datetime.combine(d, time()), site.zone) for d in (day, day + timedelta(days=1)))
        cells = [_cell(roster, site, duty, start, end, overrides) for duty in duties]
        holiday = site.holiday_on(day)
        table.add_row(Text(f"{day:%a %d %b}" + (f"\n{holiday.name}" if holiday else "")), *cells)
    Console().print(table)
    last = to_utc(datetime.combine(first + timedelta(days=7), time()), site.zone)
    begin = to_utc(datetime.combine(first, time()), site.zone)
    names = {duty.name for duty in duties}
    return any(g.site == site.name and g.duty in names for g in find_gaps(roster, begin, last, overrides))


def _cell(
    roster: Roster, site: RosterSite, duty: Duty, start: datetime, end: datetime, overrides: Sequence[RosterOverride]
) -> Text:
    """The day's spans, one a line, with those that nobody covers between them."""
    cell = Text()
    at = start
    for shift in shifts(roster, site.name, start, end, overrides):
        if shift.duty != duty.name:
            continue
        if shift.starts_at > at:
            _add(cell, site, at, shift.starts_at, "NO ONE", _empty_style(duty))
        names = ", ".join(person.display_name for person in shift.responders)
        _add(cell, site, shift.starts_at, shift.ends_at, names, "italic" if shift.source.startswith("override") else "")
        at = shift.ends_at
    if at < end:
        _add(cell, site, at, end, "NO ONE", _empty_style(duty))
    return cell


def _empty_style(duty: Duty) -> str:
    return "bold white on red" if duty.required else "dim"


def _add(cell: Text, site: RosterSite, start: datetime, end: datetime, words: str, style: str) -> None:
    first, last = on_the_wall(start, site.zone), on_the_wall(end, site.zone)
    closing = "24:00" if last.date() > first.date() else f"{last:%H:%M}"
    cell.append("\n" if cell.plain else "")
    span = f"{first:%H:%M}-{closing}".replace("00:00-24:00", "all day")
    cell.append(f"{span} {words}", style)
