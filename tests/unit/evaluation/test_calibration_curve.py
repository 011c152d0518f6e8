"""The smooth curve against statsmodels, the distances against the definitions, bands against a simulation written out, bars against scipy's Poisson-binomial law."""

import numpy as np
import pytest
from evaluation_data import D1
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.stats import binom, poisson_binom
from sklearn.isotonic import IsotonicRegression
from statsmodels.nonparametric.smoothers_lowess import lowess

from wetread.domain.errors import PermanentError
from wetread.evaluation.calibration_curve import (
    calibration_distances,
    consistency_band,
    reliability_bins,
    smooth_calibration,
)
from wetread.evaluation.calibration_error import corp

Array = NDArray[np.float64]
SCORE = np.round(D1.score, 2)


def drawn(random: Generator, n: int, slope: float = 1.0) -> tuple[Array, Array]:
    """Truths and probabilities whose calibration line has this slope."""
    logits = random.normal(-1.5, 1.5, n)
    return (random.random(n) < 1 / (1 + np.exp(-slope * logits))).astype(float), 1 / (1 + np.exp(-logits))


def by_statsmodels() -> tuple[Array, Array]:
    fitted = lowess(D1.truth, SCORE, frac=2 / 3, it=0, delta=0.0)
    at, first = np.unique(fitted[:, 0], return_index=True)
    return at, np.clip(fitted[first, 1], 0, 1)


def test_the_smooth_curve_equals_statsmodels_lowess() -> None:
    at, share = smooth_calibration(D1.truth, SCORE)
    expected_at, expected = by_statsmodels()
    assert at == pytest.approx(expected_at, abs=1e-15)
    assert share == pytest.approx(expected, abs=1e-12)


def test_the_distances_are_those_of_its_definition() -> None:
    found = calibration_distances(D1.truth, SCORE, D1.patients)
    at, curve = by_statsmodels()
    gaps = np.abs(SCORE - np.interp(SCORE, at, curve))
    assert found.largest.value == pytest.approx(gaps.max(), abs=1e-12)
    assert found.mean.value == pytest.approx(gaps.mean(), abs=1e-12)
    for share, distance in ((0.9, found.ninetieth), (0.5, found.median)):
        assert distance.value == pytest.approx(np.quantile(gaps, share, method="inverted_cdf"), abs=1e-12)
    assert (found.n, found.n_patients) == (500, 250)
    for each in (found.largest, found.ninetieth, found.median, found.mean):
        assert each.null.p < 0.01
    assert found.mean.low is not None
    assert found.mean.high is not None
    assert 0.01 < found.mean.low < found.mean.value < found.mean.high < 1


def test_a_largest_distance_and_quantiles_have_no_interval_and_say_why() -> None:
    found = calibration_distances(D1.truth, SCORE, D1.patients)
    for each in (found.largest, found.ninetieth, found.median):
        assert (each.low, each.high) == (None, None)
        assert "no interval: " in each.reason
    assert found.mean.reason == ""


def test_distances_of_a_calibrated_model_reach_down_to_nothing() -> None:
    found = calibration_distances(*drawn(np.random.default_rng(1), 1000))
    assert found.largest.null.p > 0.05
    assert found.mean.low == 0
    assert found.largest.value == pytest.approx(found.largest.null.null_mean, abs=0.1)


def test_nothing_is_left_out_exactly_where_a_calibrated_model_seldom_shows_as_much() -> None:
    outside = 0
    for seed in range(60):
        found = calibration_distances(*drawn(np.random.default_rng(seed), 300), replicates=199, seed=seed)
        each = found.mean
        assert each.low is not None
        assert each.high is not None
        assert (each.low > 0) == (each.null.p <= 0.05)
        assert each.low < each.value < each.high
        outside += each.low > 0
    assert 0 < outside < 10


def test_the_null_is_that_of_truths_drawn_from_the_probabilities() -> None:
    """By hand: draw, smooth with statsmodels, take the largest distance."""
    random = np.random.default_rng(3)
    largest = []
    for _ in range(100):
        truth = (random.random(len(SCORE)) < SCORE).astype(float)
        fitted = lowess(truth, SCORE, frac=2 / 3, it=0, delta=0.0)
        largest.append(np.abs(np.clip(fitted[:, 1], 0, 1) - fitted[:, 0]).max())
    null = calibration_distances(D1.truth, SCORE).largest.null
    assert null.null_mean == pytest.approx(np.mean(largest), abs=4 * np.std(largest) / 10)


def test_films_of_one_patient_widen_the_interval() -> None:
    truth, probability = drawn(np.random.default_rng(2), 400, 0.5)
    alone = calibration_distances(truth, probability).mean
    patients = np.repeat(np.arange(400), 4)
    four = calibration_distances(np.repeat(truth, 4), np.repeat(probability, 4), patients).mean
    assert four.value == pytest.approx(alone.value, abs=1e-3)
    assert four.high - four.low == pytest.approx(alone.high - alone.low, rel=0.1)
    assert calibration_distances(np.repeat(truth, 4), np.repeat(probability, 4)).mean.high < four.high


def test_the_band_is_the_isotonic_curve_among_those_of_drawn_truths() -> None:
    band = consistency_band(D1.truth, SCORE, draws=400, seed=5)
    isotonic = IsotonicRegression().fit(SCORE, D1.truth)
    assert band.recalibrated == pytest.approx(isotonic.predict(band.at), abs=1e-9)
    parts = corp(D1.truth, SCORE)
    squares = band.cases @ (band.recalibrated - band.at) ** 2 / 500
    assert squares <= parts.miscalibration * 1.5
    random = np.random.default_rng(6)
    curves = [
        IsotonicRegression().fit(SCORE, (random.random(500) < SCORE).astype(float)).predict(band.at) for _ in range(400)
    ]
    low, high = np.quantile(curves, [0.025, 0.975], axis=0)
    assert np.abs(band.low - low).mean() < 0.01
    assert np.abs(band.high - high).mean() < 0.01


def test_a_band_of_one_probability_is_a_binomial() -> None:
    truth = np.repeat([1.0, 0.0], [45, 55])
    band = consistency_band(truth, np.full(100, 0.3), draws=20_000)
    assert (band.low[0], band.high[0]) == (binom.ppf(0.025, 100, 0.3) / 100, binom.ppf(0.975, 100, 0.3) / 100)
    assert band.recalibrated == pytest.approx([0.45])
    assert band.share_inside == 0


def test_a_calibrated_model_lies_inside_its_band_and_a_distorted_one_does_not() -> None:
    inside = [consistency_band(*drawn(np.random.default_rng(k), 500), draws=300).share_inside for k in range(60)]
    assert 0.92 < np.mean(inside) < 0.99
    assert consistency_band(*drawn(np.random.default_rng(1), 3000, 0.5), draws=300).share_inside < 0.5


def test_bins_share_equal_probabilities() -> None:
    probability = np.repeat([0.1, 0.3, 0.8], [50, 40, 10])
    truth = np.zeros(100)
    truth[[0, 1, 60, 95]] = 1
    bins = reliability_bins(truth, probability, 5)
    assert bins.cases.tolist() == [50, 40, 10]
    assert bins.stated == pytest.approx([0.1, 0.3, 0.8])
    assert bins.observed == pytest.approx([0.04, 0.025, 0.1])


def test_a_bar_is_the_most_probable_run_of_counts_nearest_to_its_level() -> None:
    """Every run of counts is tried, with scipy's law of a sum of unequal coins."""
    probability = np.random.default_rng(8).beta(1, 4, 120)
    truth = np.arange(120) % 5 == 0
    found = reliability_bins(truth, probability, 4)
    for place, chances in enumerate(np.array_split(np.sort(probability), 4)):
        law = poisson_binom.pmf(np.arange(31), chances)
        runs = {
            (first, last): law[first : last + 1].sum()
            for first in range(31)
            for last in range(first, 31)
            if law[first : last + 1].min() > max(law[:first].max(initial=0), law[last + 1 :].max(initial=0))
        }
        first, last = min(runs, key=lambda each: abs(runs[each] - 0.95))
        assert found.bar_holds[place] == pytest.approx(runs[first, last], abs=1e-10)
        if abs(found.bar_holds[place] - 0.95) <= 0.02:
            assert (found.bar_low[place], found.bar_high[place]) == (first / 30, last / 30)
    assert np.isnan(found.bar_low).tolist() == [True, False, False, False]


def test_no_bar_is_drawn_where_none_comes_near_its_level() -> None:
    """Ten cases at 0.02: no positive has probability 0.817, at most one 0.984."""
    probability, truth = np.repeat([0.02, 0.5], [10, 90]), np.repeat([0.0, 1.0], [50, 50])
    found = reliability_bins(truth, probability, 10)
    assert np.isnan(found.bar_low[0])
    assert found.bar_holds[0] == pytest.approx(binom.cdf(1, 10, 0.02))
    assert binom.cdf(0, 10, 0.02) < 0.95 - 0.02
    assert not np.isnan(found.bar_low[1])


def test_the_bar_of_a_hundred_thousand_cases_is_a_binomial_s() -> None:
    found = reliability_bins(np.arange(100_000) % 10 == 0, np.full(100_000, 0.1), 1)
    low, high = binom.ppf([0.025, 0.975], 100_000, 0.1) / 100_000
    assert (found.bar_low[0], found.bar_high[0]) == pytest.approx((low, high), abs=2e-5)
    assert found.bar_holds[0] == pytest.approx(0.95, abs=1e-3)


def test_many_probabilities_with_gaps_between_them_are_levelled() -> None:
    """Two thousand distinct ones, half of them within a millionth: quantiles between two of them hold no case."""
    random = np.random.default_rng(4)
    probability = np.concatenate([0.1 + 1e-6 * random.random(1000), random.random(1500)])
    truth = (random.random(2500) < probability).astype(float)
    at, share = smooth_calibration(truth, probability)
    assert len(at) <= 1024
    assert np.isfinite(share).all()
    assert np.isfinite(consistency_band(truth, probability, draws=50).high).all()
    assert 0 < calibration_distances(truth, probability, replicates=100).largest.value < 0.3


@pytest.mark.parametrize(
    ("truth", "patients"),
    [
        (np.repeat([1.0, 0.0], [19, 281]), None),
        (np.repeat([1.0, 0.0], [90, 109]), None),
        (np.repeat([1.0, 0.0], [90, 210]), np.minimum(np.arange(300) // 40, 5)),
    ],
)
def test_too_few_are_refused(truth: Array, patients: NDArray[np.intp] | None) -> None:
    with pytest.raises(PermanentError) as refused:
        calibration_distances(truth, np.linspace(0.01, 0.9, len(truth)), patients)
    assert refused.value.code == "too_few_cases"
