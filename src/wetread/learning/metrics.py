"""The few statistics that training and the model card need, with patient-clustered intervals.

AUROC is the mid-rank estimate (ties count one half). Intervals are percentile intervals of a weighted bootstrap over
*patients*; below 10 positives or 10 negatives an AUROC is "not estimable" and no number is given.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from wetread.evaluation import proportions

__all__ = [
    "MIN_PER_CLASS",
    "Estimate",
    "auroc",
    "auroc_estimate",
    "brier_skill",
    "cluster_bootstrap",
    "ece",
    "smooth_ece",
    "wilson",
]

Floats = NDArray[np.float64]
MIN_PER_CLASS = 10


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval; None where it is not estimable."""

    value: float | None
    low: float | None
    high: float | None
    n_positive: int
    n_negative: int


def auroc(truth: Floats, score: Floats, weight: Floats | None = None) -> float:
    """Weighted mid-rank AUROC of (n,) scores against 0/1 truth; NaN when a class is empty."""
    if weight is None:
        positives = int(truth.sum())
        negatives = len(truth) - positives
        if not positives or not negatives:
            return float("nan")
        ranks = rankdata(score)[truth == 1].sum()
        return float((ranks - positives * (positives + 1) / 2) / (positives * negatives))
    _, place = np.unique(score, return_inverse=True)
    positive = np.bincount(place, weight * truth)
    negative = np.bincount(place, weight * (1 - truth))
    below = np.cumsum(negative) - negative
    total = positive.sum() * negative.sum()
    return float((positive * (below + negative / 2)).sum() / total) if total else float("nan")


def cluster_bootstrap(
    statistic: Callable[[Floats], float], patients: NDArray[np.str_], replicates: int = 1000, seed: int = 7
) -> tuple[float, float]:
    """95 % percentile interval of `statistic(film weights)`; the weights resample whole patients."""
    random = np.random.default_rng(seed)
    _, place = np.unique(patients, return_inverse=True)
    count = int(place.max()) + 1
    draws = [
        statistic(np.bincount(random.integers(count, size=count), minlength=count)[place].astype(float))
        for _ in range(replicates)
    ]
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return float(low), float(high)


def auroc_estimate(truth: Floats, score: Floats, patients: NDArray[np.str_], replicates: int = 1000) -> Estimate:
    """AUROC with its patient-clustered interval; NaN truth is left out."""
    known = ~np.isnan(truth)
    truth, score, patients = truth[known], score[known], patients[known]
    positives, negatives = int((truth == 1).sum()), int((truth == 0).sum())
    if min(positives, negatives) < MIN_PER_CLASS:
        return Estimate(None, None, None, positives, negatives)
    low, high = cluster_bootstrap(lambda weight: auroc(truth, score, weight), patients, replicates)
    return Estimate(auroc(truth, score), low, high, positives, negatives)


def wilson(successes: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a proportion (two-sided `level`); (0, 1) without trials."""
    return proportions.wilson(successes, trials, level) if trials > 0 else (0.0, 1.0)


def ece(truth: Floats, probability: Floats, bins: int = 10) -> float:
    """Expected calibration error: L1, equal width, left-closed bins, on P(finding)."""
    place = np.minimum(np.floor(probability * bins + 1e-9).astype(int), bins - 1)
    gap = np.bincount(place, probability - truth, minlength=bins)
    return float(np.abs(gap).sum() / len(truth))


def smooth_ece(truth: Floats, probability: Floats, grid: int = 500) -> float:
    """Smooth ECE (Blasiok & Nakkiran 2023): reflected Gaussian kernel whose width equals the error it measures."""
    centres = (np.arange(grid) + 0.5) / grid
    mass = np.zeros(grid)
    np.add.at(mass, np.minimum((probability * grid).astype(int), grid - 1), (truth - probability) / len(truth))

    filled = np.flatnonzero(mass)
    places, mass = centres[filled], mass[filled]
    distances = [centres[:, None] - image[None, :] for image in (places, -places, 2 - places)]

    def smoothed(width: float) -> float:
        kernel = sum(np.exp(-0.5 * (each / width) ** 2) for each in distances) / (width * np.sqrt(2 * np.pi))
        return float(np.abs(kernel @ mass).mean())

    low, high = 1e-3, 1.0
    for _ in range(20):
        width = (low + high) / 2
        low, high = (width, high) if smoothed(width) > width else (low, width)
    return (low + high) / 2


def brier_skill(truth: Floats, probability: Floats) -> float:
    """1 - Brier / Brier of the prevalence; 0 = no better than stating the prevalence; NaN when a class is empty."""
    reference = float(truth.mean() * (1 - truth.mean()))
    return 1 - float(np.mean((probability - truth) ** 2)) / reference if reference else float("nan")
