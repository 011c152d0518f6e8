"""Two sets of calls on the same cases, or two shares of different cases: is one rate higher, and by how much.

McNemar 1947; Obuchowski 1998 (patients with several cases; McNemar's own statistic when nobody has); Newcombe 1998 (method 10).
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2, norm

from wetread.evaluation.inputs import Flags, Labels, cluster_places, patients_worth, too_few
from wetread.evaluation.proportions import wilson

__all__ = ["PairedRates", "difference_of_rates", "mcnemar", "paired_rates"]

MIN_PAIRS = 10


@dataclass(frozen=True, slots=True)
class PairedRates:
    """First share minus second, -1..1, on the same `n` cases of `n_patients` with its interval, and the two-sided p that they are equal; `only_first` and `only_second` cases differ.

    Source: Obuchowski (1998), Stat Med 17:1495.
    """

    difference: float
    low: float
    high: float
    p: float
    only_first: int
    only_second: int
    n: int
    n_patients: int


def paired_rates(first: Flags, second: Flags, patients: Labels | None = None, level: float = 0.95) -> PairedRates:
    """Of (n,) outcomes of two readers or models on the same cases. p: Obuchowski's test over patients. Interval: the difference's own spread over patients.

    Raises ValueError on lengths, PermanentError ('too_few_cases') below 10 patients.
    Source: Obuchowski (1998), Stat Med 17:1495.
    """
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"need two outcomes per case, not {first.shape} and {second.shape}")
    gap = first.astype(np.float64) - second.astype(np.float64)
    places = cluster_places(patients, len(gap))
    clusters = int(places.max(initial=-1)) + 1
    if clusters < MIN_PAIRS or (worth := patients_worth(places)) < MIN_PAIRS:
        shared = "" if clusters < MIN_PAIRS else f", but one has so many of the cases that they are worth {worth:.1f}"
        raise too_few(f"{clusters} patients{shared}: a paired difference needs {MIN_PAIRS}")
    mean, n = float(gap.mean()), len(gap)
    sums = np.bincount(places, gap)
    spread = float(((sums - mean * np.bincount(places)) ** 2).sum()) * clusters / (clusters - 1)
    half = float(norm.ppf(0.5 + level / 2)) * float(np.sqrt(spread)) / n
    squares = float((sums**2).sum())
    p = float(chi2.sf(float(sums.sum()) ** 2 / squares, 1)) if squares else 1.0
    more, fewer = int((gap > 0).sum()), int((gap < 0).sum())
    return PairedRates(mean, max(mean - half, -1.0), min(mean + half, 1.0), p, more, fewer, n, clusters)


def mcnemar(only_first: int, only_second: int, *, continuity: bool = False) -> tuple[float, float]:
    """Statistic (chi-square, 1 degree of freedom) and p for the two kinds of pairs that differ; (0, 1) where none does. Source: McNemar (1947), Psychometrika 12:153."""
    if min(only_first, only_second) < 0:
        raise ValueError("counts are 0 or more")
    differ = only_first + only_second
    if not differ:
        return 0.0, 1.0
    gap = max(abs(only_first - only_second) - (1 if continuity else 0), 0)
    statistic = gap**2 / differ
    return statistic, float(chi2.sf(statistic, 1))


def difference_of_rates(first: tuple[int, int], second: tuple[int, int], level: float = 0.95) -> tuple[float, float]:
    """Newcombe's interval of the first share minus the second, each (successes, trials) of cases of its own. Source: Newcombe (1998), Stat Med 17:873 (method 10)."""
    (a, m), (b, n) = first, second
    (low, high), (other_low, other_high) = wilson(a, m, level), wilson(b, n, level)
    share, other = a / m, b / n
    gap = share - other
    down = float(np.hypot(share - low, other_high - other))
    up = float(np.hypot(high - share, other - other_low))
    return gap - down, gap + up
