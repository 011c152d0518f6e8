"""Statistics of the training room against hand cases and definitions."""

import numpy as np
import pytest

from wetread.learning.calibration import clustered_rate, fit_platt, specific_point
from wetread.learning.metrics import auroc, auroc_estimate, brier_skill, cluster_bootstrap, ece, smooth_ece, wilson


def test_auroc_counts_ties_as_one_half() -> None:
    truth = np.array([0.0, 0.0, 1.0, 1.0])
    assert auroc(truth, np.array([0.1, 0.4, 0.4, 0.9])) == pytest.approx(3.5 / 4)


def test_weighted_auroc_equals_auroc_of_repeated_films() -> None:
    random = np.random.default_rng(1)
    truth, score = random.integers(0, 2, 60).astype(float), random.normal(size=60).round(1)
    weight = random.integers(0, 4, 60)
    repeated = auroc(np.repeat(truth, weight), np.repeat(score, weight))
    assert auroc(truth, score, weight.astype(float)) == pytest.approx(repeated, abs=1e-12)


def test_no_interval_is_claimed_below_ten_positives() -> None:
    truth = np.r_[np.ones(9), np.zeros(50)]
    estimate = auroc_estimate(truth, np.arange(59.0), np.arange(59).astype(str))
    assert estimate.value is None
    assert (estimate.n_positive, estimate.n_negative) == (9, 50)


def test_unknown_truth_is_left_out() -> None:
    truth = np.r_[np.ones(20), np.zeros(20), np.full(5, np.nan)]
    estimate = auroc_estimate(truth, np.arange(45.0)[::-1], np.arange(45).astype(str), replicates=50)
    assert (estimate.value, estimate.n_positive, estimate.n_negative) == (1.0, 20, 20)


def test_interval_is_wider_when_films_share_patients() -> None:
    """The same forty films count as forty patients or as eight."""
    random = np.random.default_rng(3)
    level = np.repeat(random.normal(size=8), 5)
    alone = cluster_bootstrap(lambda w: float(np.average(level, weights=w)), np.arange(40).astype(str))
    shared = cluster_bootstrap(lambda w: float(np.average(level, weights=w)), np.repeat(np.arange(8), 5).astype(str))
    assert shared[1] - shared[0] > 1.5 * (alone[1] - alone[0])


def test_wilson_interval_of_zero_in_sixty() -> None:
    """Newcombe 1998: 0/60 two-sided 95 % reaches 0.0602."""
    low, high = wilson(0, 60)
    assert low == 0.0
    assert high == pytest.approx(0.0602, abs=5e-4)


def test_ece_of_a_known_table() -> None:
    truth = np.array([0.0, 1.0, 1.0, 1.0])
    assert ece(truth, np.array([0.2, 0.2, 0.9, 0.9])) == pytest.approx((0.6 + 0.2) / 4)


def test_smooth_ece_is_small_when_calibrated_and_large_when_not() -> None:
    random = np.random.default_rng(5)
    probability = random.uniform(size=4000)
    truth = (random.uniform(size=4000) < probability).astype(float)
    assert smooth_ece(truth, probability) < 0.03
    assert smooth_ece(truth, np.clip(probability + 0.2, 0, 0.999)) > 0.08


def test_brier_skill_of_the_prevalence_is_zero() -> None:
    truth = np.array([1.0, 0.0, 0.0, 0.0])
    assert brier_skill(truth, np.full(4, 0.25)) == pytest.approx(0.0)


def test_platt_recovers_the_slope_that_made_the_labels() -> None:
    random = np.random.default_rng(7)
    logit = random.normal(0, 2, 20000)
    truth = (random.uniform(size=20000) < 1 / (1 + np.exp(-(0.6 * logit - 1.5)))).astype(float)
    platt = fit_platt(truth, logit)
    assert platt.slope == pytest.approx(0.6, abs=0.05)
    assert platt.intercept == pytest.approx(-1.5, abs=0.08)


def test_platt_stays_finite_when_classes_are_separable() -> None:
    platt = fit_platt(np.array([0.0, 0.0, 0.0, 1.0]), np.array([-9.0, -8.0, -7.0, 6.0]))
    assert 0 < platt.slope < 10


def test_operating_point_keeps_its_promise_on_the_lower_bound() -> None:
    random = np.random.default_rng(9)
    truth = (random.uniform(size=600) < 0.2).astype(float)
    probability = 1 / (1 + np.exp(-(truth * 1.5 + random.normal(size=600) - 2)))
    point = specific_point(truth, probability, np.arange(600).astype(str), 0.90)
    called = probability >= point.threshold
    assert point.specificity.low >= 0.90
    assert point.specificity.value == pytest.approx(1 - called[truth == 0].mean())
    assert point.fp_per_100_films == pytest.approx(100 * (called & (truth == 0)).sum() / 600)


def test_clustered_rate_is_wider_when_films_share_patients() -> None:
    success = np.repeat([True, False, True, True], 10)
    shared, alone = (
        clustered_rate(success, np.repeat(np.arange(4), 10).astype(str)),
        clustered_rate(success, np.arange(40).astype(str)),
    )
    assert shared.low < alone.low
    assert (shared.value, shared.n) == (0.75, 40)
