"""`wetread roster check|who|gaps|schema`: what a roster says, who it names, and whom it lacks. Addresses are never printed."""

import json
import sys
from argparse import Namespace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from wetread.cli.options import parser_for, settings_from
from wetread.cli.roster_options import AskedRoster, asked_roster, instant, roster_parser, sites_of, span
from wetread.domain.errors import PermanentError
from wetread.domain.roster import RosterGap
from wetread.triage.local_time import on_the_wall
from wetread.triage.roster import RosterShift, describe_gap, find_gaps, shifts, unusable_overrides
from wetread.triage.roster_file import load_roster, roster_document_schema
from wetread.triage.roster_plan import Roster, RosterSite

__all__ = ["check", "gaps", "schema", "who"]

_AHEAD = timedelta(days=14)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def check(argv: list[str]) -> int:
    parser = parser_for("roster check", "Read a roster file as wetread will. Every problem is told with its place.")
    parser.add_argument("file", type=Path, metavar="FILE")
    args = parser.parse_args(argv)
    roster = load_roster(args.file)
    here = settings_from(args).site
    duties = sum(len(site.duties) for site in roster.sites)
    sites = ", ".join(f"{site.name} ({site.zone})" for site in roster.sites)
    print(
        f"{args.file.name}: roster {roster.roster_version}, {len(roster.people)} people, {duties} duties, sites: {sites}"
    )
    if roster.site(here) is None:
        print(f"warning: this installation's site, {here}, is not in it: nobody would be called", file=sys.stderr)
    now = datetime.now(UTC)
    if found := find_gaps(roster, now, now + _AHEAD):
        print(f"{len(found)} gaps in the next {_AHEAD.days} days: wetread roster gaps --roster {args.file}")
    return 0


def schema(argv: list[str]) -> int:
    parser_for("roster schema", "Print the JSON Schema of the roster file.").parse_args(argv)
    print(json.dumps(roster_document_schema(), indent=1))
    return 0


def gaps(argv: list[str]) -> int:
    parser = roster_parser("gaps", "Hours ahead that no one covers. Exit status 1 when there are any.")
    parser.add_argument("--days", type=int, default=_AHEAD.days, help="how far to look (default: %(default)s)")
    parser.add_argument("--from", dest="start", metavar="TIME", help="from when on, ISO 8601; default: now")
    args = parser.parse_args(argv)
    now = datetime.now(UTC)
    asked = asked_roster(args, now)
    starts_at, ends_at = span(args, asked.roster.sites[0], now)
    found = find_gaps(asked.roster, starts_at, ends_at, asked.overrides)
    for gap in found:
        print(_in_words(gap, asked.roster))
    ignored = _tell_unusable(asked, now)
    required = sum(duty.required for site in asked.roster.sites for duty in site.duties)
    if not found:
        print(f"no gap in {args.days} days: {required} required duties at {len(asked.roster.sites)} sites are covered")
    return 1 if found or ignored else 0


def who(argv: list[str]) -> int:
    parser = roster_parser("who", "Who is on call. Exit status 1 when a required duty has no one.")
    parser.add_argument("--site", help="one site; default: all")
    parser.add_argument("--duty", help="one duty; default: all")
    parser.add_argument(
        "--at", metavar="TIME", help="ISO 8601, the site's wall clock unless it has an offset; default: now"
    )
    parser.add_argument("--week", action="store_true", help="a picture of the seven days from then on, gaps in red")
    args = parser.parse_args(argv)
    now = datetime.now(UTC)
    asked = asked_roster(args, _EVER)
    sites = sites_of(asked.roster, args.site)
    if args.duty and not any(site.duty(args.duty) for site in sites):
        raise PermanentError(f"the roster has no duty {args.duty} there", code="no_duty")
    _tell_unusable(asked, now)
    missing = [_show_site(asked, site, args, instant(args.at, site, now)) for site in sites]
    return 1 if any(missing) else 0


def _show_site(asked: AskedRoster, site: RosterSite, args: Namespace, at: datetime) -> bool:
    """Print one site; True when a required duty has no one."""
    duties = [duty for duty in site.duties if args.duty in (None, duty.name)]
    if args.week:
        from wetread.cli.roster_week import show_week

        return show_week(asked.roster, site, duties, at, asked.overrides)
    held = shifts(asked.roster, site.name, at, at + _AHEAD, asked.overrides)
    print(f"{site.name}, {_when(at, site)} ({site.zone})")
    for duty in duties:
        print(f"  {duty.name:<12} {_now_holding([each for each in held if each.duty == duty.name], site, at)}")
    on_duty = {each.duty for each in held if each.starts_at == at}
    return any(duty.required and duty.name not in on_duty for duty in duties)


def _now_holding(held: list[RosterShift], site: RosterSite, at: datetime) -> str:
    if not held:
        return f"NO ONE for at least {_AHEAD.days} days"
    first = held[0]
    if first.starts_at > at:
        return f"NO ONE until {_when(first.starts_at, site)}"
    names = ", ".join(f"{p.display_name} ({', '.join(c.channel for c in p.contacts)})" for p in first.responders)
    lasting = first.ends_at == at + _AHEAD
    until = f"for at least {_AHEAD.days} days" if lasting else f"until {_when(first.ends_at, site)}"
    return f"{names} {until}  [{first.source}]"


def _in_words(gap: RosterGap, roster: Roster) -> str:
    site = roster.site(gap.site)
    return describe_gap(gap, site.zone if site else UTC)


def _tell_unusable(asked: AskedRoster, now: datetime) -> int:
    """Say which hand-overs that are not over yet have no effect; returns how many."""
    unusable = unusable_overrides(asked.roster, [each for each in asked.overrides if each.ends_at > now])
    for override, reason in unusable:
        print(f"hand-over {override.override_id} has no effect: {reason}", file=sys.stderr)
    return len(unusable)


def _when(at: datetime, site: RosterSite) -> str:
    return on_the_wall(at, site.zone).strftime("%Y-%m-%d %H:%M")
