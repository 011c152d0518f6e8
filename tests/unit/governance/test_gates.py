"""Each gate on one finding: what it counts, what it takes to fail and to pass, and where it says that it cannot tell."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from governance_cases import calibrated, cases

from wetread.domain.finding import FindingName
from wetread.domain.rollout import FindingLimits, GateResult
from wetread.evaluation.final_look import final_look
from wetread.evaluation.sequential import Sprt, calibration_e_process, rate_e_value
from wetread.governance.cases import Case, first_of_each_patient
from wetread.governance.gates import (
    Weighed,
    calibration_evidence,
    calibration_gate,
    evidence_needed,
    false_positive_gate,
    rate_evidence,
    sensitivity_gate,
)
from wetread.testing.builders import NOON
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


def rows_that_called(called: Sequence[int]) -> list[Case]:
    """One patient an hour, from NOON on."""
    rows = cases(len(called), 0, days=(len(called) + 1) / 24)
    return [replace(row, called=bool(said)) for row, said in zip(rows, called, strict=True)]


def evenly(n: int, events: int) -> list[int]:
    return [int((at + 1) * events // n > at * events // n) for at in range(n)]


STAKED = a_gate_plan(stake=0.8, sites=2)
NEEDED = 40.0
ENOUGH = final_look(400, 0.05, evidence_needed(STAKED, 1.0), (4.8, 55.2), 1 - 0.8).enough


def staked(called: Sequence[int], most: int = 0, over: datetime | None = None) -> Weighed:
    return false_positive_gate(rows_that_called(called), replace(LIMITS, most=most), STAKED, over)


def test_the_end_of_the_stay_takes_back_from_enough_events_on_whoever_many_came() -> None:
    end = NOON + timedelta(hours=400)
    for events, takes_back in ((ENOUGH, True), (ENOUGH - 1, False)):
        found = staked(evenly(400, events), over=end)
        assert (found.e_value >= NEEDED) is takes_back
        assert staked(evenly(400, events)).e_value == pytest.approx(0.2 * rate_evidence(events, 400, 0.05, 0.03))
        assert f"{ENOUGH} among the first 400 take it back" in found.note
    assert ENOUGH < 400 * 0.09
    assert "0.8 of it staked on the end of the stay" in found.statistic


def test_what_comes_after_the_last_look_is_not_counted_in_it() -> None:
    end = NOON + timedelta(hours=400)
    late = staked(evenly(400, 20) + [1] * 15, over=end)
    assert late.events == 35 >= ENOUGH
    assert late.e_value == pytest.approx(0.2 * rate_evidence(35, 415, 0.05, 0.03))
    taken = staked(evenly(400, ENOUGH) + [0] * 200, over=end)
    assert taken.e_value >= NEEDED > 0.2 * rate_evidence(ENOUGH, 600, 0.05, 0.03)


def test_with_the_most_patients_expected_nobody_waits_for_the_end() -> None:
    """Counts only rise: enough for the most is enough, whenever it comes; those beyond the most are not waited for."""
    early = evenly(360, ENOUGH)
    assert staked(early, most=400).e_value >= NEEDED > staked(early).e_value
    assert staked(evenly(360, ENOUGH - 1), most=400).e_value < NEEDED
    beyond = staked(evenly(400, ENOUGH - 2) + [1] * 2, most=400)
    assert beyond.e_value == pytest.approx(0.2 * rate_evidence(ENOUGH, 402, 0.05, 0.03))
    assert "or the first 400" in beyond.statistic
    assert staked(evenly(500, 60), most=400).e_value >= NEEDED


def test_one_event_short_at_the_last_look_goes_on_with_what_was_left_over() -> None:
    end = NOON + timedelta(hours=400)
    short, then = staked(evenly(400, ENOUGH - 1), over=end), staked(evenly(400, ENOUGH - 1) + [1] * 5, over=end)
    kept = 0.2 * rate_evidence(ENOUGH - 1, 400, 0.05, 0.03)
    assert kept < short.e_value < NEEDED
    assert then.e_value / short.e_value == pytest.approx(
        rate_evidence(ENOUGH + 4, 405, 0.05, 0.03) / rate_evidence(ENOUGH - 1, 400, 0.05, 0.03)
    )


def test_nobody_seen_is_no_evidence_also_at_the_end() -> None:
    assert (
        staked([]).e_value
        == staked([], over=NOON).e_value
        == staked([0] * 5, over=NOON).e_value / (rate_evidence(0, 5, 0.05, 0.03))
    )
    assert staked([], over=NOON).e_value == 1
    assert false_positive_gate(rows_that_called(evenly(400, 40)), LIMITS, PLAN, NOON).e_value == rate_evidence(
        40, 400, 0.05, 0.03
    )


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
