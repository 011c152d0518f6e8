"""Who is on call: properties over random rosters, and the hours at which clocks change."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.triage import roster_strategies as some

from wetread.domain.roster import Contact, RosterGap, RosterOverride
from wetread.triage.local_time import on_the_wall, to_utc
from wetread.triage.roster import describe_gap, everyone, find_gaps, on_call, shifts, unusable_overrides
from wetread.triage.roster_file import parse_roster
from wetread.triage.roster_plan import Layer, Roster, WeeklyShift

wall = datetime.fromisoformat  # without an offset: what a clock on the wall shows
BERLIN = ZoneInfo("Europe/Berlin")
CHANGES = [  # zone, wall time of the change, hours of the local day
    ("Europe/Berlin", wall("2026-03-29T02:00"), 23),
    ("Europe/Berlin", wall("2026-10-25T03:00"), 25),
    ("America/New_York", wall("2026-03-08T02:00"), 23),
    ("America/New_York", wall("2026-11-01T02:00"), 25),
    ("America/Santiago", wall("2026-09-06T00:00"), 23),
    ("America/Santiago", wall("2026-04-04T23:00"), 25),
    ("Asia/Beirut", wall("2026-03-29T00:00"), 23),
    ("Asia/Beirut", wall("2026-10-24T23:00"), 25),
]


def two_halves(zone: str, hand_over: str) -> Roster:
    """dr-a until the hand-over, dr-b from it on, every day."""
    return parse_roster(
        f"""
roster_version: t
people:
  dr-a: {{name: Dr A, contacts: [{{channel: sms, address: "1"}}]}}
  dr-b: {{name: Dr B, contacts: [{{channel: sms, address: "2"}}]}}
sites:
  main:
    time_zone: {zone}
    duties:
      primary:
        layers:
          - {{shifts: ["12:00-{hand_over}"], people: [dr-a]}}
          - {{shifts: ["{hand_over}-12:00"], people: [dr-b]}}
""",
        "t",
    )


# --- properties


@settings(max_examples=50, deadline=None)
@given(some.rosters(), some.spans(), st.lists(some.overrides(), max_size=3), st.data())
def test_someone_is_found_outside_of_the_gaps_and_no_one_inside(
    roster: Roster, span: tuple[datetime, datetime], overrides: list[RosterOverride], data: st.DataObject
) -> None:
    gaps = find_gaps(roster, *span, overrides)
    edges = [edge for gap in gaps for edge in (gap.starts_at, gap.ends_at)]
    inside = span[0] + (span[1] - span[0]) * data.draw(st.floats(0, 0.999))
    near = [edge + timedelta(microseconds=k) for edge in edges for k in (-1, 0)]
    for at in [inside, *near[:40]]:
        for duty in ("primary", "secondary"):
            in_gap = any(gap.duty == duty and gap.starts_at <= at < gap.ends_at for gap in gaps)
            if span[0] <= at < span[1]:
                assert (on_call(roster, "main", duty, at, overrides) == ()) == in_gap


@settings(max_examples=50, deadline=None)
@given(some.rosters(), some.spans(), st.lists(some.overrides(), max_size=3))
def test_shifts_and_gaps_tile_the_span(
    roster: Roster, span: tuple[datetime, datetime], overrides: list[RosterOverride]
) -> None:
    held, gaps = shifts(roster, "main", *span, overrides), find_gaps(roster, *span, overrides)
    for duty in ("primary", "secondary"):
        pieces = sorted((each.starts_at, each.ends_at) for each in (*held, *gaps) if each.duty == duty)
        assert pieces[0][0] == span[0]
        assert pieces[-1][1] == span[1]
        assert all(one[1] == two[0] for one, two in pairwise(pieces))
        assert all(start < end for start, end in pieces)


@settings(max_examples=40, deadline=None)
@given(some.rosters(), some.instants, st.sampled_from(["primary", "secondary"]))
def test_the_plan_says_the_same_as_a_reading_of_the_wall_clock(roster: Roster, at: datetime, duty: str) -> None:
    """Another algorithm, for a zone without changes: look at the wall clock instead of laying out spans."""
    site = replace(roster.sites[0], zone=ZoneInfo("UTC"))
    roster = replace(roster, sites=(site,))
    found = {person.person_id for person in on_call(roster, "main", duty, at)}
    assert found == _read_off_the_wall(roster, duty, at)


def _read_off_the_wall(roster: Roster, duty: str, at: datetime) -> set[str]:
    swaps = [o for o in roster.overrides if o.duty == duty and o.starts_at <= at < o.ends_at]
    if swaps:
        return {swaps[-1].person_id}
    dated = [d for d in roster.dated if d.duty == duty and d.starts_at <= at < d.ends_at]
    if dated:
        return {person for each in dated for person in each.person_ids}
    plan, site = roster.sites[0].duty(duty), roster.sites[0]
    assert plan is not None
    shown = at.replace(tzinfo=None)
    by_rank: dict[tuple[int, int], set[str]] = {}
    for back in (0, 1):
        day = shown.date() - timedelta(days=back)
        holiday = site.holiday_on(day)
        special = next((d.layers for d in holiday.duties if d.name == duty), None) if holiday else None
        weekday = day.weekday() if special is not None or not holiday or holiday.like is None else holiday.like
        for index, layer in enumerate(plan.layers if special is None else special):
            begun = not layer.first_day or layer.first_day <= day
            if begun and any(_covers(shift, weekday, day, shown) for shift in layer.shifts):
                by_rank.setdefault((special is None, index), set()).update(_turn(layer, shown))
    return next((found for _, found in sorted(by_rank.items()) if found), set())


def _covers(shift: WeeklyShift, weekday: int, day: date, shown: datetime) -> bool:
    midnight = datetime.combine(day, time())
    minutes = (shown - midnight).total_seconds() / 60 - shift.start_minute
    return weekday in shift.weekdays and 0 <= minutes < shift.length_minutes


def _turn(layer: Layer, shown: datetime) -> tuple[str, ...]:
    if layer.rotation is None:
        return layer.people
    origin = datetime.combine(layer.rotation.starts_on, layer.rotation.hand_over)
    number = (shown - origin) // timedelta(days=layer.rotation.length_days)
    return layer.rotation.turns[number % len(layer.rotation.turns)] if number >= 0 else ()


@settings(max_examples=40, deadline=None)
@given(some.rosters(), some.overrides(), some.instants)
def test_an_override_wins_inside_its_span_and_changes_nothing_outside(
    roster: Roster, override: RosterOverride, at: datetime
) -> None:
    for moment in (at, override.starts_at, override.ends_at - timedelta.resolution, override.ends_at):
        found = on_call(roster, "main", "primary", moment, [override])
        if override.starts_at <= moment < override.ends_at:
            assert [person.person_id for person in found] == [override.person_id]
        else:
            assert found == on_call(roster, "main", "primary", moment)
    assert on_call(roster, "main", "secondary", at, [override]) == on_call(roster, "main", "secondary", at)


@settings(max_examples=40, deadline=None)
@given(some.rosters(), some.overrides(person="dr-unknown"), some.instants)
def test_a_hand_over_to_someone_unknown_leaves_the_duty_where_it_was(
    roster: Roster, override: RosterOverride, at: datetime
) -> None:
    assert on_call(roster, "main", "primary", at, [override]) == on_call(roster, "main", "primary", at)
    assert unusable_overrides(roster, [override]) == ((override, "the roster does not know dr-unknown"),)


@settings(max_examples=40, deadline=None)
@given(some.rosters(), some.instants)
def test_everyone_holds_whoever_may_be_on_call(roster: Roster, at: datetime) -> None:
    known = everyone(roster, "main")
    assert len(set(known)) == len(known)
    for duty in ("primary", "secondary"):
        assert set(on_call(roster, "main", duty, at)) <= set(known)


# --- clocks that change


@given(
    st.sampled_from(some.ZONES),
    st.integers(0, 366 * 1440).map(lambda m: wall("2026-01-01T00:00") + timedelta(minutes=m)),
    st.integers(0, 300),
)
def test_wall_clock_to_utc_never_runs_backwards(zone: str, shown: datetime, minutes: int) -> None:
    later = shown + timedelta(minutes=minutes)
    assert to_utc(shown, ZoneInfo(zone)) <= to_utc(later, ZoneInfo(zone))


@pytest.mark.parametrize(("zone", "change", "hours"), CHANGES)
@pytest.mark.parametrize("minutes", [-60, -30, 0, 30, 60])
def test_a_hand_over_at_a_change_of_the_clocks_leaves_no_hole_and_no_double(
    zone: str, change: datetime, hours: int, minutes: int
) -> None:
    """The local day has its 23 or 25 hours, each held by one person, handed over once, also when the hand-over's hour is skipped or comes twice."""
    tz = ZoneInfo(zone)
    hand_over = (change + timedelta(minutes=minutes)).strftime("%H:%M")
    roster = two_halves(zone, hand_over)
    noon = datetime.combine((change - timedelta(hours=12)).date(), time(12))
    start, end = to_utc(noon, tz), to_utc(noon + timedelta(days=1), tz)
    assert (end - start) == timedelta(hours=hours)
    held = shifts(roster, "main", start, end)
    assert [[p.person_id for p in each.responders] for each in held] == [["dr-a"], ["dr-b"]]
    assert (held[0].starts_at, held[0].ends_at, held[1].ends_at) == (start, held[1].starts_at, end)
    assert find_gaps(roster, start - timedelta(days=2), end + timedelta(days=2)) == ()


@pytest.mark.parametrize(("zone", "change", "hours"), CHANGES)
def test_minute_by_minute_over_a_change_no_clock_runs_backwards(zone: str, change: datetime, hours: int) -> None:
    walls = [change + timedelta(minutes=k) for k in range(-180, 181)]
    instants = [to_utc(each, ZoneInfo(zone)) for each in walls]
    assert instants == sorted(instants)
    assert instants[-1] - instants[0] == timedelta(hours=6 + hours - 24)


def test_a_repeated_hand_over_is_at_its_first_pass() -> None:
    assert to_utc(wall("2026-10-25T02:30"), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert to_utc(wall("2026-11-01T01:00"), ZoneInfo("America/New_York")) == datetime(2026, 11, 1, 5, tzinfo=UTC)


def test_a_skipped_hand_over_is_at_the_instant_of_the_change() -> None:
    assert to_utc(wall("2026-03-29T02:30"), BERLIN) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    santiago = ZoneInfo("America/Santiago")
    assert to_utc(wall("2026-09-06T00:00"), santiago) == datetime(2026, 9, 6, 4, tzinfo=UTC)
    assert on_the_wall(datetime(2026, 9, 6, 4, tzinfo=UTC), santiago) == wall("2026-09-06T01:00")


# --- words and small promises


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2026-11-29T01:00Z", "2026-11-29T05:00Z", "Sunday 29 Nov 02:00-06:00"),
        ("2026-11-29T17:00Z", "2026-11-29T23:00Z", "Sunday 29 Nov 18:00-24:00"),
        ("2026-11-29T17:00Z", "2026-11-30T05:00Z", "Sunday 29 Nov 18:00 - Monday 30 Nov 06:00"),
        ("2026-10-25T00:00Z", "2026-10-25T01:00Z", "Sunday 25 Oct 02:00 CEST-02:00 CET"),
    ],
)
def test_a_gap_is_told_on_the_sites_wall_clock(start: str, end: str, words: str) -> None:
    gap = RosterGap("main", "primary", datetime.fromisoformat(start), datetime.fromisoformat(end))
    assert describe_gap(gap, BERLIN) == f"main, primary: no one covers {words} (Europe/Berlin)"


def test_an_address_is_in_no_repr() -> None:
    assert "5550" not in repr(Contact("sms", "+49 30 5550 101"))
    assert "sms" in repr(Contact("sms", "+49 30 5550 101"))


def test_an_unknown_site_or_duty_has_no_one_and_a_naive_time_is_refused() -> None:
    roster = two_halves("UTC", "00:00")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert on_call(roster, "elsewhere", "primary", at) == ()
    assert on_call(roster, "main", "tertiary", at) == ()
    assert everyone(roster, "elsewhere") == ()
    with pytest.raises(ValueError, match="aware"):
        on_call(roster, "main", "primary", wall("2026-01-01T00:00"))
