"""Who is on call, who could be called, and when nobody is: the roster resolved at exact instants. Pure; all instants are aware UTC.

Precedence at any instant: an override, a dated shift (calendar), the holiday's layers, the weekly layers in file order. Claims of equal rank hold the duty together. A claim
whose people the roster does not know is passed over, so that the next one is asked and not nobody.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise

from wetread.domain.roster import Responder, RosterGap, RosterOverride
from wetread.triage.roster_claims import Claim, dated_claims, layer_claims, override_claims
from wetread.triage.roster_plan import Roster, RosterSite

__all__ = ["Roster", "RosterShift", "describe_gap", "everyone", "find_gaps", "on_call", "shifts", "unusable_overrides"]

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class RosterShift:
    """`responders` (at least one) hold `duty` in [starts_at, ends_at); `source` names the layer, holiday, calendar or override that says so."""

    site: str
    duty: str
    starts_at: datetime
    ends_at: datetime
    responders: tuple[Responder, ...]
    source: str


def on_call(
    roster: Roster, site: str, duty: str, at: datetime, overrides: Sequence[RosterOverride] = ()
) -> tuple[Responder, ...]:
    """Everyone who holds `duty` at `site` at that instant; empty: a gap, or a site or duty that the roster does not have."""
    instant = at.astimezone(UTC) if at.utcoffset() is not None else at
    return _timeline(roster, site, duty, instant, instant + timedelta.resolution, overrides)[0].responders


def everyone(roster: Roster, site: str) -> tuple[Responder, ...]:
    """Every responder known for the site, on duty or not, each once: the last step of an escalation. Empty for an unknown site."""
    found = roster.site(site)
    if found is None:
        return ()
    dated = [person for each in roster.dated if each.site == site for person in each.person_ids]
    swapped = [each.person_id for each in roster.overrides if each.site == site]
    return _responders(roster, [*_people_of(found), *dated, *swapped])


def find_gaps(
    roster: Roster, starts_at: datetime, ends_at: datetime, overrides: Sequence[RosterOverride] = ()
) -> tuple[RosterGap, ...]:
    """Every span in [starts_at, ends_at) in which no one holds a required duty, with exact ends, by time."""
    gaps = [
        RosterGap(each.site, each.duty, each.starts_at, each.ends_at)
        for site in roster.sites
        for duty in site.duties
        if duty.required
        for each in _timeline(roster, site.name, duty.name, starts_at, ends_at, overrides)
        if not each.responders
    ]
    return tuple(sorted(gaps, key=lambda gap: gap.starts_at))


def shifts(
    roster: Roster, site: str, starts_at: datetime, ends_at: datetime, overrides: Sequence[RosterOverride] = ()
) -> tuple[RosterShift, ...]:
    """Who covers what and when at a site, clipped to [starts_at, ends_at), by duty and time. Together with the gaps they tile the span."""
    found = roster.site(site)
    return tuple(
        each
        for duty in (found.duties if found else ())
        for each in _timeline(roster, site, duty.name, starts_at, ends_at, overrides)
        if each.responders
    )


def unusable_overrides(roster: Roster, overrides: Sequence[RosterOverride]) -> tuple[tuple[RosterOverride, str], ...]:
    """The overrides that change nothing, each with the reason: nobody may believe in a hand-over that did not happen."""
    reasons = [(each, _why_unusable(roster, each)) for each in overrides]
    return tuple((each, reason) for each, reason in reasons if reason)


def describe_gap(gap: RosterGap, tz: tzinfo) -> str:
    """The gap in words on the wall clock of `tz`: 'main, primary: no one covers Sunday 29 Nov 02:00-06:00 (Europe/Berlin)'."""
    start, end = gap.starts_at.astimezone(tz), gap.ends_at.astimezone(tz)
    clocks_change = start.utcoffset() != end.utcoffset()
    first = _clock(start, clocks_change)
    midnight = end.replace(tzinfo=None, fold=0) == _next_midnight(start)
    if midnight or start.date() == end.date():
        span = f"{_day(start)} {first}-{'24:00' if midnight else _clock(end, clocks_change)}"
    else:
        span = f"{_day(start)} {first} - {_day(end)} {_clock(end, clocks_change)}"
    return f"{gap.site}, {gap.duty}: no one covers {span} ({tz})"


def _next_midnight(local: datetime) -> datetime:
    return local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, fold=0) + timedelta(days=1)


def _day(local: datetime) -> str:
    return f"{_WEEKDAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}"


def _clock(local: datetime, with_zone: bool) -> str:
    shown = local.strftime("%H:%M:%S" if local.second else "%H:%M")
    return f"{shown} {local.tzname()}" if with_zone else shown


def _why_unusable(roster: Roster, override: RosterOverride) -> str:
    site = roster.site(override.site)
    if site is None or site.duty(override.duty) is None:
        return f"the roster has no duty {override.duty} at site {override.site}"
    if roster.responder(override.person_id) is None:
        return f"the roster does not know {override.person_id}"
    return "it ends before it starts" if override.ends_at <= override.starts_at else ""


def _people_of(site: RosterSite) -> Iterator[str]:
    duties = [*site.duties, *(duty for holiday in site.holidays for duty in holiday.duties)]
    for duty in duties:
        for layer in duty.layers:
            yield from layer.person_ids
    yield from site.team


def _responders(roster: Roster, person_ids: Sequence[str]) -> tuple[Responder, ...]:
    known = (roster.responder(person_id) for person_id in dict.fromkeys(person_ids))
    return tuple(person for person in known if person is not None)


def _timeline(
    roster: Roster,
    site: str,
    duty: str,
    starts_at: datetime,
    ends_at: datetime,
    overrides: Sequence[RosterOverride],
) -> tuple[RosterShift, ...]:
    """Consecutive spans that tile [starts_at, ends_at); those that nobody covers have no responders."""
    if starts_at.utcoffset() is None or ends_at.utcoffset() is None:
        raise ValueError("the roster is asked in aware UTC datetimes only")
    starts_at, ends_at = starts_at.astimezone(UTC), ends_at.astimezone(UTC)
    claims = _claims(roster, site, duty, starts_at, ends_at, overrides)
    edges = {starts_at, ends_at}
    edges.update(edge for c in claims for edge in (c.starts_at, c.ends_at) if starts_at < edge < ends_at)
    return _merged(_spans(roster, site, duty, sorted(edges), claims)) if starts_at < ends_at else ()


def _claims(
    roster: Roster,
    site: str,
    duty: str,
    starts_at: datetime,
    ends_at: datetime,
    overrides: Sequence[RosterOverride],
) -> list[Claim]:
    found = roster.site(site)
    plan = found.duty(duty) if found else None
    claims = [
        *override_claims([o for o in (*roster.overrides, *overrides) if (o.site, o.duty) == (site, duty)]),
        *dated_claims([d for d in roster.dated if (d.site, d.duty) == (site, duty)]),
        *(layer_claims(found, plan, starts_at, ends_at) if found and plan else ()),
    ]
    touching = [c for c in claims if c.starts_at < ends_at and c.ends_at > starts_at and c.starts_at < c.ends_at]
    return sorted((c for c in touching if _responders(roster, c.person_ids)), key=lambda c: c.starts_at)


def _spans(
    roster: Roster, site: str, duty: str, edges: Sequence[datetime], claims: Sequence[Claim]
) -> Iterator[RosterShift]:
    """One span between each two edges; `claims` sorted by start, so one pass is enough."""
    active: list[Claim] = []
    waiting = 0
    for start, end in pairwise(edges):
        while waiting < len(claims) and claims[waiting].starts_at <= start:
            active.append(claims[waiting])
            waiting += 1
        active = [claim for claim in active if claim.ends_at > start]
        rank = min((claim.rank for claim in active), default=None)
        holding = [claim for claim in active if claim.rank == rank]
        people = [person for claim in holding for person in claim.person_ids]
        yield RosterShift(site, duty, start, end, _responders(roster, people), holding[0].source if holding else "")


def _merged(spans: Iterator[RosterShift]) -> tuple[RosterShift, ...]:
    merged: list[RosterShift] = []
    for span in spans:
        last = merged[-1] if merged else None
        if last and (last.responders, last.source) == (span.responders, span.source):
            merged[-1] = RosterShift(span.site, span.duty, last.starts_at, span.ends_at, span.responders, span.source)
        else:
            merged.append(span)
    return tuple(merged)
