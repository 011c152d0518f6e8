"""Calibration measures against R, published numbers, scikit-learn and the definitions."""

import numpy as np
import pytest
from evaluation_data import D1
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import brier_score_loss

from wetread.domain.errors import PermanentError
from wetread.evaluation.calibration_error import (
    brier,
    brier_skill,
    calibration_line,
    corp,
    ece,
    ece_debiased,
    maximum_calibration_error,
    murphy,
    null_distribution,
    smooth_ece,
    spiegelhalter_z,
)

HAND_PROBABILITY = np.array([0.05, 0.12, 0.18, 0.25, 0.33, 0.47, 0.52, 0.66, 0.81, 0.95])
HAND_TRUTH = np.array([0, 0, 1, 0, 0, 1, 0, 1, 1, 1], dtype=float)


def test_binned_errors_equal_exact_arithmetic() -> None:
    """The scores have three decimals, so many sit on a bin's edge."""
    assert ece(D1.truth, D1.score) == pytest.approx(0.0944, abs=1e-12)
    assert ece(D1.truth, D1.score, 15) == pytest.approx(0.09756, abs=1e-12)
    assert maximum_calibration_error(D1.truth, D1.score) == pytest.approx(0.3325161290, abs=1e-10)
    assert maximum_calibration_error(D1.truth, D1.score, 15) == pytest.approx(0.4040454545, abs=1e-10)


def test_debiased_error_equals_kumars_library() -> None:
    assert ece_debiased(D1.truth, D1.score) == pytest.approx(0.1201577002, abs=1e-10)


def test_smooth_error_equals_relplot_to_a_thousandth() -> None:
    assert smooth_ece(D1.truth, D1.score) == pytest.approx(0.0914141356, abs=1e-3)


def test_smooth_error_equals_its_integral() -> None:
    """The residual under a Gaussian reflected at both ends, integrated by hand at the width that was found."""
    width = smooth_ece(D1.truth, D1.score)
    at = (np.arange(2000) + 0.5) / 2000
    images = [sign * D1.score + 2 * turn for sign in (1, -1) for turn in (-1, 0, 1)]
    residual = sum(norm.pdf(at[:, None], image, width) @ (D1.truth - D1.score) for image in images) / 500
    assert np.abs(residual).mean() == pytest.approx(width, abs=2e-4)


def test_brier_and_its_parts_equal_r() -> None:
    parts, without_bins = murphy(D1.truth, D1.score), corp(D1.truth, D1.score)
    assert brier(D1.truth, D1.score) == pytest.approx(0.1585403, abs=1e-12)
    assert parts.reliability == pytest.approx(0.0172338042, abs=1e-10)
    assert parts.resolution == pytest.approx(0.0774909491, abs=1e-10)
    assert parts.uncertainty == pytest.approx(0.219724, abs=1e-12)
    assert parts.within_bin_variance == pytest.approx(0.0008570720, abs=1e-10)
    assert parts.within_bin_covariance == pytest.approx(0.0017836271, abs=1e-10)
    assert without_bins.miscalibration == pytest.approx(0.0209946507, abs=1e-10)
    assert without_bins.discrimination == pytest.approx(0.0821783507, abs=1e-10)
    assert brier_skill(D1.truth, D1.score) == pytest.approx(1 - 0.1585403 / 0.219724, abs=1e-12)


def test_spiegelhalter_and_the_line_equal_r() -> None:
    """R stops its iteration at 1e-8, so its standard errors agree to six digits."""
    line = calibration_line(D1.truth, D1.score)
    assert spiegelhalter_z(D1.truth, D1.score) == pytest.approx(5.751638379661, abs=1e-11)
    assert (line.intercept, line.slope) == pytest.approx((-0.555908109139, 0.621488240274), abs=1e-10)
    assert line.in_the_large == pytest.approx(-0.623407668155, abs=1e-9)
    assert line.intercept_standard_error == pytest.approx(0.117544011293, abs=1e-6)
    assert line.slope_standard_error == pytest.approx(0.059073752496, abs=1e-6)
    assert line.in_the_large_standard_error == pytest.approx(0.137655853415, abs=1e-6)


def test_hand_case() -> None:
    parts = corp(HAND_TRUTH, HAND_PROBABILITY)
    assert brier(HAND_TRUTH, HAND_PROBABILITY) == pytest.approx(0.15662)
    assert ece(HAND_TRUTH, HAND_PROBABILITY, 5) == pytest.approx(0.182)
    assert (parts.miscalibration, parts.discrimination, parts.uncertainty) == pytest.approx(
        (0.0399533333, 0.1333333333, 0.25)
    )
    assert spiegelhalter_z(HAND_TRUTH, HAND_PROBABILITY) == pytest.approx(-0.1135742301, abs=1e-10)
    assert brier([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.3]) == pytest.approx(0.0375)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 100)), min_size=2, max_size=40).filter(
        lambda rows: len({row[0] for row in rows}) == 2
    )
)
def test_parts_add_up_to_the_brier_score(rows: list[tuple[bool, int]]) -> None:
    truth, probability = np.array([float(row[0]) for row in rows]), np.array([row[1] / 100 for row in rows])
    parts, without_bins = murphy(truth, probability), corp(truth, probability)
    score = brier(truth, probability)
    added = (
        parts.reliability
        - parts.resolution
        + parts.uncertainty
        + parts.within_bin_variance
        - parts.within_bin_covariance
    )
    assert score == pytest.approx(brier_score_loss(truth, probability), abs=1e-12)
    assert added == pytest.approx(score, abs=1e-12)
    assert without_bins.miscalibration - without_bins.discrimination + without_bins.uncertainty == pytest.approx(
        score, abs=1e-12
    )
    assert without_bins.miscalibration >= -1e-12
    assert without_bins.discrimination >= -1e-12
    assert ece(truth, probability) <= maximum_calibration_error(truth, probability) + 1e-12


def test_null_shows_that_small_samples_look_miscalibrated() -> None:
    """A perfect model, Beta(.6, 4) scores, n = 100: mean ECE .061, 95th percentile .092."""
    random = np.random.default_rng(6)
    probability = random.beta(0.6, 4, 100)
    truth = (random.random(100) < probability).astype(float)
    null = null_distribution(ece, truth, probability, seed=1)
    assert null.null_mean == pytest.approx(0.061, abs=0.012)
    assert null.null_95th == pytest.approx(0.092, abs=0.015)
    assert null.p > 0.01
    assert null_distribution(smooth_ece, D1.truth, D1.score, seed=1, replicates=50).p == pytest.approx(1 / 51)


def test_null_p_values_are_spread_evenly_under_calibration() -> None:
    random = np.random.default_rng(8)
    probability = random.beta(1, 2, 150)
    draws = [(random.random(150) < probability).astype(float) for _ in range(80)]
    p = np.array([null_distribution(ece, each, probability, seed=2, replicates=99).p for each in draws])
    assert 0.35 < p.mean() < 0.65
    assert (p <= 0.05).mean() < 0.15


def test_probabilities_outside_their_range_are_refused() -> None:
    for measure in (ece, ece_debiased, smooth_ece, brier, murphy, corp, spiegelhalter_z, calibration_line):
        with pytest.raises(ValueError, match="between 0 and 1"):
            measure([0, 1], [-0.1, 0.5])
        with pytest.raises(ValueError, match="NaN"):
            measure([0, 1], [float("nan"), 0.5])
        with pytest.raises(PermanentError, match="only one class"):
            measure([1, 1], [0.1, 0.5])
    with pytest.raises(PermanentError, match="equal-mass"):
        ece_debiased([0, 1], [0.2, 0.5])
    with pytest.raises(PermanentError, match="variance"):
        spiegelhalter_z([0, 1], [0.0, 1.0])
