"""Which map turns raw scores into probabilities, fitted on held-out cases and chosen by patient-grouped cross-validated log loss.

Platt 1999 (with his smoothed targets); Guo et al. 2017; Kull et al. 2017; Zadrozny & Elkan 2002; one-standard-error rule, Breiman et al. 1984.
The fits are primitives and take any two classes; the minimum numbers of cases are kept by `choose_calibration`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from wetread.domain.errors import PermanentError
from wetread.evaluation.calibration_maps import (
    BetaCalibration,
    CalibrationMap,
    IsotonicCalibration,
    PlattCalibration,
    TemperatureCalibration,
    log_sigmoids,
)
from wetread.evaluation.inputs import Floats, Labels, Places, checked, cluster_places
from wetread.evaluation.logistic import fit_logistic

__all__ = [
    "MIN_CASES_FOR_ISOTONIC",
    "MIN_PER_CLASS",
    "CalibrationChoice",
    "MethodLoss",
    "SlopePrior",
    "choose_calibration",
    "fit_beta",
    "fit_isotonic",
    "fit_platt",
    "fit_platt_with_prior",
    "fit_temperature",
]

MIN_PER_CLASS = 50
MIN_CASES_FOR_ISOTONIC = 1000
_LEAST_SLOPE = 0.05


@dataclass(frozen=True, slots=True)
class MethodLoss:
    """Out-of-fold log loss (nats a case) and how much worse it is than the best method, with that difference's patient-clustered SE.

    Source: Good (1952), J R Stat Soc B 14:107.
    """

    method: str
    log_loss: float
    excess: float
    excess_standard_error: float


@dataclass(frozen=True, slots=True)
class CalibrationChoice:
    """The chosen map refitted on all cases, the rule in words, and every method's cross-validated loss (none where no choice was made).

    Source: Breiman et al. (1984), Classification and Regression Trees, chapter 3.
    """

    calibration: CalibrationMap
    rule: str
    losses: tuple[MethodLoss, ...]
    n: int
    n_positive: int
    n_patients: int


def fit_platt(truth: ArrayLike, raw_score: ArrayLike, *, smooth_targets: bool = False) -> PlattCalibration:
    """Maximum likelihood slope and intercept of (n,) 0/1 truth and (n,) raw scores (logits); `smooth_targets` uses Platt's (n+ + 1)/(n+ + 2) and 1/(n- + 2) for 1 and 0.

    Raises PermanentError: one class, code "separated", or code "backwards" when the slope is not positive.
    Source: Platt (1999), Advances in Large Margin Classifiers, 61.
    """
    labels, values = checked(truth, raw_score)
    target = _smoothed(labels) if smooth_targets else labels
    slope, intercept = fit_logistic(np.column_stack([values, np.ones_like(values)]), target).weights
    return PlattCalibration(_forward(float(slope)), float(intercept))


@dataclass(frozen=True, slots=True)
class SlopePrior:
    """Normal prior of Platt's slope; N(1, 1) is weak. `basis` says in a few words what else it rests on.

    Source: the idea of a weak prior: Gelman et al. (2008), Ann Appl Stat 2:1360.
    """

    mean: float = 1.0
    standard_deviation: float = 1.0
    basis: str = ""

    def __str__(self) -> str:
        return f"a N({self.mean:.3g}, {self.standard_deviation:.3g}) slope prior{self.basis and f' from {self.basis}'}"


WEAK_PRIOR = SlopePrior()


def fit_platt_with_prior(truth: ArrayLike, raw_score: ArrayLike, prior: SlopePrior = WEAK_PRIOR) -> PlattCalibration:
    """Platt with a normal prior on the slope, for few positives among (n,) 0/1 truth and (n,) raw scores (logits); a slope below 0.05 is held there and the intercept refitted.

    Source: Platt (1999), Advances in Large Margin Classifiers, 61; the idea of the prior: Gelman et al. (2008), Ann Appl Stat 2:1360.
    """
    labels, values = checked(truth, raw_score)
    ones = np.ones((len(values), 1))
    fit = fit_logistic(
        np.column_stack([values, ones]),
        labels,
        prior_mean=np.array([prior.mean, 0.0]),
        prior_precision=np.array([prior.standard_deviation**-2, 0.0]),
    )
    slope, intercept = fit.weights
    if slope < _LEAST_SLOPE:
        slope, intercept = _LEAST_SLOPE, fit_logistic(ones, labels, offset=_LEAST_SLOPE * values).weights[0]
    return PlattCalibration(float(slope), float(intercept))


def fit_temperature(truth: ArrayLike, raw_score: ArrayLike) -> TemperatureCalibration:
    """Maximum likelihood temperature of (n,) 0/1 truth and (n,) raw scores (logits); raises like `fit_platt`. Source: Guo et al. (2017), ICML."""
    labels, values = checked(truth, raw_score)
    return TemperatureCalibration(1 / _forward(float(fit_logistic(values[:, None], labels).weights[0])))


def fit_beta(truth: ArrayLike, raw_score: ArrayLike) -> BetaCalibration:
    """Maximum likelihood a, b, c of (n,) 0/1 truth and (n,) raw scores (logits); a negative a (or b) is set to 0 and the rest refitted, as Kull et al. do. Raises like `fit_platt`.

    Source: Kull, Silva Filho & Flach (2017), AISTATS.
    """
    labels, values = checked(truth, raw_score)
    log_s, minus_log_rest = log_sigmoids(values)
    ones = np.ones_like(values)
    a, b, c = fit_logistic(np.column_stack([log_s, minus_log_rest, ones]), labels).weights
    if a < 0:
        a, (b, c) = 0.0, fit_logistic(np.column_stack([minus_log_rest, ones]), labels).weights
    elif b < 0:
        b, (a, c) = 0.0, fit_logistic(np.column_stack([log_s, ones]), labels).weights
    _forward(float(min(a, b)) if min(a, b) < 0 else float(a + b))
    return BetaCalibration(float(a), float(b), float(c))


def fit_isotonic(truth: ArrayLike, raw_score: ArrayLike) -> IsotonicCalibration:
    """Pool-adjacent-violators on the mean truth of each distinct score, of (n,) 0/1 truth and (n,) raw scores (logits), held inside [1/(2n), 1 - 1/(2n)] so that no log loss is infinite.

    Source: Zadrozny & Elkan (2002), KDD; Ayer et al. (1955), Ann Math Stat 26:641.
    """
    labels, values = checked(truth, raw_score)
    distinct, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(distinct) < 2:
        raise PermanentError("the score does not vary: there is nothing to calibrate", code="separated")
    fitted = isotonic_regression(np.bincount(places, labels) / counts, weights=counts).x
    inside = np.clip(fitted, 0.5 / len(labels), 1 - 0.5 / len(labels))
    inner = np.r_[True, (inside[1:-1] != inside[:-2]) | (inside[1:-1] != inside[2:]), True]
    return IsotonicCalibration(tuple(distinct[inner].tolist()), tuple(inside[inner].tolist()))


_FITS: dict[str, Callable[[Floats, Floats], CalibrationMap]] = {
    "temperature": fit_temperature,
    "platt": fit_platt,
    "beta": fit_beta,
    "isotonic": fit_isotonic,
}
"""Simplest first: one, two, three, many numbers."""


def choose_calibration(
    truth: ArrayLike,
    raw_score: ArrayLike,
    patients: Labels | None = None,
    *,
    seed: int,
    folds: int = 5,
    prior: SlopePrior = WEAK_PRIOR,
) -> CalibrationChoice:
    """Of (n,) 0/1 truth and (n,) raw scores (logits): the simplest method whose out-of-fold log loss exceeds the best by at most one standard error of the paired difference.

    No patient is on both sides of a fold, and the standard error is over patients. Isotonic takes part from 1000 cases. Below 50 positives or
    50 negatives (or where a fold would lack a class, or no method fits) no choice is made: Platt with `prior`.
    Source: Breiman et al. (1984), Classification and Regression Trees, chapter 3.
    """
    labels, values = checked(truth, raw_score)
    places = cluster_places(patients, len(labels))
    positives = int(labels.sum())

    def chosen(calibration: CalibrationMap, rule: str, losses: tuple[MethodLoss, ...] = ()) -> CalibrationChoice:
        return CalibrationChoice(calibration, rule, losses, len(labels), positives, int(places.max()) + 1)

    if min(positives, len(labels) - positives) < MIN_PER_CLASS:
        return chosen(
            fit_platt_with_prior(labels, values, prior), f"fewer than {MIN_PER_CLASS} of a class: Platt with {prior}"
        )
    out_of_fold = _out_of_fold(labels, values, _fold_of_patient(labels, places, folds, seed)[places])
    if not out_of_fold:
        return chosen(fit_platt_with_prior(labels, values, prior), f"no method fits every fold: Platt with {prior}")
    losses = _compared(out_of_fold, places)
    simplest = next(each for each in losses if each.excess <= each.excess_standard_error)
    rule = f"simplest method within one standard error of the best {folds}-fold log loss, patients kept together"
    return chosen(_FITS[simplest.method](labels, values), rule, losses)


def _smoothed(labels: Floats) -> Floats:
    positives = labels.sum()
    smoothed: Floats = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (len(labels) - positives + 2))
    return smoothed


def _forward(slope: float) -> float:
    if slope <= 0:
        raise PermanentError(
            "the raw score ranks backwards on these cases: check the labels, do not recalibrate", code="backwards"
        )
    return slope


def _fold_of_patient(labels: Floats, places: Places, folds: int, seed: int) -> Places:
    """(patients,) fold numbers: shuffled, then dealt round, patients with a positive first, so that every fold has its share."""
    patients = int(places.max()) + 1
    shuffled = np.random.default_rng(seed).permutation(patients)
    with_positive = np.bincount(places, labels, patients)[shuffled] > 0
    dealt = shuffled[np.argsort(~with_positive, kind="stable")]
    fold = np.empty(patients, dtype=np.intp)
    fold[dealt] = np.arange(patients) % folds
    return fold


def _out_of_fold(labels: Floats, values: Floats, fold: Places) -> dict[str, Floats]:
    """(n,) losses of every method that could be fitted in every fold, simplest first."""
    losses: dict[str, Floats] = {}
    for method, fit in _FITS.items():
        if method == "isotonic" and len(labels) < MIN_CASES_FOR_ISOTONIC:
            continue
        probability = np.empty_like(values)
        try:
            for held in np.unique(fold):
                inside = fold != held
                probability[~inside] = fit(labels[inside], values[inside]).apply(values[~inside])
            fit(labels, values)
        except PermanentError:
            continue  # separated, backwards or one class in a fold: this method is no candidate on these cases
        losses[method] = -np.log(np.clip(np.where(labels == 1, probability, 1 - probability), 1e-300, 1.0))
    return losses


def _compared(losses: dict[str, Floats], places: Places) -> tuple[MethodLoss, ...]:
    best = min(losses.values(), key=lambda each: float(each.mean()))
    patients, count = int(places.max()) + 1, len(best)
    compared = []
    for method, loss in losses.items():
        excess = loss - best
        mean = float(excess.mean())
        spread = float((np.bincount(places, excess - mean) ** 2).sum()) * patients / max(patients - 1, 1)
        compared.append(MethodLoss(method, float(loss.mean()), mean, float(np.sqrt(spread)) / count))
    return tuple(compared)
