"""A history made with known rates gives them back; too little of it is refused; an error names the row and shows nothing of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from simulated_rooms import ALWAYS, FIFO, a_finding, a_room

from wetread.simulation.demand import draw_demand
from wetread.simulation.experiment import simulate
from wetread.simulation.history import HistoryFit, PastStudy, fit_history, read_history
from wetread.simulation.reading_room import read_all
from wetread.simulation.scenario import BadScenario, Reading, ReadingTime, RequestedPriority, Scenario, Shift

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
FINDINGS = (a_finding(prevalence=0.05), a_finding("effusion", urgency=1, critical=False, prevalence=0.3))
WEEKDAY, WEEKEND = (*(2.0,) * 8, *(9.0,) * 8, *(4.0,) * 8), (2.0,) * 24
TRUE = replace(
    a_room(
        *FINDINGS,
        reading=Reading(ReadingTime.LOGNORMAL, 4.0, 0.6),
        shifts=(Shift("open", ALWAYS, 7 * 60, 20 * 60, 1, 1.0),),
        warm_up_days=0,
    ),
    arrivals_per_hour=(WEEKDAY,) * 5 + (WEEKEND,) * 2,
)


def past(scenario: Scenario, days: int, seed: int = 1) -> list[PastStudy]:
    random = np.random.default_rng(seed)
    demand = draw_demand(scenario, days, random)
    _, signed_min = read_all(scenario, demand, FIFO)
    names = [
        frozenset(f.name for f, there in zip(scenario.findings, row, strict=True) if there) for row in demand.present
    ]
    asked = random.choice(["", "routine", "stat"], size=len(names), p=[0.5, 0.4, 0.1])
    return [
        PastStudy(MONDAY + timedelta(minutes=float(a)), MONDAY + timedelta(minutes=float(s)), found, str(priority))
        for a, s, found, priority in zip(demand.arrival_min, signed_min, names, asked, strict=True)
    ]


@pytest.fixture(scope="module")
def fit() -> HistoryFit:
    return fit_history(past(TRUE, 112), TRUE, UTC)


def test_arrivals_are_found_again(fit: HistoryFit) -> None:
    assert fit.scenario.studies_per_week == pytest.approx(TRUE.studies_per_week, rel=0.05)
    rates = np.array(fit.scenario.arrivals_per_hour)
    assert rates[:5, 8:16].mean() == pytest.approx(9, rel=0.05)
    assert rates[:5, :8].mean() == pytest.approx(2, rel=0.1)
    assert rates[5:].mean() == pytest.approx(2, rel=0.1)


def test_reading_speed_and_hours_on_duty_are_found_again(fit: HistoryFit) -> None:
    assert fit.scenario.reading.mean_min == pytest.approx(4.0, rel=0.05)
    assert fit.scenario.reading.variation == pytest.approx(0.6, abs=0.12)
    assert {shift.start_min // 60 for shift in fit.scenario.shifts} == set(range(7, 20))
    weekday = [fit.scenario.reading.mean_min / shift.speed for shift in fit.scenario.shifts if shift.days[0] == 0]
    assert weekday == pytest.approx([4.0] * 13, rel=0.1)


def test_studies_that_wait_for_the_doors_to_open_do_not_open_them_earlier() -> None:
    hours = ((*(0.0,) * 6, *(2.0,) * 14, *(0.0,) * 4),) * 7
    fit = fit_history(past(replace(TRUE, arrivals_per_hour=hours), 112), TRUE, UTC)
    opened = {shift.start_min // 60 for shift in fit.scenario.shifts}
    assert set(range(7, 20)) <= opened <= set(range(7, 21)), "the last readings may run on for a while"


def test_prevalences_and_requested_priorities_are_found_again(fit: HistoryFit) -> None:
    assert [finding.prevalence for finding in fit.scenario.findings] == pytest.approx([0.05, 0.3], rel=0.15)
    assert fit.scenario.requested == (RequestedPriority("stat", pytest.approx(0.1, rel=0.1), 3),)


def test_the_fitted_room_makes_people_wait_as_long_as_the_real_one(fit: HistoryFit) -> None:
    simulated = simulate(fit.scenario, seed=3, replications=4, days=56, runs=[FIFO]).results["fifo"]["all"].statistics
    assert simulated["mean"].mean == pytest.approx(fit.observed_min.mean(), rel=0.15)
    assert simulated["p95"].mean == pytest.approx(np.quantile(fit.observed_min, 0.95), rel=0.15)


def test_what_cannot_be_fitted_is_said(fit: HistoryFit) -> None:
    assert any("sensitivity" in gap for gap in fit.not_fitted)
    assert fit.scenario.findings[0].sensitivity == TRUE.findings[0].sensitivity


def test_a_rare_finding_keeps_the_assumed_prevalence_and_says_how_many_are_needed() -> None:
    rare = replace(TRUE, findings=(replace(FINDINGS[0], prevalence=0.0005), FINDINGS[1]))
    fit = fit_history(past(rare, 35), TRUE, UTC)
    assert fit.scenario.findings[0].prevalence == 0.05
    assert any("prevalence of pneumothorax" in gap and "10 are needed" in gap for gap in fit.not_fitted)


def test_hours_are_the_sites_own() -> None:
    """Arrivals from 08:00 UTC on are arrivals from 09:00 on in a Hamburg winter."""
    fit = fit_history(past(TRUE, 56), TRUE, ZoneInfo("Europe/Berlin"))
    rates = np.array(fit.scenario.arrivals_per_hour)[:5].mean(axis=0)
    assert rates[8] < 4 < 7 < rates[9]


@pytest.mark.parametrize(("days", "keep"), [(20, None), (60, 300), (60, 0)])
def test_too_little_history_is_refused_with_the_number_needed(days: int, keep: int | None) -> None:
    with pytest.raises(BadScenario, match="at least 385 over 28 are needed"):
        fit_history(past(TRUE, days)[:keep], TRUE, UTC)


def test_a_growing_backlog_is_refused() -> None:
    slow = replace(TRUE, reading=Reading(ReadingTime.LOGNORMAL, 9.0, 0.6))
    export = MONDAY + timedelta(days=60)
    studies = [
        study if study.signed_at and study.signed_at < export else replace(study, signed_at=None)
        for study in past(slow, 60)
    ]
    assert studies[-1].signed_at is None
    with pytest.raises(BadScenario, match="backlog grew"):
        fit_history(studies, TRUE, UTC)


def test_a_csv_is_read_with_offsets_findings_and_extra_columns(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_text(
        "received_at,signed_at,findings,priority,ward\n2026-01-05 08:00,2026-01-05T08:30:00+01:00, Effusion ; pneumothorax,STAT,7\n2026-01-05T09:00:00Z,,,,7\n"
    )
    first, second = read_history(file, ZoneInfo("Europe/Berlin"))
    assert first == PastStudy(
        datetime(2026, 1, 5, 7, tzinfo=UTC),
        datetime(2026, 1, 5, 7, 30, tzinfo=UTC),
        frozenset({"effusion", "pneumothorax"}),
        "stat",
    )
    assert second == PastStudy(datetime(2026, 1, 5, 9, tzinfo=UTC), None, frozenset(), "")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("received_at,findings\n", "signed_at is missing"),
        (
            "received_at,signed_at,findings\n2026-01-05T08:00Z,2026-01-05T08:30Z,\n2026-01-05T08:00Z,Erika Secret,\n",
            "row 3: signed_at: is not",
        ),
        ("received_at,signed_at,findings\n2026-01-05T08:00Z,2026-01-05T07:30Z,Secret\n", "row 2: signed_at is before"),
    ],
)
def test_a_bad_row_is_named_and_not_shown(content: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text(content)
    with pytest.raises(BadScenario) as refused:
        read_history(tmp_path / "history.csv", UTC)
    assert named in str(refused.value)
    assert "Secret" not in str(refused.value)


def test_an_unknown_priority_is_refused() -> None:
    studies = [replace(study, priority="eilig") for study in past(TRUE, 35)]
    with pytest.raises(BadScenario, match="priority that is neither"):
        fit_history(studies, TRUE, UTC)
