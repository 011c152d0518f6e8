"""What every `wetread roster` act shares: which roster, which hand-overs, from when to when."""

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from wetread.cli.options import parser_for, settings_from
from wetread.domain.errors import PermanentError
from wetread.domain.roster import RosterOverride
from wetread.settings import Settings
from wetread.triage.local_time import to_utc
from wetread.triage.roster_file import load_roster
from wetread.triage.roster_plan import Roster, RosterSite

__all__ = ["AskedRoster", "asked_roster", "instant", "roster_parser", "sites_of", "span"]


@dataclass(frozen=True, slots=True)
class AskedRoster:
    """A roster with the hand-overs made in the reading room; none are read for a file given on the command line."""

    path: Path
    roster: Roster
    overrides: tuple[RosterOverride, ...]


def roster_parser(act: str, description: str) -> argparse.ArgumentParser:
    parser = parser_for(f"roster {act}", description)
    parser.add_argument(
        "--roster",
        type=Path,
        metavar="FILE",
        help="roster file, without the hand-overs made in the reading room; default: the setting roster_file, with them",
    )
    return parser


def asked_roster(args: argparse.Namespace, since: datetime) -> AskedRoster:
    """The roster of --roster or the settings, with the overrides that end after `since`; raises PermanentError where there is none."""
    settings = settings_from(args)
    path = args.roster or settings.roster_file
    if path is None:
        raise PermanentError("no roster: give --roster FILE or set roster_file", code="no_roster")
    overrides = () if args.roster else _made_in_the_reading_room(settings, since)
    return AskedRoster(path, load_roster(path), overrides)


def sites_of(roster: Roster, name: str | None) -> tuple[RosterSite, ...]:
    """The site of that name, or all; raises PermanentError for one that the roster does not have."""
    if name is None:
        return roster.sites
    site = roster.site(name)
    if site is None:
        known = ", ".join(each.name for each in roster.sites)
        raise PermanentError(f"the roster has no site {name} (it has: {known})", code="no_site")
    return (site,)


def instant(text: str | None, site: RosterSite, now: datetime) -> datetime:
    """An ISO 8601 moment as aware UTC, on the site's wall clock where it has no offset; None: now, to the second."""
    if text is None:
        return now.replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise PermanentError(f"{text!r} is no date and time such as 2026-12-24T02:30", code="bad_time") from None
    return moment.astimezone(UTC) if moment.tzinfo else to_utc(moment, site.zone)


def span(args: argparse.Namespace, site: RosterSite, now: datetime) -> tuple[datetime, datetime]:
    """--from and --days as [start, end), aware UTC."""
    if not 1 <= args.days <= 732:
        raise PermanentError("--days is from 1 to 732", code="bad_time")
    start = instant(args.start, site, now)
    return start, start + timedelta(days=args.days)


def _made_in_the_reading_room(settings: Settings, since: datetime) -> tuple[RosterOverride, ...]:
    from wetread.bootstrap import build_core

    with build_core(settings).database.begin(write=False) as unit:
        return unit.overrides(ends_after=since)
