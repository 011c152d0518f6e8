"""When a source counts as silent: by its own hours and days, not on noise, not for ever after a holiday, never without history."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from arrival_data import BERLIN, Traffic, count_by_hour, false_alarms, noticed_after
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from wetread.domain.alarm import AlarmKind
from wetread.monitoring.silence import ArrivalTable, Judgement, Verdict, chance_of_none, judge, silences
from wetread.ports.watch_store import ArrivalCount

A_YEAR = 1 / 52
HOUR = timedelta(hours=1)
TUESDAY = datetime(2026, 3, 3, 10, tzinfo=UTC)
"""In the ninth week of `Traffic`, at the busiest hour."""


def judged(rows: tuple[ArrivalCount, ...], now: datetime, zone: ZoneInfo = BERLIN) -> dict[str, Judgement]:
    return {each.modality: each for each in judge(rows, now, lambda _: zone, false_alarms_per_week=A_YEAR)}


def history(traffic: Traffic, until: datetime, *, modality: str = "", seed: int = 1) -> tuple[ArrivalCount, ...]:
    return count_by_hour([time for time in traffic.times(70, seed) if time < until], modality=modality)


def test_the_chance_is_the_zero_term_of_the_negative_binomial() -> None:
    for mean, shape in ((0.5, 3.0), (8.0, 10.0), (40.0, 250.0)):
        assert chance_of_none(mean, shape) == pytest.approx(nbinom.pmf(0, shape, shape / (shape + mean)))
    assert chance_of_none(8.0, 1e9) == pytest.approx(poisson.pmf(0, 8.0), rel=1e-6)


def test_a_busy_site_is_silent_after_an_hour_by_day_and_not_by_night() -> None:
    rows = history(Traffic(1200), TUESDAY)
    assert judged(rows, TUESDAY + HOUR / 4)[""].verdict is Verdict.SPEAKS
    assert judged(rows, TUESDAY + 2 * HOUR)[""].verdict is Verdict.SILENT
    night = TUESDAY - 9 * HOUR
    assert judged(history(Traffic(1200), night), night + 2 * HOUR)[""].verdict is Verdict.SPEAKS


def test_the_hours_are_the_sites_own_across_a_change_of_clocks() -> None:
    """Two sites send at eight on their wall clock only; Berlin's moved on 29 March 2026, so that at 6:30 UTC it is overdue, and a site on UTC is not."""
    days = [datetime(2026, 2, 1, tzinfo=BERLIN) + timedelta(days=day) for day in range(56)]
    for zone, overdue in ((BERLIN, True), (UTC, False)):
        eights = [day.replace(hour=8, tzinfo=zone).astimezone(UTC) for day in days]
        times = [at + timedelta(minutes=each) for at in eights for each in range(40)]
        found = judge(
            count_by_hour(times),
            datetime(2026, 3, 30, 6, 30, tzinfo=UTC),
            lambda _, z=zone: z,
            false_alarms_per_week=A_YEAR,
        )  # type: ignore[misc]
        assert found[0].verdict is Verdict.SILENT
        expected = ArrivalTable({row.hour: row.studies for row in count_by_hour(times)}, times[-1], zone)
        assert (
            expected.expected(datetime(2026, 3, 30, 6, tzinfo=UTC), datetime(2026, 3, 30, 6, 30, tzinfo=UTC))[0] > 0
        ) is overdue


def test_a_modality_is_silent_only_while_its_site_speaks() -> None:
    films, portables = Traffic(900).times(70, 1), Traffic(300).times(70, 2)

    def rows(films_until: datetime, portables_until: datetime) -> tuple[ArrivalCount, ...]:
        dx, cr = [t for t in films if t < films_until], [t for t in portables if t < portables_until]
        named = (*count_by_hour(dx, modality="DX"), *count_by_hour(cr, modality="CR"))
        return (*count_by_hour(sorted([*dx, *cr])), *named)

    later = TUESDAY + 6 * HOUR
    alone = judged(rows(later, TUESDAY), later)
    assert {name: each.verdict.value for name, each in alone.items()} == {"": "speaks", "DX": "speaks", "CR": "silent"}
    both = judged(rows(TUESDAY, TUESDAY), later)
    assert {name: each.verdict.value for name, each in both.items()} == {"": "silent", "DX": "speaks", "CR": "speaks"}
    (alarm,) = silences(both.values(), later)
    assert (alarm.kind, alarm.alarm_key, alarm.pages) == (AlarmKind.NOTHING_ARRIVES, "nothing_arrives/main", True)
    assert "no study from site main for 6 h" in alarm.message


@pytest.mark.parametrize(("days", "per_week"), [(10, 1000), (60, 1)])
def test_a_source_with_little_history_is_said_to_be_unjudged_and_never_alarms(days: int, per_week: float) -> None:
    rows = count_by_hour(Traffic(per_week).times(days, 3))
    found = judged(rows, rows[-1].last_at + timedelta(days=30))[""]
    assert found.verdict is Verdict.YOUNG
    assert silences([found], TUESDAY) == ()


def test_a_broken_feed_stays_broken_for_weeks() -> None:
    """The expectation is learnt up to the last study, not up to now: it does not get used to the silence."""
    rows = history(Traffic(70), TUESDAY)
    for weeks in (1, 3, 7):
        assert judged(rows, TUESDAY + timedelta(weeks=weeks))[""].verdict is Verdict.SILENT


def test_holidays_outages_and_migrations_in_the_history_change_little() -> None:
    times = [time for time in Traffic(700).times(70, 1) if time < TUESDAY]
    bad_days = {datetime(2026, 1, day, tzinfo=UTC).date() for day in (20, 21, 22)}
    flood = [datetime(2026, 2, 3, 9, tzinfo=UTC) + timedelta(seconds=each) for each in range(7000)]
    odd = sorted([time for time in times if time.date() not in bad_days] + flood)
    usual, disturbed = (judged(count_by_hour(each), TUESDAY)[""] for each in (times, odd))
    assert disturbed.per_week == pytest.approx(usual.per_week, rel=0.03)
    assert disturbed.alarm_below == pytest.approx(usual.alarm_below, rel=0.15)


def test_after_a_flood_the_usual_pace_is_no_silence() -> None:
    times = [time for time in Traffic(300).times(70, 1) if time < TUESDAY]
    flood = [TUESDAY - HOUR / 2 + timedelta(milliseconds=100 * each) for each in range(5000)]
    rows = count_by_hour(sorted([*times, *flood]))
    assert judged(rows, TUESDAY + HOUR / 2)[""].verdict is Verdict.SPEAKS


def test_studies_from_the_future_hide_no_silence() -> None:
    """While the clock was three days ahead something came; back on time, the feed breaks."""
    rows = history(Traffic(1200), TUESDAY)
    ahead = ArrivalCount(TUESDAY + timedelta(days=3), "main", "", 5, TUESDAY + timedelta(days=3))
    assert judged((*rows, ahead), TUESDAY + 4 * HOUR)[""].verdict is Verdict.SILENT


@given(st.integers(0, 10**6), st.sampled_from([30.0, 200.0, 900.0]), st.floats(0, 400), st.floats(0, 100))
@settings(max_examples=25, deadline=None)
def test_the_chance_of_a_silence_only_falls_as_it_lasts(seed: int, volume: float, hours: float, more: float) -> None:
    rows = history(Traffic(volume, day_spread=0.3), TUESDAY, seed=seed % 3)
    table = ArrivalTable({row.hour: row.studies for row in rows}, rows[-1].last_at, BERLIN)
    sooner, _ = table.chance_of_silence(rows[-1].last_at + hours * HOUR)
    later, _ = table.chance_of_silence(rows[-1].last_at + (hours + more) * HOUR)
    assert 0.0 <= later <= sooner <= 1.0


@pytest.mark.parametrize(
    "traffic",
    [Traffic(70), Traffic(300, day_spread=0.3), Traffic(150, batch=3.0), Traffic(150, day_spread=0.3, holidays=11)],
)
def test_false_alarms_are_no_more_frequent_than_aimed_at(traffic: Traffic) -> None:
    """One in four weeks is aimed at: 30 weeks give 7.5 at most on average, and 15 or more by chance in 1 run of 100 only. `benchmarks/silence_watch.py` has the rates."""
    run = false_alarms(traffic, 30, 5, a_week=0.25)
    assert run.weeks > 29
    assert run.count <= poisson.ppf(0.99, 0.25 * run.weeks)


def test_the_same_count_would_show_a_watch_that_cries_wolf() -> None:
    """Batches taken for single studies: the test above can fail."""
    aimed = 0.25
    run = false_alarms(replace(Traffic(150, batch=3.0)), 30, 5, a_week=aimed * 12)
    assert run.count > poisson.ppf(0.99, aimed * run.weeks)


def test_a_broken_feed_is_noticed_the_sooner_the_more_it_sends() -> None:
    waits = [noticed_after(Traffic(volume), TUESDAY, 1, a_week=A_YEAR) for volume in (20, 70, 300, 1200)]
    assert all(waits)
    known = [each for each in waits if each]
    assert known == sorted(known, reverse=True)
    assert known[-1] < 2 * HOUR
