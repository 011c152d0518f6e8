"""Raw logit to probability (Platt 1999) and probability to a yes/no (an operating point), both fitted on `val`.

Platt's slope carries a weak N(1, 1) prior, because some findings have a dozen positives. An operating point is chosen on the
*lower* confidence bound of the promised rate, whose interval respects that one patient may give many films.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wetread.domain.analysis import Rate
from wetread.learning.metrics import Floats, wilson

__all__ = [
    "Calibrated",
    "OperatingPoint",
    "Platt",
    "clustered_rate",
    "fit_platt",
    "out_of_fold",
    "sensitive_point",
    "specific_point",
]

Patients = NDArray[np.str_]


class Calibrated(Protocol):
    """What an evaluation asks of a calibration: (n,) logits to (n,) probabilities."""

    def probability(self, logit: Floats) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Platt:
    """probability = 1 / (1 + exp(-(slope * logit + intercept)))"""

    slope: float
    intercept: float

    def probability(self, logit: Floats) -> Floats:
        return 1 / (1 + np.exp(-(self.slope * logit + self.intercept)))


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Positive iff probability >= threshold."""

    threshold: float
    rule: str
    sensitivity: Rate
    specificity: Rate
    fp_per_100_films: float


def fit_platt(truth: Floats, logit: Floats, steps: int = 50) -> Platt:
    """Newton's method on the penalised log likelihood of (n,) 0/1 truth given (n,) logits."""
    design = np.stack([logit, np.ones_like(logit)], 1)
    prior_mean, precision = np.array([1.0, 0.0]), np.array([1.0, 0.0])
    weights = np.array([1.0, 0.0])
    for _ in range(steps):
        probability = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (truth - probability) - precision * (weights - prior_mean)
        curvature = design.T @ (design * (probability * (1 - probability))[:, None]) + np.diag(precision)
        change = np.linalg.solve(curvature, gradient)
        weights = weights + change / max(1.0, float(np.abs(change).max()))
    return Platt(max(float(weights[0]), 0.05), float(weights[1]))


def out_of_fold(truth: Floats, logit: Floats, patients: Patients, folds: int = 5, seed: int = 7) -> Floats:
    """(n,) probabilities, each from a calibration that has not seen the film's patient."""
    unique, place = np.unique(patients, return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(unique))[place] % folds
    probability = np.empty_like(logit)
    for held in range(folds):
        inside = fold != held
        probability[~inside] = fit_platt(truth[inside], logit[inside]).probability(logit[~inside])
    return probability


def clustered_rate(success: NDArray[np.bool_], patients: Patients) -> Rate:
    """Share of True with a Wilson interval on the effective n of the ratio estimator over patients."""
    films = len(success)
    share = float(success.mean()) if films else 0.0
    _, place = np.unique(patients, return_inverse=True)
    residual = np.bincount(place, success - share) if films else np.zeros(1)
    clusters = len(residual)
    variance = float((residual**2).sum()) / films**2 * clusters / max(clusters - 1, 1) if films else 0.0
    effective = min(films, share * (1 - share) / variance) if variance > 0 else clusters
    return Rate(share, *wilson(share * effective, effective), films)


def _point(threshold: float, rule: str, truth: Floats, probability: Floats, patients: Patients) -> OperatingPoint:
    called, positive = probability >= threshold, truth == 1
    return OperatingPoint(
        threshold=threshold,
        rule=rule,
        sensitivity=clustered_rate(called[positive], patients[positive]),
        specificity=clustered_rate(~called[~positive], patients[~positive]),
        fp_per_100_films=float(100 * (called & ~positive).mean()),
    )


def _candidates(probability: Floats) -> list[float]:
    """Thresholds with four decimals, ascending: what a person can read and a file can hold exactly."""
    return sorted({round(float(value), 4) for value in probability} - {0.0})


def specific_point(truth: Floats, probability: Floats, patients: Patients, floor: float) -> OperatingPoint:
    """The lowest threshold whose specificity is at least `floor` on the lower 95 % bound."""
    rule = f"lowest threshold with specificity >= {floor:.2f} on the lower 95 % bound, val"
    for threshold in _candidates(probability):
        point = _point(threshold, rule, truth, probability, patients)
        if point.specificity.low >= floor:
            return point
    return _point(1.0, rule + " (not reachable: never positive)", truth, probability, patients)


def sensitive_point(truth: Floats, probability: Floats, patients: Patients, floor: float) -> OperatingPoint | None:
    """The highest threshold whose sensitivity is at least `floor` on the lower 95 % bound; None if there is none."""
    rule = f"highest threshold with sensitivity >= {floor:.2f} on the lower 95 % bound, val"
    for threshold in reversed(_candidates(probability)):
        point = _point(threshold, rule, truth, probability, patients)
        if point.sensitivity.low >= floor:
            return point
    return None
