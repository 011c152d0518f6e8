"""Replications: seeds, intervals, groups, and the cap that is recommended."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from simulated_rooms import FIFO, PRIORITY, a_finding, a_room, exactly

from wetread.simulation.cap_sweep import sweep_caps
from wetread.simulation.demand import draw_demand
from wetread.simulation.experiment import simulate
from wetread.simulation.report import experiment_document, sweep_document
from wetread.simulation.scenario import BadScenario, Rate, RequestedPriority, Rule, Run
from wetread.simulation.turnaround import groups_of, t95

FINDINGS = (
    a_finding(right=0.8, prevalence=0.1),
    a_finding("effusion", urgency=1, critical=False, prevalence=0.2, right=0.8),
)
ROOM = a_room(*FINDINGS, runs=(FIFO, PRIORITY), days=7)


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others() -> None:
    first, again, other = (experiment_document(simulate(ROOM, seed=seed, replications=2)) for seed in (5, 5, 6))
    assert first == again
    assert first["runs"] != other["runs"]


def test_every_rule_reads_the_same_studies() -> None:
    results = simulate(ROOM, seed=1, replications=3).results
    counts = [{name: group.n for name, group in groups.items()} for groups in results.values()]
    assert counts[0] == counts[1]
    assert counts[0]["all"] == counts[0]["normal"] + counts[0]["critical"] + counts[0]["urgent"] > 0


def test_the_warm_up_is_not_counted() -> None:
    room = a_room(per_hour=5, days=4, warm_up_days=30)
    assert simulate(room, seed=1, replications=5).results["fifo"]["all"].n == pytest.approx(5 * 4 * 24 * 5, rel=0.1)


def test_a_replications_numbers_do_not_depend_on_how_many_follow() -> None:
    one, three = (simulate(ROOM, seed=9, replications=n).results["fifo"]["all"] for n in (1, 3))
    assert one.statistics["mean"].mean != three.statistics["mean"].mean
    assert three.statistics["maximum"].largest >= one.statistics["maximum"].largest


def test_the_interval_of_the_mean_holds_the_truth_about_as_often_as_it_says() -> None:
    """M/M/1: turnaround is 6 / (1 - 0.5) = 12 minutes; 30 intervals of 6 replications each."""
    room = a_room(per_hour=5, days=3)
    spreads = [
        simulate(room, seed=seed, replications=6).results["fifo"]["all"].statistics["mean"] for seed in range(30)
    ]
    held = sum(each.mean_low <= 12.0 <= each.mean_high for each in spreads)
    assert 25 <= held <= 30
    assert np.mean([each.mean_high - each.mean_low for each in spreads]) < 5


def test_students_t_is_the_tables() -> None:
    table = {1: 12.706, 4: 2.776, 5: 2.571, 9: 2.262, 19: 2.093, 99: 1.984}
    assert {freedom: round(t95(freedom), 2) for freedom in table} == {
        freedom: round(value, 2) for freedom, value in table.items()
    }


def test_what_is_drawn_has_the_rates_that_were_asked_for() -> None:
    finding = replace(a_finding(prevalence=0.3), sensitivity=exactly(0.8), specificity=exactly(0.9))
    room = replace(a_room(finding, per_hour=30, readers=9), requested=(RequestedPriority("stat", 0.25, 2),))
    demand = draw_demand(room, 60, np.random.default_rng(8))
    present, called = demand.present[:, 0], demand.called[:, 0]
    assert present.mean() == pytest.approx(0.3, abs=0.01)
    assert called[present].mean() == pytest.approx(0.8, abs=0.015)
    assert called[~present].mean() == pytest.approx(0.1, abs=0.01)
    assert (demand.urgency[~called] == 2).mean() == pytest.approx(0.25, abs=0.015)
    assert (demand.urgency[called] == 3).all()


def test_arrivals_follow_the_hours_of_the_week() -> None:
    hours = tuple(tuple(5.0 if day == 2 and hour in (9, 10) else 0.0 for hour in range(24)) for day in range(7))
    demand = draw_demand(replace(a_room(), arrivals_per_hour=hours), 700, np.random.default_rng(3))
    assert set(demand.arrival_min // 1440 % 7) == {2.0}
    assert set(demand.arrival_min % 1440 // 60) == {9.0, 10.0}
    assert demand.counted.sum() == pytest.approx(1000, abs=100)


def test_an_interval_of_a_rate_widens_what_replications_show() -> None:
    unsure = replace(a_finding(prevalence=1.0), sensitivity=Rate(0.8, 0.6, 0.9))

    def shares(finding_sensitivity: Rate) -> list[float]:
        room = a_room(replace(unsure, sensitivity=finding_sensitivity), days=5)
        return [float(draw_demand(room, 5, np.random.default_rng(seed)).called.mean()) for seed in range(200)]

    drawn = np.quantile(shares(unsure.sensitivity), (0.025, 0.5, 0.975))
    assert drawn == pytest.approx([0.6, 0.8, 0.9], abs=0.05)
    assert np.ptp(shares(exactly(0.8))) < 0.12


def test_a_missed_critical_study_is_one_that_got_no_critical_place() -> None:
    demand = draw_demand(ROOM, 60, np.random.default_rng(4))
    groups = dict(groups_of(ROOM, demand))
    missed = groups["pneumothorax missed"]
    assert (missed == (demand.present[:, 0] & ~demand.called[:, 0])).all()
    assert 0 < missed.sum() < groups["pneumothorax"].sum()


def test_missed_critical_studies_pay_for_the_priority_of_the_others() -> None:
    results = simulate(replace(ROOM, days=40), seed=2, replications=4).results
    found, missed = (
        results["priority"][group].statistics["mean"].mean for group in ("pneumothorax", "pneumothorax missed")
    )
    assert found < results["fifo"]["pneumothorax"].statistics["mean"].mean < missed


def test_the_recommended_cap_is_the_longest_that_makes_nobody_wait_longer_than_today() -> None:
    room = replace(ROOM, days=21, runs=(Run("capped", Rule.CAP_ABOVE_ALL, cap_min=60),))
    sweep = sweep_caps(room, (10, 40, 120, 480, 100_000), margin=0.1, seed=3, replications=4)
    kept = [point.critical_kept or 0 for point in sweep.points]
    assert all(sooner <= later + 0.02 for sooner, later in pairwise(kept))
    assert kept[0] < 0.5
    assert kept[-1] == pytest.approx(1)
    harmless = [point.cap_min for point in sweep.points if point.worst_over_fifo <= 1.1]
    assert sweep.recommended_min == max(harmless)
    assert 0 < len(harmless) < len(sweep.points)
    assert sweep_document(sweep)["recommended_min"] == sweep.recommended_min


def test_no_cap_is_recommended_where_none_qualifies() -> None:
    room = replace(ROOM, days=21, runs=(Run("capped", Rule.CAP_ABOVE_ALL, cap_min=60),))
    sweep = sweep_caps(room, (100_000,), margin=0.1, seed=3, replications=2)
    assert sweep.recommended_min is None
    assert "try shorter" in sweep.reason


def test_no_cap_is_recommended_where_priority_brings_nothing() -> None:
    blind = replace(FINDINGS[0], sensitivity=exactly(0.0), specificity=exactly(0.5))
    sweep = sweep_caps(replace(ROOM, findings=(blind,), days=28), (60,), margin=0.5, seed=3, replications=3)
    assert sweep.recommended_min is None
    assert "does not shorten" in sweep.reason


def test_a_sweep_without_a_critical_finding_is_refused() -> None:
    with pytest.raises(BadScenario, match="none is critical"):
        sweep_caps(replace(ROOM, findings=FINDINGS[1:]), (60,), margin=0.1, seed=1, replications=1)


@pytest.mark.parametrize(
    ("replications", "per_hour", "named"), [(0, 5.0, "replications"), (1, 9000.0, "do not fit into memory")]
)
def test_a_size_that_cannot_be_simulated_is_refused(replications: int, per_hour: float, named: str) -> None:
    with pytest.raises(BadScenario, match=named):
        simulate(a_room(per_hour=per_hour, days=60), seed=1, replications=replications)
