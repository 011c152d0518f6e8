"""The maps against R, scikit-learn and betacal's definition, and the choice among them."""

import json

import numpy as np
import pytest
from evaluation_data import D1
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from wetread.domain.errors import PermanentError
from wetread.evaluation.calibration_fit import (
    SlopePrior,
    choose_calibration,
    fit_beta,
    fit_isotonic,
    fit_platt,
    fit_platt_with_prior,
    fit_temperature,
)
from wetread.evaluation.calibration_maps import (
    BetaCalibration,
    CalibrationMap,
    IsotonicCalibration,
    PlattCalibration,
    TemperatureCalibration,
    calibration_from_document,
)
from wetread.evaluation.inputs import Floats
from wetread.evaluation.logistic import log_loss, logit, sigmoid

RAW = logit(D1.score)
MAPS: list[CalibrationMap] = [
    PlattCalibration(0.8, -1.0),
    TemperatureCalibration(1.5),
    BetaCalibration(0.5, 0.7, -0.7),
    IsotonicCalibration((-2.0, 0.0, 3.0), (0.1, 0.1, 0.8)),
]


def _drawn(seed: int, cases: int, slope: float, intercept: float) -> tuple[Floats, Floats]:
    """Truth drawn from sigmoid(slope * raw + intercept) over normal raw scores."""
    random = np.random.default_rng(seed)
    raw = 2 * random.normal(size=cases)
    return (random.random(cases) < sigmoid(slope * raw + intercept)).astype(float), raw


def test_platt_equals_r() -> None:
    fit = fit_platt(D1.truth, RAW)
    assert (fit.slope, fit.intercept) == pytest.approx((0.621488240274, -0.555908109139), abs=1e-10)


def test_temperature_equals_the_oracle() -> None:
    assert fit_temperature(D1.truth, RAW).temperature == pytest.approx(1.55470768, abs=1e-6)


def test_beta_equals_the_oracle() -> None:
    fit = fit_beta(D1.truth, RAW)
    assert (fit.c, fit.a, fit.b) == pytest.approx((-0.702055363288, 0.554087807404, 0.691068031236), abs=1e-7)


def test_beta_is_logistic_regression_on_the_two_logs() -> None:
    columns = np.column_stack([np.log(D1.score), -np.log1p(-D1.score)])
    reference = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(columns, D1.truth)
    assert fit_beta(D1.truth, RAW).apply(RAW) == pytest.approx(reference.predict_proba(columns)[:, 1], abs=1e-5)


def test_platts_smoothed_targets_equal_scikit_learn() -> None:
    reference = _SigmoidCalibration().fit(RAW, D1.truth)
    fit = fit_platt(D1.truth, RAW, smooth_targets=True)
    assert (fit.slope, fit.intercept) == pytest.approx((-reference.a_, -reference.b_), abs=1e-4)
    assert fit.slope < fit_platt(D1.truth, RAW).slope


def test_isotonic_equals_scikit_learn() -> None:
    fit = fit_isotonic(D1.truth, RAW)
    reference = IsotonicRegression(y_min=1 / 1000, y_max=1 - 1 / 1000, out_of_bounds="clip").fit(RAW, D1.truth)
    everywhere = np.linspace(-9, 9, 2001)
    assert fit.apply(everywhere) == pytest.approx(reference.predict(everywhere), abs=1e-12)
    assert 0 < fit.apply(everywhere).min() < fit.apply(everywhere).max() < 1


def test_weak_prior_holds_where_the_likelihood_runs_away() -> None:
    truth, raw = np.r_[np.zeros(30), np.ones(4)], np.r_[np.linspace(-3, -1, 30), np.linspace(0, 1, 4)]
    with pytest.raises(PermanentError) as refused:
        fit_platt(truth, raw)
    assert refused.value.code == "separated"
    fit = fit_platt_with_prior(truth, raw)
    assert 1 < fit.slope < 3
    residual = truth - fit.apply(raw)
    assert residual.sum() == pytest.approx(0, abs=1e-9)
    assert (residual * raw).sum() == pytest.approx(fit.slope - 1, abs=1e-9)


def test_a_backward_score_is_not_turned_round() -> None:
    for fit in (fit_platt, fit_temperature, fit_beta):
        with pytest.raises(PermanentError) as refused:
            fit(1 - D1.truth, RAW)
        assert refused.value.code == "backwards"
    held = fit_platt_with_prior(1 - D1.truth, RAW)
    assert held.slope == 0.05
    assert held.apply(RAW).mean() == pytest.approx(1 - D1.truth.mean(), abs=1e-9)


@pytest.mark.parametrize("calibration", MAPS)
def test_maps_survive_json(calibration: CalibrationMap) -> None:
    document = json.loads(json.dumps(calibration.to_document()))
    assert calibration_from_document(document) == calibration


@pytest.mark.parametrize("calibration", MAPS)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_maps_keep_order_and_range(calibration: CalibrationMap, raw: list[float]) -> None:
    probability = calibration.apply(np.sort(raw))
    assert (np.diff(probability) >= 0).all()
    assert ((probability >= 0) & (probability <= 1)).all()


@pytest.mark.parametrize(
    "document",
    [
        {"method": "spline"},
        {"method": "platt", "slope": -1.0, "intercept": 0.0},
        {"method": "platt", "slope": True, "intercept": 0.0},
        {"method": "platt", "slope": float("nan"), "intercept": 0.0},
        {"method": "temperature", "temperature": 0.0},
        {"method": "temperature"},
        {"method": "beta", "a": 0.0, "b": 0.0, "c": 1.0},
        {"method": "isotonic", "raw_scores": [0.0, 0.0], "probabilities": [0.1, 0.2]},
        {"method": "isotonic", "raw_scores": [0.0, 1.0], "probabilities": [0.3, 0.2]},
        {"method": "isotonic", "raw_scores": [0.0, 1.0], "probabilities": [0.0, 1.0]},
        {"method": "isotonic", "raw_scores": [0.0, 1.0, 2.0], "probabilities": [0.1, 0.2]},
        {"method": "isotonic", "raw_scores": "01", "probabilities": [0.1, 0.2]},
    ],
)
def test_maps_that_would_mislead_are_refused(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"platt|temperature|beta|isotonic|calibration"):
        calibration_from_document(document)


def test_one_number_is_preferred_where_it_suffices() -> None:
    choice = choose_calibration(*_drawn(3, 2000, 0.6, 0.0), seed=1)
    assert [each.method for each in choice.losses] == ["temperature", "platt", "beta", "isotonic"]
    assert isinstance(choice.calibration, TemperatureCalibration)
    assert choice.calibration.temperature == pytest.approx(1 / 0.6, abs=0.15)


def test_an_intercept_is_found_where_it_is_needed() -> None:
    truth, raw = _drawn(4, 1500, 0.7, -1.5)
    assert isinstance(choose_calibration(truth, raw, seed=1).calibration, PlattCalibration)


def test_a_kinked_relation_needs_isotonic_and_enough_cases() -> None:
    random = np.random.default_rng(5)
    raw = random.uniform(-4, 4, 3000)
    truth = (random.random(3000) < np.select([raw < -1, raw < 1], [0.02, 0.5], 0.98)).astype(float)
    assert isinstance(choose_calibration(truth, raw, seed=1).calibration, IsotonicCalibration)
    few = choose_calibration(truth[:900], raw[:900], seed=1)
    assert "isotonic" not in {each.method for each in few.losses}


def test_the_choice_is_repeatable_and_counts_patients() -> None:
    first = choose_calibration(D1.truth, RAW, D1.patients, seed=7)
    assert first == choose_calibration(D1.truth, RAW, D1.patients, seed=7)
    assert (first.n, first.n_positive, first.n_patients) == (500, 163, 250)
    assert "patients kept together" in first.rule


def test_cross_validation_never_learns_from_the_same_patient() -> None:
    """Each patient's five films are copies with one truth: a leak would let isotonic learn every patient by heart."""
    random = np.random.default_rng(6)
    raw, truth = np.repeat(random.normal(size=400), 5), np.repeat((random.random(400) < 0.4).astype(float), 5)
    patients = np.repeat(np.arange(400), 5).astype(str)
    kept = {
        each.method: each.log_loss for each in choose_calibration(truth, raw + 0.3 * truth, patients, seed=1).losses
    }
    leaked = {each.method: each.log_loss for each in choose_calibration(truth, raw + 0.3 * truth, seed=1).losses}
    assert leaked["isotonic"] < kept["isotonic"] - 0.05


def test_below_fifty_positives_no_method_is_chosen() -> None:
    few = np.r_[np.flatnonzero(D1.truth == 1)[:49], np.flatnonzero(D1.truth == 0)]
    choice = choose_calibration(D1.truth[few], RAW[few], seed=1)
    assert choice.calibration == fit_platt_with_prior(D1.truth[few], RAW[few])
    assert choice.losses == ()
    assert "fewer than 50" in choice.rule


def test_a_separating_score_falls_back_to_the_weak_prior() -> None:
    truth = np.r_[np.zeros(100), np.ones(100)]
    choice = choose_calibration(truth, np.linspace(-2, 2, 200), seed=1)
    assert choice.losses == ()
    assert isinstance(choice.calibration, PlattCalibration)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_neighbour_of_the_fit_is_likelier(seed: int) -> None:
    truth, raw = _drawn(seed, 200, 0.8, -0.4)
    fit = fit_platt(truth, raw)
    best = log_loss(truth, fit.slope * raw + fit.intercept).sum()
    for slope, intercept in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3)):
        assert log_loss(truth, (fit.slope + slope) * raw + fit.intercept + intercept).sum() > best


def test_a_tight_prior_decides_the_slope_and_a_wide_one_leaves_it_to_the_cases() -> None:
    tight, wide = (fit_platt_with_prior(D1.truth, RAW, SlopePrior(0.4, each, "x")) for each in (1e-3, 1e3))
    assert tight.slope == pytest.approx(0.4, abs=1e-3)
    assert wide.slope == pytest.approx(fit_platt(D1.truth, RAW).slope, rel=1e-3)
    assert str(SlopePrior(0.4, 0.1, "somewhere")) == "a N(0.4, 0.1) slope prior from somewhere"
