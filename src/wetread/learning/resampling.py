"""Intervals of numbers that have no formula of their own (a mean of AUROCs, a paired difference of means): a weighted bootstrap over patients.

Percentile intervals. Whole patients are drawn, so films of one patient stand or fall together.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from wetread.evaluation.inputs import Floats, cluster_places

__all__ = ["cluster_bootstrap", "weighted_auroc"]


def weighted_auroc(truth: Floats, score: Floats, weight: Floats | None = None) -> float:
    """`evaluation.discrimination.auroc` of (n,) films that count `weight` times each; NaN when a class weighs nothing."""
    weight = np.ones(len(truth)) if weight is None else weight
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
    place = cluster_places(patients, len(patients))
    count = int(place.max()) + 1
    draws = [
        statistic(np.bincount(random.integers(count, size=count), minlength=count)[place].astype(float))
        for _ in range(replicates)
    ]
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return float(low), float(high)
