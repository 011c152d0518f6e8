"""How many patients a gate needs: the exact curve against every sequence written out, against simulation, and what it says of a plan."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

from wetread.domain.finding import FindingName
from wetread.domain.rollout import FindingLimits, GatePlan
from wetread.evaluation.sequential import horizon_e_value, rate_e_value, rate_e_value_reached
from wetread.governance.gates import HORIZON_STAKE, rate_evidence
from wetread.governance.power import foresight, patients_to_notice

PRIOR = (4.8, 55.2)


def test_the_curve_is_that_of_every_sequence_written_out() -> None:
    rate, limit, evidence, cases = 0.4, 0.2, 2.0, 9
    reached = np.zeros(cases)
    for outcomes in product((0, 1), repeat=cases):
        chance = float(np.prod([rate if each else 1 - rate for each in outcomes]))
        values = [rate_e_value(sum(outcomes[:n]), n, limit, (3.0, 4.0)) for n in range(1, cases + 1)]
        reached += chance * (np.maximum.accumulate(values) >= evidence)
    assert rate_e_value_reached(rate, limit, evidence, (3.0, 4.0), cases) == pytest.approx(reached, abs=1e-12)
    assert 0 < reached[0] < reached[-1] < 1


def test_the_curve_is_what_simulated_rollouts_do() -> None:
    random = np.random.default_rng(12)
    events = np.cumsum(random.random((3000, 600)) < 0.08, axis=1)
    ask = {
        (int(k), n): rate_evidence(int(k), n, 0.05, 0.03)
        for n in range(20, 601, 20)
        for k in np.unique(events[:, n - 1])
    }
    rung = np.array([[ask[int(k), n] >= 20 for k in events[:, n - 1]] for n in range(20, 601, 20)]).any(axis=0).mean()
    exact = rate_e_value_reached(0.08, 0.05, 20.0, PRIOR, 600)[-1]
    assert exact - 0.05 < rung < exact + 0.03  # looked at every 20th patient: a little later


def test_what_is_staked_on_a_horizon_is_an_e_process_that_pays_on_the_count_it_waits_for() -> None:
    """Against binomials: fair at every step under the limit, at least 1 / level from the event on that makes the count, 0 beyond the horizon without it."""
    horizon, limit, level = 40, 0.2, 0.05
    enough = int(binom.isf(level, horizon, limit)) + 1
    tail = binom.sf(enough - 1, horizon, limit)
    for cases in range(horizon):
        for events in range(cases + 1):
            now, without, with_one = (
                horizon_e_value(hit, of, limit, horizon, level)
                for hit, of in ((events, cases), (events, cases + 1), (events + 1, cases + 1))
            )
            assert now == pytest.approx(limit * with_one + (1 - limit) * without, rel=1e-9)
            assert with_one >= without
    assert horizon_e_value(0, 0, limit, horizon, level) == 1
    assert horizon_e_value(enough, 30, limit, horizon, level) == pytest.approx(1 / tail)
    assert 1 / tail >= 1 / level
    assert horizon_e_value(enough - 1, horizon, limit, horizon, level) == 0
    assert horizon_e_value(2, 2, limit, 2, 0.001) == 1  # so many cannot be: nothing is staked
    for wrong in ((3, 2, 0.2, 40, 0.05), (0, 41, 0.2, 40, 0.05), (0, 0, 0.0, 40, 0.05), (0, 0, 0.2, 40, 1.0)):
        with pytest.raises(ValueError, match="need rates"):
            horizon_e_value(*wrong)


def test_the_staked_curve_is_that_of_every_sequence_written_out() -> None:
    rate, limit, evidence, cases, horizon, stake = 0.5, 0.2, 4.0, 9, 6, 0.7
    reached = np.zeros(cases)
    for outcomes in product((0, 1), repeat=cases):
        chance = float(np.prod([rate if each else 1 - rate for each in outcomes]))
        values = [
            stake * horizon_e_value(sum(outcomes[: min(n, horizon)]), min(n, horizon), limit, horizon, stake / evidence)
            + (1 - stake) * rate_e_value(sum(outcomes[:n]), n, limit, (3.0, 4.0))
            for n in range(1, cases + 1)
        ]
        reached += chance * (np.maximum.accumulate(values) >= evidence * (1 - 1e-12))
    ahead = (horizon, stake, stake / evidence)
    assert rate_e_value_reached(rate, limit, evidence, (3.0, 4.0), cases, horizon=ahead) == pytest.approx(reached)
    assert 0 < reached[3] < reached[-1] < 1


@pytest.mark.parametrize("share", [1.0, 3 / 18, 1 / 14])
def test_a_told_horizon_notices_more_within_it_and_errs_no_more_than_promised(share: float) -> None:
    needed = 1 / (0.05 * share)
    ahead = (1100, HORIZON_STAKE, HORIZON_STAKE / needed)
    worse = rate_e_value_reached(0.08, 0.05, needed, PRIOR, 1140, horizon=ahead)
    assert worse[-1] > 0.9
    assert worse[-1] > rate_e_value_reached(0.08, 0.05, needed, PRIOR, 1140)[-1]
    assert rate_e_value_reached(0.05, 0.05, needed, PRIOR, 1600, horizon=ahead)[-1] < 0.05 * share


def test_at_the_budget_it_is_reached_less_often_than_promised() -> None:
    assert rate_e_value_reached(0.05, 0.05, 20.0, PRIOR, 2000)[-1] < 0.05


def test_a_smaller_share_of_the_error_budget_takes_more_patients() -> None:
    plan = a_plan(1.0)
    alone, critical, equal = (patients_to_notice(0.05, 0.03, plan, share) for share in (1.0, 3 / 18, 1 / 14))
    assert (alone, critical, equal) == (944, 1307, 1466)
    assert patients_to_notice(0.05, 0.03, plan, 1.0, sites=3) == 1172
    assert patients_to_notice(0.5, 0.005, plan, 1.0) is None


def test_a_plan_with_a_horizon_says_how_many_patients_that_takes() -> None:
    plan = replace(a_plan(1 / 14), horizon=1100)
    assert patients_to_notice(0.05, 0.03, plan, 1 / 14, staked=True) == 1097
    assert patients_to_notice(0.05, 0.03, plan, 1 / 14) == 1466
    assert "take 1,097 patients without it" in foresight(plan, 1)


def a_plan(*shares: float) -> GatePlan:
    names = list(FindingName)
    return GatePlan(tuple(FindingLimits(names[at], share, 0.05, 0.1) for at, share in enumerate(shares)))


def test_a_plan_says_what_it_cannot_notice_in_its_time() -> None:
    words = foresight(a_plan(0.75, 0.25), 1)
    least = patients_to_notice(0.05, 0.03, a_plan(1.0), 0.25)
    assert f"3 more false positives per 100 in {list(FindingName)[1].value} take {least:,} patients without it" in words
    assert "60 days: --only, --critical or --max-days" in words
    hopeless = GatePlan((FindingLimits(FindingName.PNEUMOTHORAX, 1.0, 0.5, 0.1),), false_positive_margin=0.005)
    assert "take more than 5,000 patients without it" in foresight(hopeless, 1)


def test_the_finding_that_is_told_is_the_slowest_of_the_plan() -> None:
    names, budgets = list(FindingName), (0.05, 0.17, 0.57, 0.72, 0.85, 0.92)
    limits = tuple(FindingLimits(names[at], 1 / 6, 0.05 + at / 200, each) for at, each in enumerate(budgets))
    plan = GatePlan(limits)
    takes = [patients_to_notice(each, 0.1, plan, 1 / 6) or 0 for each in budgets]
    slowest = int(np.argmax(takes))
    assert f"more misses per 100 in {names[slowest].value} take {takes[slowest]:,} patients who have it" in foresight(
        plan, 1
    )
    assert f"3 more false positives per 100 in {names[5].value} take" in foresight(plan, 1)


@pytest.mark.parametrize(("rate", "cases"), [(-0.1, 5), (1.1, 5), (0.5, 0)])
def test_a_curve_of_nothing_is_refused(rate: float, cases: int) -> None:
    with pytest.raises(ValueError, match="need a rate"):
        rate_e_value_reached(rate, 0.2, 20.0, PRIOR, cases)
