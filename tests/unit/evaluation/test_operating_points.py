"""Thresholds that keep their promise: the oracle's numbers, the refusals, and how often a promise is broken."""

from collections.abc import Callable

import numpy as np
import pytest
from evaluation_data import D1
from hypothesis import given, settings
from hypothesis import strategies as st

from wetread.domain.errors import PermanentError
from wetread.evaluation.operating_points import (
    ChosenPoint,
    false_alarm_point,
    point_at,
    sensitive_point,
    specific_point,
)
from wetread.evaluation.proportions import clopper_pearson


def test_sensitivity_rule_equals_the_oracle() -> None:
    point = sensitive_point(D1.truth, D1.score, 0.9)
    assert (point.threshold, point.on_point_estimate) == (0.097, 0.185)
    assert point.bound == pytest.approx(0.9056285339, abs=1e-10)
    assert point.sensitivity.value == pytest.approx(154 / 163)
    assert (point.sensitivity.n, point.specificity.n, point.n_patients) == (163, 337, 500)
    assert point.false_positives_per_100_studies.per_100 == pytest.approx(35.2)
    assert "lower bound" in point.rule


def test_false_alarm_rule_on_the_point_estimate_equals_the_oracle() -> None:
    point = false_alarm_point(D1.truth, D1.score, 10)
    assert point.on_point_estimate == 0.631
    assert point.threshold > 0.631
    assert point_at(D1.truth, D1.score, 0.631).sensitivity.value == pytest.approx(0.6625766871, abs=1e-10)
    assert point.false_positives_per_100_studies.events == 38


def test_rates_of_a_given_threshold_equal_r() -> None:
    point = point_at(D1.truth, D1.score, 0.3)
    rate = point.false_positives_per_100_studies
    assert (rate.low, rate.high) == pytest.approx((18.4440907065, 26.9530206584), abs=1e-9)
    assert point.sensitivity.value == pytest.approx(135 / 163)
    specificity = point_at(D1.truth, D1.score, 0.5).specificity
    assert (specificity.low, specificity.high) == pytest.approx((0.736339839541, 0.824037999061), abs=1e-11)
    assert point.bound is None


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 0.7, 0.8]))
def test_rules_equal_trying_every_threshold(seed: int, floor: float) -> None:
    random = np.random.default_rng(seed)
    truth = np.r_[np.ones(40), np.zeros(60)]
    probability = np.clip(0.4 + 0.2 * truth + 0.25 * random.normal(size=100), 0.01, 0.99).round(2)
    every = np.unique(probability)

    def low(success: np.ndarray) -> float:
        return clopper_pearson(float(success.sum()), len(success), 0.9)[0]

    sensitive = [t for t in every if low(probability[truth == 1] >= t) >= floor]
    specific = [t for t in every if low(probability[truth == 0] < t) >= floor]
    assert sensitive_point(truth, probability, floor).threshold == max(sensitive)
    if specific:
        assert specific_point(truth, probability, floor).threshold == min(specific)


def test_alike_studies_of_a_patient_make_the_rule_more_careful() -> None:
    random = np.random.default_rng(2)
    truth = np.repeat((np.arange(200) % 2).astype(float), 4)
    probability = np.repeat(np.clip(0.4 + 0.25 * truth[::4] + 0.2 * random.normal(size=200), 0.01, 0.99), 4)
    patients = np.repeat(np.arange(200), 4).astype(str)
    for choose in (sensitive_point, specific_point):
        naive, clustered = choose(truth, probability, 0.8), choose(truth, probability, 0.8, patients)
        assert abs(clustered.threshold - 0.5) > abs(naive.threshold - 0.5)
        assert clustered.n_patients == 200
    assert (
        false_alarm_point(truth, probability, 10, patients).threshold
        > false_alarm_point(truth, probability, 10).threshold
    )


def test_the_bound_keeps_its_promise_and_the_point_estimate_does_not() -> None:
    """True sensitivity of the chosen threshold falls short of 0.90 in about 5 %, and about 50 %, of samples."""
    random, broken, broken_on_estimate = np.random.default_rng(3), 0, 0
    truth = np.r_[np.ones(100), np.zeros(20)]
    for _ in range(120):
        point = sensitive_point(truth, np.r_[random.random(100), np.linspace(0, 1, 20)], 0.9)
        assert point.on_point_estimate is not None
        broken += 1 - point.threshold < 0.9
        broken_on_estimate += 1 - point.on_point_estimate < 0.9
    assert broken / 120 < 0.10
    assert broken_on_estimate / 120 > 0.30


def test_too_few_cases_are_refused_with_the_number_needed() -> None:
    """28 of 28 has a one-sided lower bound of 0.8985."""
    negative = np.zeros(60)
    for positives, holds in ((28, False), (29, True)):
        truth, probability = np.r_[np.ones(positives), negative], np.r_[np.full(positives, 0.9), np.full(60, 0.1)]
        if holds:
            assert sensitive_point(truth, probability, 0.9).threshold == 0.9
        else:
            with pytest.raises(PermanentError, match="29 or more") as refused:
                sensitive_point(truth, probability, 0.9)
            assert refused.value.code == "too_few_cases"


def test_many_studies_of_few_patients_are_still_few() -> None:
    truth, patients = np.r_[np.ones(100), np.zeros(100)], np.r_[np.arange(100) % 5, 10 + np.arange(100)].astype(str)
    with pytest.raises(PermanentError, match="5 patients"):
        sensitive_point(truth, truth * 0.8 + 0.1, 0.8, patients)


def test_a_budget_needs_studies_and_a_score_that_can_keep_it() -> None:
    truth = np.r_[np.ones(50), np.zeros(50)]
    with pytest.raises(PermanentError, match="300 or more"):
        false_alarm_point(truth, truth * 0.8 + 0.1, 1.0)
    with pytest.raises(PermanentError) as refused:
        specific_point(D1.truth, np.full(500, 0.7), 0.9)
    assert refused.value.code == "not_reachable"


def _budget(truth: np.ndarray, probability: np.ndarray, number: float) -> ChosenPoint:
    return false_alarm_point(truth, probability, 100 * number)


@pytest.mark.parametrize("choose", [sensitive_point, specific_point, _budget, point_at])
def test_wrong_arrays_and_wrong_promises_are_refused(choose: Callable[..., ChosenPoint]) -> None:
    with pytest.raises(ValueError, match="between 0 and"):
        choose(D1.truth, D1.score, 1.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        choose(D1.truth, D1.score + 1, 0.5)
    with pytest.raises(ValueError, match="NaN"):
        choose(D1.truth, D1.score * np.nan, 0.5)
    with pytest.raises(PermanentError, match="only one class"):
        choose(np.ones(500), D1.score, 0.5)
