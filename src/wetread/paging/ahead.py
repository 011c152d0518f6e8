"""What would go wrong tonight, found by day: gaps in the roster, channels and duties that nobody set up, hand-overs that change nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wetread.domain.alarm import AlarmKind
from wetread.domain.critical import EscalationPath
from wetread.domain.roster import RosterGap
from wetread.monitoring.alarms import Silence, clear_alarm, settle
from wetread.paging.responders import Responders
from wetread.paging.sweep import gap_key
from wetread.ports.database import Database, UnitOfWork
from wetread.triage.escalation import EVERYONE
from wetread.triage.roster import describe_gap, find_gaps, unusable_overrides
from wetread.triage.roster_book import RosterBook
from wetread.triage.roster_plan import Roster

__all__ = ["LookAhead"]

_HORIZON = timedelta(days=7)
_SOON = timedelta(hours=24)
_KINDS = frozenset({AlarmKind.ROSTER_GAP, AlarmKind.CONFIGURATION})


@dataclass(frozen=True, slots=True)
class LookAhead:
    """`channels` are the configured ones, `sites` those that send films here; `wrong` are settings that could not be used when the pager started, each with what is wrong. `broken` is what does not work now, such as a channel: it is paged by what does."""

    database: Database
    book: RosterBook
    paths: Mapping[str, EscalationPath]
    channels: frozenset[str]
    sites: tuple[str, ...]
    wrong: tuple[tuple[str, str], ...] = ()
    broken: Callable[[], Sequence[tuple[str, str]]] = lambda: ()

    def run_once(self, now: datetime) -> tuple[Silence, ...]:
        """Raise what is wrong as alarms and clear what is mended; returns what is wrong now."""
        broken = tuple(_configuration(what, message, pages=True) for what, message in self.broken())
        with self.database.begin() as unit:
            responders = Responders.read(self.book, unit, now)
            unknown = {result.path for result in unit.criticals()} - set(self.paths)
            found = (*broken, *self._troubles(responders, now), *map(_unknown_path, sorted(unknown)))
            settle(unit, found, _KINDS, now)
            if responders.roster is not None and not responders.problem:
                _forget_those_who_left(unit, responders.roster, now)
            unit.commit()
        return found

    def _troubles(self, responders: Responders, now: datetime) -> Iterator[Silence]:
        for what, message in self.wrong:
            yield _configuration(what, message, pages=True)
        roster = responders.roster
        if responders.problem:
            text = (
                f"{responders.problem}; `wetread roster check FILE` says when it is right"
                if roster
                else responders.problem
            )
            yield _configuration("roster_file", text, pages=roster is not None)
        if roster is None:
            return
        yield from self._unknown_names(roster)
        for override, reason in unusable_overrides(roster, responders.overrides):
            yield _configuration(f"override:{override.override_id}", f"a hand-over changes nothing: {reason}")
        yield from _gaps(roster, find_gaps(roster, now, now + _HORIZON, responders.overrides), now)

    def _unknown_names(self, roster: Roster) -> Iterator[Silence]:
        named = {contact.channel for person in roster.people for contact in person.contacts}
        for channel in sorted(named - self.channels):
            yield _configuration(
                f"channel:{channel}", f"the roster names the channel {channel}, which is not configured"
            )
        duties = {step.duty for path in self.paths.values() for step in path.steps} - {EVERYONE}
        for name in self.sites:
            site = roster.site(name)
            if site is None:
                yield _configuration(f"site:{name}", f"the roster has no site {name}: its results go to everybody")
                continue
            for duty in sorted(duty for duty in duties if site.duty(duty) is None):
                text = f"the escalation paths page {duty}, which the roster of {name} does not have"
                yield _configuration(f"duty:{name}:{duty}", text)


def _forget_those_who_left(unit: UnitOfWork, roster: Roster, now: datetime) -> None:
    """Nobody will be paged there again, so no page will ever say that they can be reached."""
    for alarm in unit.alarms():
        if alarm.kind is AlarmKind.PAGE_UNDELIVERABLE and roster.responder(alarm.alarm_key.partition(":")[2]) is None:
            clear_alarm(unit, alarm.alarm_key, now)


def _gaps(roster: Roster, gaps: tuple[RosterGap, ...], now: datetime) -> Iterator[Silence]:
    """One alarm per site and duty, about its first gap; it pages when that is less than a day away."""
    first: dict[str, list[RosterGap]] = {}
    for gap in gaps:
        first.setdefault(gap_key(gap.site, gap.duty), []).append(gap)
    for key, of_duty in first.items():
        gap, more = of_duty[0], len(of_duty) - 1
        site = roster.site(gap.site)
        text = describe_gap(gap, site.zone if site else UTC)
        also = f", and {more} more within {_HORIZON.days} days" if more else ""
        yield Silence(AlarmKind.ROSTER_GAP, key, gap.site, text + also, pages=gap.starts_at - now < _SOON)


def _unknown_path(name: str) -> Silence:
    return _configuration(
        f"path:{name}",
        f"open results are to climb by the escalation path {name}, which the policy that the pager has read does not have: they climb by another; restart wetread",
    )


def _configuration(what: str, message: str, *, pages: bool = False) -> Silence:
    return Silence(AlarmKind.CONFIGURATION, f"configuration:{what}", "", message, pages)
