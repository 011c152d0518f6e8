"""Control charts for a daily or batch-wise number, with the run lengths that say how often they cry wolf.

Shewhart 1931 (limits of a share); Page 1954 (CUSUM); Roberts 1959 (EWMA); Vardeman & Ray 1985 (run length as an integral equation, here by Gauss-Legendre quadrature).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import norm

from wetread.evaluation.inputs import Floats

__all__ = ["Chart", "average_run_length", "cusum", "ewma", "limit_for_run_length", "share_limits"]

_NODES = 64


@dataclass(frozen=True, slots=True)
class Chart:
    """`up` and `down`: (n,) statistics after each value; `alarms`: indices where one is beyond `limit`. The chart goes on after an alarm from zero.

    Source: Page (1954), Biometrika 41:100.
    """

    up: Floats
    down: Floats
    limit: float
    alarms: tuple[int, ...]


def share_limits(events: int, cases: int, n: int, *, sigmas: float = 3.0) -> tuple[float, float, float]:
    """(centre, low, high) between which the share of `n` new cases lies while it is the reference's, `events` of `cases`: three standard errors, the reference's own among them, cut to 0..1.

    Raises ValueError on counts that cannot be.
    Source: Shewhart (1931), Economic Control of Quality of Manufactured Product.
    """
    if not (0 <= events <= cases and cases > 0 and n > 0):
        raise ValueError(f"need 0 <= events <= cases and new cases, not {events} of {cases} and {n}")
    centre = events / cases
    spread = (events + 0.5) / (cases + 1)  # a reference without any event still varies
    half = sigmas * float(np.sqrt(spread * (1 - spread) * (1 / n + 1 / cases)))
    return centre, max(0.0, centre - half), min(1.0, centre + half)


def cusum(values: ArrayLike, target: float, sigma: float, *, slack: float = 0.5, limit: float = 4.7738) -> Chart:
    """Two-sided tabular CUSUM of (n,) values in units of `sigma` around `target`; the default limit gives a false alarm every 370 values of a stable normal series.

    Raises ValueError on NaN or a sigma that is not positive.
    Source: Page (1954), Biometrika 41:100.
    """
    steps = _standardised(values, target, sigma)
    up, down = np.zeros(len(steps)), np.zeros(len(steps))
    high = low = 0.0
    alarms = []
    for n, step in enumerate(steps):
        high, low = max(0.0, high + step - slack), max(0.0, low - step - slack)
        up[n], down[n] = high, low
        if max(high, low) > limit:
            alarms.append(n)
            high = low = 0.0
    return Chart(up, down, limit, tuple(alarms))


def ewma(values: ArrayLike, target: float, sigma: float, *, weight: float = 0.2, limit: float = 2.859) -> Chart:
    """Exponentially weighted mean of (n,) values against limits of `limit` standard errors, exact from the first value on; the defaults give a false alarm every 370 values.

    `up` holds the standardised mean, `down` its negative.
    Source: Roberts (1959), Technometrics 1:239; limits: Lucas & Saccucci (1990), Technometrics 32:1.
    """
    if not 0 < weight <= 1:
        raise ValueError(f"the weight of the newest value lies in 0..1, not at {weight}")
    mean, smoothed = 0.0, []
    for n, step in enumerate(_standardised(values, target, sigma)):
        mean = weight * step + (1 - weight) * mean
        error = np.sqrt(weight / (2 - weight) * (1 - (1 - weight) ** (2 * (n + 1))))
        smoothed.append(mean / error)
    up = np.array(smoothed, dtype=np.float64)
    return Chart(up, -up, limit, tuple(int(n) for n in np.flatnonzero(np.abs(up) > limit)))


def average_run_length(shift: float, *, slack: float = 0.5, limit: float = 4.0, two_sided: bool = False) -> float:
    """Mean number of independent N(shift, 1) values until a CUSUM that starts at zero alarms. Source: Vardeman & Ray (1985), Technometrics 27:145."""
    one = _one_sided_run_length(shift, slack, limit)
    return 1 / (1 / one + 1 / _one_sided_run_length(-shift, slack, limit)) if two_sided else one


def limit_for_run_length(run_length: float, *, slack: float = 0.5, two_sided: bool = True) -> float:
    """The CUSUM limit with this mean time between false alarms; raises ValueError outside 2..1e6. Source: Vardeman & Ray (1985), Technometrics 27:145."""
    if not 2 <= run_length <= 1e6:
        raise ValueError(f"a run length lies between 2 and a million, not at {run_length}")

    def excess(limit: float) -> float:
        return average_run_length(0.0, slack=slack, limit=limit, two_sided=two_sided) - run_length

    return float(brentq(excess, 0.01, 25.0, xtol=1e-9))


def _one_sided_run_length(shift: float, slack: float, limit: float) -> float:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    places, weights = limit * (nodes + 1) / 2, limit * weights / 2
    starts = np.append(0.0, places)
    to_zero = norm.cdf(slack - shift - starts)
    to_place = norm.pdf(places[None, :] + slack - shift - starts[:, None]) * weights
    system = np.eye(_NODES + 1)
    system[:, 0] -= to_zero
    system[:, 1:] -= to_place
    return float(np.linalg.solve(system, np.ones(_NODES + 1))[0])


def _standardised(values: ArrayLike, target: float, sigma: float) -> Floats:
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1 or not np.isfinite(series).all() or not sigma > 0:
        raise ValueError("need a series without NaN and a positive sigma")
    steps: Floats = (series - target) / sigma
    return steps
