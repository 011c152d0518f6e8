"""`wetread roster export|import`: to and from a planner's calendar. An import writes a new file; people compare and put it in place."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from wetread.cli.options import parser_for
from wetread.cli.roster_options import asked_roster, roster_parser, sites_of, span
from wetread.domain.errors import PermanentError
from wetread.triage.roster import find_gaps, shifts
from wetread.triage.roster_calendar import CalendarImport, export_calendar, import_calendar
from wetread.triage.roster_file import load_roster, parse_roster
from wetread.triage.roster_imported import with_imported

__all__ = ["export_ics", "import_ics"]


def export_ics(argv: list[str]) -> int:
    parser = roster_parser("export", "Write who covers what as an iCalendar file: names, no addresses.")
    parser.add_argument("--ics", type=Path, required=True, metavar="OUT", help="file to write")
    parser.add_argument("--site", help="one site; default: all")
    _add_span(parser, 90)
    args = parser.parse_args(argv)
    now = datetime.now(UTC)
    asked = asked_roster(args, now)
    sites = sites_of(asked.roster, args.site)
    starts_at, ends_at = span(args, sites[0], now)
    held = [each for site in sites for each in shifts(asked.roster, site.name, starts_at, ends_at, asked.overrides)]
    args.ics.write_bytes(export_calendar(held, made_at=now))
    names = {site.name for site in sites}
    missing = [g for g in find_gaps(asked.roster, starts_at, ends_at, asked.overrides) if g.site in names]
    print(
        f"{len(held)} shifts of {args.days} days are in {args.ics.name}; {len(missing)} gaps are not, see wetread roster gaps"
    )
    return 0


def import_ics(argv: list[str]) -> int:
    parser = parser_for("roster import", "Take a planner's iCalendar file into a new roster file.")
    parser.add_argument("calendar", type=Path, metavar="FILE.ics")
    parser.add_argument(
        "--roster", type=Path, required=True, metavar="FILE", help="the roster to build on; not changed"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="NEW", help="roster file to write; must not exist")
    parser.add_argument("--site", default="", help="site of events that name none; default: the roster's only site")
    parser.add_argument("--duty", default="", help="duty of events that name none, for example primary")
    _add_span(parser, 366)
    args = parser.parse_args(argv)
    roster = load_roster(args.roster)
    site = sites_of(roster, args.site or None)[0]
    default_site = args.site or (site.name if len(roster.sites) == 1 else "")
    starts_at, ends_at = span(args, site, datetime.now(UTC))
    found = import_calendar(
        _content(args.calendar), roster, starts_at=starts_at, ends_at=ends_at, site=default_site, duty=args.duty
    )
    _tell(found)
    if not found.shifts:
        raise PermanentError(f"{args.calendar.name} gives no shift in that time; nothing is written", code="no_shifts")
    text = with_imported(args.roster.read_text("utf-8"), roster, found.shifts)
    parse_roster(text, args.out.name)
    _write_new(args.out, text)
    print(
        f"{len(found.shifts)} shifts are in {args.out.name}: compare it, then put it in the place of {args.roster.name}"
    )
    return 0


def _add_span(parser: argparse.ArgumentParser, days: int) -> None:
    parser.add_argument("--days", type=int, default=days, help="how many days (default: %(default)s)")
    parser.add_argument("--from", dest="start", metavar="TIME", help="from when on, ISO 8601; default: now")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PermanentError(f"{path.name}: {error.strerror}", code="no_calendar") from None


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise PermanentError(f"{path.name}: {error.strerror}", code="not_written") from None


def _tell(found: CalendarImport) -> None:
    for each in found.unplaced:
        print(f"not placed: {each.starts or 'at an unknown time'} {each.summary!r}: {each.reason}", file=sys.stderr)
    if found.outside:
        print(f"outside of the time asked for: {found.outside} events", file=sys.stderr)
