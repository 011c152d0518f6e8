"""Each gate on one finding: what it counts, what it takes to fail and to pass, and where it says that it cannot tell."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from governance_cases import calibrated, cases
from scipy.stats import binom

from wetread.domain.finding import FindingName
from wetread.domain.rollout import FindingLimits, GateResult
from wetread.evaluation.sequential import Sprt, calibration_e_process, rate_e_value
from wetread.governance.cases import first_of_each_patient
from wetread.governance.gates import (
    calibration_evidence,
    calibration_gate,
    false_positive_gate,
    rate_evidence,
    sensitivity_gate,
)
from wetread.testing.rollout_builders import a_gate_plan

PLAN = a_gate_plan()
LIMITS = FindingLimits(FindingName.PNEUMOTHORAX, 1.0, 0.05, 0.1)


def test_evidence_on_a_rate_is_the_informed_mixture() -> None:
    assert rate_evidence(40, 400, 0.05, 0.03) == rate_e_value(40, 400, 0.05, prior=(4.8, 55.2))
    assert rate_evidence(40, 400, 0.05, 0.03) > 20 > 1 > rate_evidence(20, 400, 0.05, 0.03)
    assert rate_evidence(0, 0, 0.05, 0.03) == 1.0


def test_a_budget_near_one_leaves_room_above_it() -> None:
    assert rate_evidence(199, 200, 0.95, 0.1) > 1 > rate_evidence(190, 200, 0.95, 0.1)


@pytest.mark.parametrize(
    ("negatives", "alarms", "result"),
    [(100, 5, GateResult.UNDECIDED), (400, 12, GateResult.PASSES), (400, 32, GateResult.UNDECIDED)],
)
def test_false_positives_are_counted_among_verified_negatives(negatives: int, alarms: int, result: GateResult) -> None:
    weighed = false_positive_gate(cases(negatives, alarms, positives=50, misses=50), LIMITS, PLAN)
    assert (weighed.events, weighed.n, weighed.short_of) == (alarms, negatives, result)
    assert weighed.short_of is not GateResult.PASSES or Sprt(0.05, 0.08).decision(alarms, negatives) == "accept"


def test_a_told_horizon_takes_back_from_the_alarm_on_that_makes_too_many_and_forgets_those_beyond() -> None:
    plan = a_gate_plan(horizon=400, sites=2)
    enough = int(binom.isf(0.7 * 0.05 / 2, 400, 0.05)) + 1

    def evidence(*called: int) -> float:
        rows = cases(len(called), 0)
        return false_positive_gate(
            [replace(row, called=bool(said)) for row, said in zip(rows, called, strict=True)], LIMITS, plan
        ).e_value

    among = [0] * 400
    for at in range(enough):
        among[(at + 1) * 400 // enough - 1] = 1
    assert evidence(*among) >= 40 > evidence(*among[:399])
    late = [0] * 400 + [1] * enough
    mixture = rate_evidence(enough, 400 + enough, 0.05, 0.03)
    assert evidence(*late) == pytest.approx(0.3 * mixture)
    assert evidence(*[0] * 10) < 1
    assert false_positive_gate((), LIMITS, plan).e_value == 1


def test_a_patient_counts_once_as_first_known() -> None:
    rows = cases(300, 15)
    again = [
        replace(each, study=each.study + "b", called=True, known_at=each.known_at + timedelta(days=1)) for each in rows
    ]  # type: ignore[operator]
    once, twice = (false_positive_gate(each, LIMITS, PLAN) for each in (rows, (*again, *rows)))
    assert (once.events, once.n, once.e_value) == (twice.events, twice.n, twice.e_value)


def test_the_first_known_film_stands_for_the_patient_in_order_of_knowing() -> None:
    early, late = cases(2)
    unknown = replace(early, study="0", truth=None, known_at=None)
    assert first_of_each_patient((late, unknown, early)) == (early, late)
    same = replace(late, patient=early.patient)
    assert first_of_each_patient((same, early)) == (early,)


def test_a_study_verified_because_of_its_result_is_not_weighed_as_if_by_chance() -> None:
    biased = cases(400, 40, chance_of_negative=0.1)
    assert false_positive_gate(biased, LIMITS, PLAN).n == 40
    assert calibration_gate(biased, LIMITS, PLAN).n == 40


def test_sensitivity_says_nothing_below_fifty_positives_however_good() -> None:
    few = sensitivity_gate(cases(positives=49, negatives=500), LIMITS, PLAN)
    assert (few.short_of, few.e_value) == (GateResult.INSUFFICIENT, 1.0)
    assert "50 are needed" in few.note
    assert sensitivity_gate(cases(positives=100, negatives=500), LIMITS, PLAN).short_of is GateResult.PASSES
    assert sensitivity_gate((), LIMITS, PLAN).short_of is GateResult.INSUFFICIENT


def test_many_misses_are_evidence_and_no_pass() -> None:
    bad = sensitivity_gate(cases(positives=100, misses=35, negatives=10), LIMITS, PLAN)
    assert (bad.events, bad.n, bad.short_of) == (35, 100, GateResult.UNDECIDED)
    assert bad.e_value > 1000
    assert "sensitivity 0.650" in bad.note


def test_misses_count_by_the_chance_with_which_they_were_looked_for() -> None:
    """60 hits all verified, 10 misses seen of which each stands for 10: the naive sensitivity is 0.86, the true one 0.375."""
    rows = cases(positives=70, misses=10, negatives=20, chance_of_negative=0.1)
    weighed = sensitivity_gate(rows, LIMITS, PLAN)
    assert "sensitivity 0.375" in weighed.note
    assert weighed.n < 70  # the effective sample
    assert weighed.events / weighed.n == pytest.approx(0.625, abs=0.03)
    assert weighed.e_value > 20


def test_sensitivity_is_not_told_from_positive_calls_alone() -> None:
    everything = cases(positives=80, negatives=100, false_positives=50)
    only_called = [each if each.called else replace(each, truth=None, known_at=None) for each in everything]
    weighed = sensitivity_gate(only_called, LIMITS, PLAN)
    assert weighed.short_of is GateResult.INSUFFICIENT
    assert "adjudicate a random share" in weighed.note


def test_calibration_is_the_mean_of_bets_on_all_on_low_and_on_higher_probabilities() -> None:
    truth, stated = np.array([1.0, 0.0, 0.0, 1.0, 0.0]), np.array([0.1, 0.3, 0.15, 0.7, 0.05])
    low = stated < 0.2
    parts = [calibration_e_process(truth[part], stated[part])[-1] for part in (low | True, low, ~low)]
    assert calibration_evidence(truth, stated, 0.0) == pytest.approx(np.mean(parts), rel=1e-12)
    assert calibration_evidence(truth[:0], stated[:0], 0.0) == 1.0


def test_good_probabilities_pass_from_two_hundred_patients_on_and_bad_ones_are_found() -> None:
    few, good, bad = (
        calibration_gate(each, LIMITS, PLAN) for each in (calibrated(190), calibrated(600), calibrated(600, shift=0.2))
    )
    assert (few.short_of, good.short_of) == (GateResult.INSUFFICIENT, GateResult.PASSES)
    assert good.e_value < 1 < 1e4 < bad.e_value
    assert "a perfectly calibrated model would show 0.0" in good.note
    tolerant = calibration_gate(calibrated(600, shift=0.05), LIMITS, a_gate_plan(calibration_tolerance=0.1))
    assert tolerant.e_value < 1
    assert "by more than 0.1" in tolerant.statistic
