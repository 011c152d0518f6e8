"""Did reports come sooner: medians with order-statistic intervals, the shift between two periods, quantile regression (over time: `interrupted_series`).

Hodges & Lehmann 1963; Hollander & Wolfe 1999; Koenker & Bassett 1978.
Times are skewed and studies compete: give the studies that were not prioritised beside those that were, and never a mean alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog
from scipy.stats import binom, norm, rankdata, t

from wetread.evaluation.inputs import Floats, Labels, cluster_places, too_few

__all__ = [
    "MIN_DAYS",
    "MIN_TIMES",
    "MedianDifference",
    "MedianTime",
    "Shift",
    "hodges_lehmann",
    "median_difference",
    "median_time",
    "quantile_regression",
]

MIN_TIMES = 20
MIN_DAYS = 10


@dataclass(frozen=True, slots=True)
class MedianTime:
    """Median, its order-statistic interval (`level` is what it covers, at least what was asked), and the 90th percentile, in the unit of the times.

    Source: Hollander & Wolfe (1999), Nonparametric Statistical Methods.
    """

    median: float
    low: float
    high: float
    level: float
    p90: float
    n: int


@dataclass(frozen=True, slots=True)
class Shift:
    """Hodges-Lehmann shift, first minus second (positive: the second period is faster), with its interval and the two-sided p of the rank-sum test, corrected for ties.

    Source: Hodges & Lehmann (1963), Ann Math Stat 34:598.
    """

    shift: float
    low: float
    high: float
    statistic: float
    p: float
    n: tuple[int, int]


@dataclass(frozen=True, slots=True)
class MedianDifference:
    """First median minus second, with its interval over `days` days, in the unit of the times; `n` times on each side.

    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap.
    """

    difference: float
    low: float
    high: float
    n: tuple[int, int]
    days: int


def median_difference(
    first: ArrayLike,
    second: ArrayLike,
    days: tuple[Labels, Labels],
    level: float = 0.95,
    replicates: int = 500,
    seed: int = 7,
) -> MedianDifference:
    """Of (m,) and (n,) times with the day of each: Student's interval on the spread of a bootstrap over days, since studies of one day share its queue and both sides of a day go together.

    Raises ValueError on NaN or negative times, PermanentError ('too_few_cases') below 20 times on a side or 10 days.
    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap.
    """
    sides = _times(first), _times(second)
    m, n = map(len, sides)
    if min(m, n) < MIN_TIMES:
        raise too_few(f"{m} and {n} times: a difference of medians needs {MIN_TIMES} on each side")
    place = cluster_places(np.concatenate([np.asarray(each) for each in days]), m + n)
    count = int(place.max()) + 1
    if count < MIN_DAYS:
        raise too_few(f"times of {count} days: the interval of a difference of medians needs {MIN_DAYS}")
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=replicates)
    old, new = (_medians(side, drawn[:, at]) for side, at in zip(sides, (place[:m], place[m:]), strict=True))
    half = float(t.ppf(0.5 + level / 2, count - 1) * np.nanstd(old - new, ddof=1))
    difference = float(np.median(sides[0]) - np.median(sides[1]))
    return MedianDifference(difference, difference - half, difference + half, (m, n), count)


def _medians(times: Floats, weights: NDArray[np.intp]) -> Floats:
    """(r,) medians of (n,) times counted as often as (r, n) weights say; NaN where none is counted."""
    order = np.argsort(times, kind="stable")
    held = np.cumsum(weights[:, order], axis=1)
    whole = held[:, -1]
    found: Floats = times[order][np.argmax(2 * held >= whole[:, None], axis=1)].astype(np.float64)
    found[whole == 0] = np.nan
    return found


def median_time(times: ArrayLike, level: float = 0.95) -> MedianTime:
    """Of (n,) times, in their unit; raises ValueError on NaN or negative ones, PermanentError ('too_few_cases') below 20.

    Source: Hollander & Wolfe (1999), Nonparametric Statistical Methods.
    """
    values = np.sort(_times(times))
    n = len(values)
    if n < MIN_TIMES:
        raise too_few(f"{n} times: an interval of the median needs {MIN_TIMES}")
    rank = int(binom.ppf((1 - level) / 2, n, 0.5))
    while rank > 0 and 1 - 2 * binom.cdf(rank - 1, n, 0.5) < level:
        rank -= 1
    rank = max(rank, 1)
    covered = 1 - 2 * float(binom.cdf(rank - 1, n, 0.5))
    return MedianTime(
        float(np.median(values)),
        float(values[rank - 1]),
        float(values[n - rank]),
        covered,
        float(np.quantile(values, 0.9)),
        n,
    )


def hodges_lehmann(
    first: ArrayLike, second: ArrayLike, days: tuple[Labels, Labels] | None = None, level: float = 0.95, seed: int = 7
) -> Shift:
    """The median difference of all pairs of (m,) and (n,) times, in their unit. Interval: rank-sum inversion, or with `days` (one key per time on each side) a bootstrap over days, since studies of one day share its queue.

    Raises PermanentError ('too_few_cases') below 5 times on a side.
    Source: Hodges & Lehmann (1963), Ann Math Stat 34:598; Hollander & Wolfe (1999), Nonparametric Statistical Methods.
    """
    old, new = _times(first), _times(second)
    m, n = len(old), len(new)
    if min(m, n) < 5:
        raise too_few(f"{m} and {n} times: a shift needs 5 on each side")
    gaps = np.sort((old[:, None] - new[None, :]).ravel())
    shift = float(np.median(gaps))
    ranks = rankdata(np.concatenate([old, new]))
    statistic = float(ranks[:m].sum()) - m * (m + 1) / 2
    _, tied = np.unique(ranks, return_counts=True)
    variance = m * n / 12 * (m + n + 1 - float((tied**3 - tied).sum()) / ((m + n) * (m + n - 1)))
    centred = statistic - m * n / 2
    z = (centred - np.sign(centred) * 0.5) / np.sqrt(variance) if variance > 0 else 0.0
    p = min(1.0, 2 * float(norm.sf(abs(z))))
    if days is not None:
        low, high = _by_days(old, new, days, level, seed)
    else:
        half = float(norm.ppf(0.5 + level / 2)) * np.sqrt(m * n * (m + n + 1) / 12)
        place = max(int(np.floor(m * n / 2 - half)), 0)
        low, high = float(gaps[place]), float(gaps[m * n - 1 - place])
    return Shift(shift, low, high, statistic, p, (m, n))


def quantile_regression(times: ArrayLike, design: ArrayLike, quantile: float = 0.5) -> Floats:
    """(d,) coefficients of the conditional quantile of (n,) times on an (n, d) design (give it a column of ones), solved exactly as a linear programme.

    Source: Koenker & Bassett (1978), Econometrica 46:33.
    """
    values, columns = _times(times), np.asarray(design, dtype=np.float64)
    if columns.ndim != 2 or len(columns) != len(values) or not 0 < quantile < 1 or not np.isfinite(columns).all():
        raise ValueError(
            f"need an (n, d) design for (n,) times and a quantile inside 0..1, not {columns.shape} and {quantile}"
        )
    n, d = columns.shape
    if n <= d:
        raise too_few(f"{n} times cannot carry {d} coefficients")
    cost = np.concatenate([np.zeros(2 * d), np.full(n, quantile), np.full(n, 1 - quantile)])
    equal = np.hstack([columns, -columns, np.eye(n), -np.eye(n)])
    found = linprog(cost, A_eq=equal, b_eq=values, bounds=(0, None), method="highs")
    if not found.success:
        raise ValueError("the quantile regression has no solution: is a column repeated?")
    coefficients: Floats = found.x[:d] - found.x[d : 2 * d]
    return coefficients


def _by_days(old: Floats, new: Floats, days: tuple[Labels, Labels], level: float, seed: int) -> tuple[float, float]:
    random = np.random.default_rng(seed)
    places = [cluster_places(key, len(side)) for key, side in zip(days, (old, new), strict=True)]
    drawn = []
    for _ in range(1000):
        sides = [_resampled(side, place, random) for side, place in zip((old, new), places, strict=True)]
        drawn.append(np.median(sides[0][:, None] - sides[1][None, :]))
    low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def _resampled(side: Floats, place: NDArray[np.intp], random: np.random.Generator) -> Floats:
    count = int(place.max()) + 1
    times = np.bincount(random.integers(count, size=count), minlength=count)
    return np.repeat(side, times[place])


def _times(times: ArrayLike) -> Floats:
    values = np.asarray(times, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all() or (values < 0).any():
        raise ValueError(
            "need one row of finite times from 0 up: a negative turnaround is a clock or a join gone wrong"
        )
    return values
