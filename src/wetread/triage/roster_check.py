"""What a roster may not say: people nobody knows, hours claimed twice, spans that end before they start. Every problem is told, not only the first."""

from collections.abc import Iterator
from itertools import combinations

from wetread.domain.roster import RosterOverride
from wetread.triage.roster_plan import Duty, Roster, RosterSite
from wetread.triage.shift_text import overlapping

__all__ = ["problems"]


def problems(roster: Roster) -> Iterator[str]:
    """Each contradiction in words that name site, duty and person."""
    known = {person.person_id for person in roster.people}
    for site in roster.sites:
        yield from _site_problems(site, known)
    for dated in roster.dated:
        place = f"imported shift, site {dated.site}, duty {dated.duty}"
        yield from _unknown(place, dated.person_ids, known)
        yield from _place_problems(place, roster, dated.site, dated.duty)
        if dated.ends_at <= dated.starts_at:
            yield f"{place}: it ends before it starts"
    yield from _override_problems(roster, known)


def _site_problems(site: RosterSite, known: set[str]) -> Iterator[str]:
    yield from _unknown(f"site {site.name}, team", site.team, known)
    if not any(duty.required for duty in site.duties):
        yield f"site {site.name}: no duty is required, so no gap would ever be found"
    for duty in site.duties:
        yield from _duty_problems(f"site {site.name}, duty {duty.name}", duty, known)
    days = [day for holiday in site.holidays for day in holiday.days]
    for day in sorted({day for day in days if days.count(day) > 1}):
        yield f"site {site.name}: {day.isoformat()} is a holiday twice"
    for holiday in site.holidays:
        for duty in holiday.duties:
            place = f"site {site.name}, holiday {holiday.name}, duty {duty.name}"
            if site.duty(duty.name) is None:
                yield f"{place}: the site has no such duty"
            yield from _duty_problems(place, duty, known)


def _duty_problems(place: str, duty: Duty, known: set[str]) -> Iterator[str]:
    for layer in duty.layers:
        yield from _unknown(f"{place}, {layer.name}", layer.person_ids, known)
        if overlapping(layer.shifts):
            yield f"{place}, {layer.name}: two of its shifts overlap"
        if layer.first_day and layer.last_day and layer.last_day < layer.first_day:
            yield f"{place}, {layer.name}: last_day is before first_day"


def _override_problems(roster: Roster, known: set[str]) -> Iterator[str]:
    for each in roster.overrides:
        place = _named(each)
        yield from _unknown(place, (each.person_id,), known)
        yield from _place_problems(place, roster, each.site, each.duty)
        if each.ends_at <= each.starts_at:
            yield f"{place}: it ends before it starts"
    for one, other in combinations(roster.overrides, 2):
        if one.override_id == other.override_id:
            yield f"{_named(one)}: its id is used twice"
        same = (one.site, one.duty) == (other.site, other.duty)
        if same and one.starts_at < other.ends_at and other.starts_at < one.ends_at:
            yield f"{_named(one)}: it overlaps override {other.override_id}, so nobody can tell who holds the duty"


def _named(override: RosterOverride) -> str:
    return f"site {override.site}, duty {override.duty}, override {override.override_id}"


def _unknown(place: str, person_ids: tuple[str, ...], known: set[str]) -> Iterator[str]:
    for person in dict.fromkeys(person_ids):
        if person not in known:
            yield f"{place}: {person} is not under people"


def _place_problems(place: str, roster: Roster, site_name: str, duty: str) -> Iterator[str]:
    site = roster.site(site_name)
    if site is None or site.duty(duty) is None:
        yield f"{place}: the roster has no such site and duty"
