"""How many patients a gate needs: the exact curve against every sequence written out, against simulation, and what it says of a plan."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from wetread.domain.finding import FindingName
from wetread.domain.rollout import FindingLimits, GatePlan, Traffic
from wetread.evaluation.sequential import rate_e_value, rate_e_value_reached
from wetread.governance.gates import rate_evidence
from wetread.governance.power import chance_by, foresight, patients_to_notice

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


def test_at_the_budget_it_is_reached_less_often_than_promised() -> None:
    assert rate_e_value_reached(0.05, 0.05, 20.0, PRIOR, 2000)[-1] < 0.05


def test_a_smaller_share_of_the_error_budget_takes_more_patients() -> None:
    plan = a_plan(1.0)
    alone, critical, equal = (patients_to_notice(0.05, 0.03, plan, share) for share in (1.0, 3 / 18, 1 / 14))
    assert (alone, critical, equal) == (944, 1307, 1466)
    assert patients_to_notice(0.05, 0.03, plan, 1.0, sites=3) == 1172
    assert patients_to_notice(0.5, 0.005, plan, 1.0) is None


def a_plan(*shares: float, stake: float = 0.8) -> GatePlan:
    names = list(FindingName)
    limits = tuple(FindingLimits(names[at], share, 0.05, 0.1) for at, share in enumerate(shares))
    return GatePlan(limits, stake=stake)


def expecting(plan: GatePlan, least: int, most: int) -> GatePlan:
    limits = tuple(replace(each, least=least, most=most) for each in plan.limits)
    return replace(plan, limits=limits, traffic=Traffic(60.0, 2400, 1200))


def test_a_last_look_takes_fewer_patients_and_from_then_on_always_sees_it() -> None:
    plan = a_plan(*[1 / 14] * 14)
    owed = patients_to_notice(0.05, 0.03, plan, 1 / 14, staked=True)
    assert owed is not None
    assert owed < patients_to_notice(0.05, 0.03, plan, 1 / 14) == 1466
    assert all(chance_by(plan, plan.limits[0], owed + more) >= 0.9 for more in (0, 10, 50, 170))
    assert chance_by(plan, plan.limits[0], owed - 10) < 0.9
    assert chance_by(plan, plan.limits[0], 0) == 0
    assert patients_to_notice(0.5, 0.005, plan, 1 / 14, staked=True) is None


def test_more_patients_than_the_look_waits_for_promise_no_more() -> None:
    (limits, *_), plan = a_plan(*[1 / 14] * 14).limits, a_plan(*[1 / 14] * 14)
    assert chance_by(plan, replace(limits, most=600), 1100) == chance_by(plan, limits, 600) < 0.6


def test_a_site_whose_traffic_is_enough_says_how_likely_it_is() -> None:
    words = foresight(expecting(a_plan(*[1 / 14] * 14), 1150, 1270), "main")
    assert words[0].startswith("main: 1,150 to 1,270 different patients")
    assert "A rise by 3 false positives per 100 in one finding is taken back by then with a chance of 9" in words[1]
    assert not any("WARNING" in each for each in words)


def test_a_site_whose_traffic_is_too_little_names_the_findings_the_chance_and_the_days() -> None:
    plan = expecting(a_plan(0.6, 0.2, 0.2), 380, 420)
    words = foresight(plan, "main")
    chances = [round(100 * chance_by(plan, each, 400)) for each in plan.limits]
    names = list(FindingName)
    days = [
        -(-(patients_to_notice(0.05, 0.03, plan, each.weight, staked=True) or 0) * 60 // 400) for each in plan.limits
    ]
    assert "for 3 of 3" in words[1]
    for name, chance, needed in zip(names, chances, days, strict=False):
        assert f"{name.value} {chance} % ({needed} days)" in words[1]
    assert f"--max-days {max(days)}, --only" in words[2]
    only_some = foresight(expecting(a_plan(0.8, 0.1, 0.1), 700, 760), "main")
    assert "for 2 of 3" in only_some[1]
    assert names[0].value not in only_some[1]
    common = replace(plan.limits[2], least=0, most=0)
    never = foresight(replace(plan, limits=(*plan.limits[:2], common)), "main")
    assert f"{names[2].value} 0 % (too many days)" in never[1]


def test_where_nobody_knows_the_traffic_it_says_what_it_takes_and_what_half_of_it_gives() -> None:
    plan = a_plan(0.75, 0.25)
    words = foresight(plan, "main")
    least = patients_to_notice(0.05, 0.03, plan, 0.25, staked=True) or 0
    half = chance_by(plan, plan.limits[1], least // 2)
    assert "is not known" in words[0]
    assert (
        f"when {least:,} patients without it come, {-(-least // 60)} a day ({list(FindingName)[1].value};" in words[1]
    )
    assert f"when half as many come, of {100 * half:.0f} %" in words[1]
    unstaked = patients_to_notice(0.05, 0.03, plan, 0.25)
    assert f"when {unstaked:,} patients" in foresight(replace(plan, stake=0.0), "main")[1]
    hopeless = GatePlan((FindingLimits(FindingName.PNEUMOTHORAX, 1.0, 0.5, 0.1),), false_positive_margin=0.005)
    assert "not taken back with a chance of 90 % by 5,000 patients" in foresight(hopeless, "main")[1]


def test_the_finding_that_is_told_is_the_slowest_of_the_plan() -> None:
    names, budgets = list(FindingName), (0.05, 0.17, 0.57, 0.72, 0.85, 0.92)
    limits = tuple(FindingLimits(names[at], 1 / 6, 0.05 + at / 200, each) for at, each in enumerate(budgets))
    plan = GatePlan(limits)
    takes = [patients_to_notice(each, 0.1, plan, 1 / 6) or 0 for each in budgets]
    slowest = int(np.argmax(takes))
    words = foresight(plan, "main")
    assert f"misses per 100 takes {takes[slowest]:,} patients who have it ({names[slowest].value};" in words[-1]
    assert f"a day ({names[5].value};" in words[1]


@pytest.mark.parametrize(("rate", "cases"), [(-0.1, 5), (1.1, 5), (0.5, 0)])
def test_a_curve_of_nothing_is_refused(rate: float, cases: int) -> None:
    with pytest.raises(ValueError, match="need a rate"):
        rate_e_value_reached(rate, 0.2, 20.0, PRIOR, cases)
