"""Intervals of a rate and of a count, and how many independent cases a clustered sample is worth.

Wilson 1927 (score interval); Clopper & Pearson 1934 (exact); Garwood 1936 (exact Poisson); Korn & Graubard 1998 (exact interval on the effective n).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, chi2, norm

from wetread.domain.analysis import Rate
from wetread.evaluation.inputs import Labels, cluster_places, patients_worth, too_few

__all__ = ["EventRate", "clopper_pearson", "clustered_rate", "effective_n", "event_rate", "poisson_interval", "wilson"]


@dataclass(frozen=True, slots=True)
class EventRate:
    """Events per 100 studies with a two-sided 95 % interval; `events` of `n` studies. Source: Garwood (1936), Biometrika 28:437."""

    per_100: float
    low: float
    high: float
    events: int
    n: int


def _counts_fit(successes: float, trials: float, level: float) -> None:
    if not (trials > 0 and 0 <= successes <= trials * (1 + 1e-12) and 0 < level < 1):
        raise ValueError(
            f"need 0 <= successes <= trials, trials > 0 and 0 < level < 1, not {successes} of {trials} at {level}"
        )


def wilson(successes: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """Two-sided Wilson score interval of a share, 0..1; real-valued counts (an effective n) are allowed. Raises ValueError on impossible counts.

    Source: Wilson (1927), J Am Stat Assoc 22:209.
    """
    _counts_fit(successes, trials, level)
    z = float(norm.ppf(0.5 + level / 2))
    share = min(successes / trials, 1.0)
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * float(np.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2))) / (1 + z * z / trials)
    return (0.0 if share == 0 else max(0.0, centre - half)), (1.0 if share == 1 else min(1.0, centre + half))


def clopper_pearson(successes: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """Two-sided exact interval of a share, 0..1; a one-sided 95 % bound is the end of the level-0.90 interval. Raises ValueError on impossible counts.

    Source: Clopper & Pearson (1934), Biometrika 26:404.
    """
    _counts_fit(successes, trials, level)
    failures, tail = max(trials - successes, 0.0), (1 - level) / 2
    low = float(beta.ppf(tail, successes, failures + 1)) if successes > 0 else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, failures)) if failures > 1e-9 else 1.0
    return low, high


def poisson_interval(events: float, level: float = 0.95) -> tuple[float, float]:
    """Two-sided exact interval of a Poisson mean given its count. Source: Garwood (1936), Biometrika 28:437."""
    if events < 0 or not 0 < level < 1:
        raise ValueError(f"need events >= 0 and 0 < level < 1, not {events} at {level}")
    tail = (1 - level) / 2
    low = float(chi2.ppf(tail, 2 * events)) / 2 if events > 0 else 0.0
    return low, float(chi2.ppf(1 - tail, 2 * events + 2)) / 2


def effective_n(success: NDArray[np.bool_], patients: Labels | None = None) -> float:
    """Independent cases that (n,) outcomes are worth: n over the design effect of the ratio estimator, never more than n.

    Where all outcomes agree the design effect cannot be seen, and the number of patients is taken; so it is where one patient has most of the cases (`patients_worth`). Exactly n when no two
    cases share a patient.
    Source: Kish (1965), Survey Sampling; Korn & Graubard (1998), Surv Methodol 24:193.
    """
    count = len(success)
    if not count:
        raise too_few("no cases: a rate of nothing has no n")
    places = cluster_places(patients, count)
    clusters = int(places.max()) + 1
    share = float(success.mean())
    worth = patients_worth(places)
    if share in (0.0, 1.0) or clusters < 2:
        return worth
    spread = float((np.bincount(places, success - share) ** 2).sum()) * clusters / (clusters - 1)
    independent = count * share * (1 - share) * count / (count - 1)
    most = worth if worth < clusters else float(count)
    return min(most, count * independent / spread) if spread > 0 else most


def clustered_rate(success: NDArray[np.bool_], patients: Labels | None = None, level: float = 0.95) -> Rate:
    """Share of True among (n,) outcomes with the Wilson interval on the effective n; raises PermanentError without cases.

    Source: Wilson (1927), J Am Stat Assoc 22:209; Korn & Graubard (1998), Surv Methodol 24:193.
    """
    worth = effective_n(success, patients)
    share = float(success.mean())
    return Rate(share, *wilson(share * worth, worth, level), len(success))


def event_rate(event: NDArray[np.bool_], patients: Labels | None = None, level: float = 0.95) -> EventRate:
    """Events per 100 of (n,) studies with the exact Poisson interval, its count and n shrunken to the effective n.

    Source: Garwood (1936), Biometrika 28:437; Korn & Graubard (1998), Surv Methodol 24:193.
    """
    worth, count = effective_n(event, patients), len(event)
    shrink = worth / count
    low, high = poisson_interval(float(event.sum()) * shrink, level)
    return EventRate(100 * float(event.mean()), 100 * low / worth, 100 * high / worth, int(event.sum()), count)
