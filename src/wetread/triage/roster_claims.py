"""Who claims a duty and when: the layers, holidays and rotations of one site turned into UTC spans, each with its precedence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from wetread.domain.roster import RosterOverride
from wetread.triage.local_time import on_the_wall, to_utc
from wetread.triage.roster_plan import DatedShift, Duty, Holiday, Layer, RosterSite, Rotation

__all__ = ["Claim", "dated_claims", "layer_claims", "override_claims"]

_LOOK_BACK = timedelta(days=2)
_BY_OVERRIDE, _BY_DATE, _BY_HOLIDAY, _BY_WEEK = range(4)


@dataclass(frozen=True, slots=True)
class Claim:
    """`person_ids` hold the duty in [starts_at, ends_at), aware UTC, unless a claim of a lower `rank` covers the instant."""

    starts_at: datetime
    ends_at: datetime
    person_ids: tuple[str, ...]
    source: str
    rank: tuple[int, int]


def override_claims(overrides: Sequence[RosterOverride]) -> Iterator[Claim]:
    """Of two overrides for the same instant the later in the sequence wins: it was made last."""
    for index, each in enumerate(overrides):
        rank = (_BY_OVERRIDE, -index)
        yield Claim(each.starts_at, each.ends_at, (each.person_id,), f"override {each.override_id}", rank)


def dated_claims(dated: Sequence[DatedShift]) -> Iterator[Claim]:
    for each in dated:
        yield Claim(each.starts_at, each.ends_at, each.person_ids, "calendar", (_BY_DATE, 0))


def layer_claims(site: RosterSite, duty: Duty, starts_at: datetime, ends_at: datetime) -> Iterator[Claim]:
    """Every claim of the duty's layers and holidays that may touch [starts_at, ends_at)."""
    day = (on_the_wall(starts_at, site.zone) - _LOOK_BACK).date()
    last = on_the_wall(ends_at, site.zone).date()
    while day <= last:
        yield from _claims_starting_on(day, site, duty)
        day += timedelta(days=1)


def _claims_starting_on(day: date, site: RosterSite, duty: Duty) -> Iterator[Claim]:
    holiday = site.holiday_on(day)
    special = _special_layers(holiday, duty.name) if holiday else None
    if holiday and special is not None:
        for index, layer in enumerate(special):
            yield from _layer_claims_on(day, day.weekday(), layer, site, holiday.name, (_BY_HOLIDAY, index))
        return
    weekday = holiday.like if holiday and holiday.like is not None else day.weekday()
    for index, layer in enumerate(duty.layers):
        yield from _layer_claims_on(day, weekday, layer, site, layer.name, (_BY_WEEK, index))


def _special_layers(holiday: Holiday, duty_name: str) -> tuple[Layer, ...] | None:
    return next((duty.layers for duty in holiday.duties if duty.name == duty_name), None)


def _layer_claims_on(
    day: date, weekday: int, layer: Layer, site: RosterSite, source: str, rank: tuple[int, int]
) -> Iterator[Claim]:
    if (layer.first_day and day < layer.first_day) or (layer.last_day and day > layer.last_day):
        return
    for shift in layer.shifts:
        if weekday not in shift.weekdays:
            continue
        start = datetime.combine(day, time()) + timedelta(minutes=shift.start_minute)
        end = start + timedelta(minutes=shift.length_minutes)
        for piece_start, piece_end, people in _who(layer, start, end):
            yield Claim(to_utc(piece_start, site.zone), to_utc(piece_end, site.zone), people, source, rank)


def _who(layer: Layer, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, tuple[str, ...]]]:
    if layer.rotation is None:
        yield start, end, layer.people
    else:
        yield from _turns(layer.rotation, start, end)


def _turns(rotation: Rotation, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, tuple[str, ...]]]:
    """The wall-clock span cut at every hand-over; hours before the rotation begins have nobody."""
    origin = datetime.combine(rotation.starts_on, rotation.hand_over)
    length = timedelta(days=rotation.length_days)
    number = max(0, (start - origin) // length)
    while (begins := origin + number * length) < end:
        yield max(start, begins), min(end, begins + length), rotation.turns[number % len(rotation.turns)]
        number += 1
