"""Did a series of equally spaced values (a weekly median, say) jump or turn at a known change: segmented regression with serially correlated errors.

Wagner 2002; first-order autocorrelation by restricted likelihood (Cheang & Reinsel 2000), averaged over, since a short series hardly tells it.
Newey & West's errors are not offered: in short series their interval holds the truth far less often than it says.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t

from wetread.evaluation.inputs import Floats, too_few

__all__ = ["MIN_POINTS_PER_SIDE", "SeriesBreak", "interrupted_time_series"]

MIN_POINTS_PER_SIDE = 8
_AUTOCORRELATIONS = np.linspace(-0.5, 0.95, 30)
"""Equally likely beforehand."""


@dataclass(frozen=True, slots=True)
class SeriesBreak:
    """At the change: the `level` jump and the `slope` change per point with intervals and p; `autocorrelation` of neighbouring errors as estimated.

    Source: Wagner et al. (2002), J Clin Pharm Ther 27:299.
    """

    level: float
    level_interval: tuple[float, float]
    level_p: float
    slope: float
    slope_interval: tuple[float, float]
    slope_p: float
    points: tuple[int, int]
    autocorrelation: float


def interrupted_time_series(values: ArrayLike, change_at: int, level: float = 0.95) -> SeriesBreak:
    """Segmented regression of (k,) equally spaced values: level and slope change at index `change_at`, with k - 4 degrees of freedom.

    Generalised least squares for errors of first-order autocorrelation. Raises PermanentError ('too_few_cases') below 8 points on a side.
    Source: Wagner et al. (2002), J Clin Pharm Ther 27:299; autocorrelation: Cheang & Reinsel (2000), J Am Stat Assoc 95:1173.
    """
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1 or not np.isfinite(series).all():
        raise ValueError("need one finite value per period: fill or drop empty periods, and say so")
    k = len(series)
    if min(change_at, k - change_at) < MIN_POINTS_PER_SIDE:
        raise too_few(f"{change_at} points before and {k - change_at} after: need {MIN_POINTS_PER_SIDE} on each side")
    time = np.arange(k, dtype=np.float64)
    after = (time >= change_at).astype(np.float64)
    design = np.column_stack([np.ones(k), time, after, after * (time - change_at)])
    coefficients, errors, autocorrelation = _over_autocorrelations(design, series)
    half = float(t.ppf(0.5 + level / 2, k - 4)) * errors

    def end(place: int) -> tuple[float, tuple[float, float], float]:
        value, error = float(coefficients[place]), float(errors[place])
        p = 2 * float(t.sf(abs(value) / error, k - 4)) if error > 0 else float(value == 0)
        return value, (value - float(half[place]), value + float(half[place])), p

    return SeriesBreak(*end(2), *end(3), (change_at, k - change_at), autocorrelation)


def _over_autocorrelations(design: Floats, series: Floats) -> tuple[Floats, Floats, float]:
    """(d,) coefficients, their errors, and the autocorrelation, each averaged over _AUTOCORRELATIONS by restricted likelihood."""
    fits = [_generalised(design, series, float(rho)) for rho in _AUTOCORRELATIONS]
    likelihood = np.array([each[0] for each in fits])
    weight = np.exp(likelihood - likelihood.max())
    weight /= weight.sum()
    coefficients, variances = (np.stack([each[part] for each in fits]) for part in (1, 2))
    mean = weight @ coefficients
    spread = weight @ (variances + (coefficients - mean) ** 2)
    return mean, np.sqrt(spread), float(weight @ _AUTOCORRELATIONS)


def _generalised(design: Floats, series: Floats, rho: float) -> tuple[float, Floats, Floats]:
    """Restricted log likelihood up to a constant, (d,) coefficients and their variances, for one autocorrelation (Prais & Winsten 1954)."""
    whitened = np.column_stack([design, series])
    rest = whitened[1:] - rho * whitened[:-1]
    whitened = np.vstack([np.sqrt(1 - rho**2) * whitened[:1], rest])
    columns, target = whitened[:, :-1], whitened[:, -1]
    inverse = np.linalg.inv(columns.T @ columns)
    coefficients: Floats = inverse @ columns.T @ target
    freedom = len(series) - design.shape[1]
    variance = max(float(((target - columns @ coefficients) ** 2).sum()) / freedom, np.finfo(np.float64).tiny)
    likelihood = 0.5 * (np.linalg.slogdet(inverse)[1] + np.log(1 - rho**2) - freedom * np.log(variance))
    return float(likelihood), coefficients, np.diag(inverse) * variance
