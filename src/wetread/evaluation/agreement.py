"""How far two or more readers agree beyond chance.

Cohen 1960, 1968; Fleiss, Cohen & Everitt 1969 (standard errors); Fleiss 1971; Gwet 2008 (AC1, stable where one answer is rare); Krippendorff 2004 (any number of readers, answers may be missing).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from wetread.evaluation.inputs import Floats, too_few

__all__ = ["MIN_PAIRS", "Kappa", "cohen_kappa", "fleiss_kappa", "gwet_ac1", "krippendorff_alpha"]

MIN_PAIRS = 30
_ENOUGH_IN_A_CELL, _FAR_FROM_ONE = 5, 0.5


@dataclass(frozen=True, slots=True)
class Kappa:
    """Chance-corrected agreement with its two-sided interval; `observed` and `expected` agreement; `n` pairs. `small`: fewer than 30 pairs.

    Source: Cohen (1960), Educ Psychol Meas 20:37.
    """

    value: float
    low: float
    high: float
    standard_error: float
    observed: float
    expected: float
    n: int
    small: bool


def cohen_kappa(table: ArrayLike, weights: str | ArrayLike = "none", level: float = 0.95) -> Kappa:
    """Kappa of a (k, k) table of counts, first reader by row. `weights`: "none", "linear", "quadratic", or (k, k) disagreement weights with a zero diagonal.

    The interval is the large-sample one where every cell holds 5 pairs and kappa is below 0.5. Elsewhere it is symmetric in the root of 1 - kappa, which is observed over expected disagreement
    (the root of a count varies alike wherever it lies), about the table with two more pairs, spread evenly over all cells. Raises ValueError on a table that is none, PermanentError ('too_few_cases') when it is empty or both readers gave one and the same answer throughout: kappa is then 0/0.
    Source: Cohen (1960), Educ Psychol Meas 20:37, and (1968), Psychol Bull 70:213; errors: Fleiss, Cohen & Everitt (1969), Psychol Bull 72:323; interval: Bartlett (1936), J R Stat Soc Suppl 3:68; Agresti & Coull (1998), Am Stat 52:119.
    """
    counts = _square(table)
    agreement = _agreement(weights, len(counts))
    return _beyond_chance(partial(_kappa_parts, agreement), counts, level, _FAR_FROM_ONE)


def _beyond_chance(
    parts: Callable[[Floats], tuple[float, float, float]], counts: Floats, level: float, large_sample_below: float
) -> Kappa:
    observed, expected, error = parts(counts)
    if expected > 1 - 1e-12:
        raise too_few("both readers gave one answer throughout: agreement beyond chance is not defined")
    value = (observed - expected) / (1 - expected)
    half = float(norm.ppf(0.5 + level / 2))
    if counts.min() >= _ENOUGH_IN_A_CELL and value < large_sample_below:
        low, high = value - half * error, min(value + half * error, 1.0)
    else:
        more, by_chance, reach = parts(counts + 2 / counts.size)
        root = float(np.sqrt((1 - more) / (1 - by_chance)))
        half *= reach / (2 * root)
        low, high = min(1 - (root + half) ** 2, value), max(1 - max(root - half, 0.0) ** 2, value)
    n = int(counts.sum())
    return Kappa(value, low, high, error, observed, expected, n, n < MIN_PAIRS)


def _kappa_parts(agreement: Floats, counts: Floats) -> tuple[float, float, float]:
    """Observed and expected agreement, and the standard error of kappa (Fleiss, Cohen & Everitt 1969)."""
    n = float(counts.sum())
    shares = counts / n
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, expected = float((agreement * shares).sum()), float(rows @ agreement @ columns)
    mean = (agreement @ columns)[:, None] + (rows @ agreement)[None, :]
    inner = float((shares * (agreement * (1 - expected) - mean * (1 - observed)) ** 2).sum())
    above = max(inner - (observed * expected - 2 * expected + observed) ** 2, 0.0)
    return observed, expected, float(np.sqrt(above / n)) / max(1 - expected, 1e-12) ** 2


def gwet_ac1(table: ArrayLike, level: float = 0.95) -> Kappa:
    """Gwet's AC1 of a (k, k) table of two readers; its interval treats the chance agreement as estimated from the same cases (eq. 24), and is symmetric in the root of 1 - AC1 as `cohen_kappa` says.

    Source: Gwet (2008), Br J Math Stat Psychol 61:29; interval: Bartlett (1936), J R Stat Soc Suppl 3:68; Agresti & Coull (1998), Am Stat 52:119.
    """
    return _beyond_chance(_ac1_parts, _square(table), level, -np.inf)


def _ac1_parts(counts: Floats) -> tuple[float, float, float]:
    n, k = float(counts.sum()), len(counts)
    shares = counts / n
    prevalence = (shares.sum(axis=0) + shares.sum(axis=1)) / 2
    expected = float((prevalence * (1 - prevalence)).sum()) / (k - 1)
    observed = float(np.trace(shares))
    value = (observed - expected) / (1 - expected)
    eye, pair = np.eye(k), (1 - prevalence)[:, None] / 2 + (1 - prevalence)[None, :] / 2
    own = (eye - expected) / (1 - expected) - 2 * (1 - value) * (pair / (k - 1) - expected) / (1 - expected)
    return observed, expected, float(np.sqrt((shares * (own - value) ** 2).sum() / max(n - 1, 1)))


def fleiss_kappa(counts: ArrayLike) -> float:
    """Kappa of (subjects, categories) counts: how many of the same number of readers (two or more) gave each answer. At most 1; raises ValueError on the table, PermanentError ('too_few_cases') as `cohen_kappa`.

    Source: Fleiss (1971), Psychol Bull 76:378.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or table.size == 0 or (table < 0).any() or len(np.unique(table.sum(axis=1))) != 1:
        raise ValueError("need (subjects, categories) counts with the same number of readers for every subject")
    readers = float(table[0].sum())
    if readers < 2:
        raise too_few("agreement needs two readers")
    observed = float(((table**2).sum(axis=1) - readers).mean()) / (readers * (readers - 1))
    expected = float(((table.sum(axis=0) / table.sum()) ** 2).sum())
    if expected > 1 - 1e-12:
        raise too_few("all readers gave one answer throughout: agreement beyond chance is not defined")
    return (observed - expected) / (1 - expected)


def krippendorff_alpha(ratings: ArrayLike, metric: str = "nominal") -> float:
    """Alpha of (readers, subjects) numbers, NaN where a reader gave none. `metric`: "nominal" or "interval".

    Raises PermanentError ('too_few_cases') when no subject has two answers, or all answers are the same.
    Source: Krippendorff (2004), Content Analysis, chapter 11.
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2 or metric not in ("nominal", "interval"):
        raise ValueError('need (readers, subjects) ratings and the metric "nominal" or "interval"')
    values = np.unique(table[~np.isnan(table)])
    per_subject = (
        np.stack([(table == value).sum(axis=0) for value in values], axis=1) if len(values) else np.zeros((0, 0))
    )
    per_subject = per_subject[per_subject.sum(axis=1) >= 2] if len(values) else per_subject
    if not per_subject.size:
        raise too_few("no subject has answers of two readers")
    weight = 1 / (per_subject.sum(axis=1, keepdims=True) - 1)
    coincidence = (per_subject * weight).T @ per_subject - np.diag((per_subject * weight).sum(axis=0))
    margin = coincidence.sum(axis=0)
    gap = values[:, None] - values[None, :]
    distance = (gap != 0).astype(np.float64) if metric == "nominal" else gap**2
    expected = float(margin @ distance @ margin) / (margin.sum() - 1)
    if not expected > 0:
        raise too_few("all answers are the same: agreement beyond chance is not defined")
    return float(1 - (coincidence * distance).sum() / expected)


def _agreement(weights: str | ArrayLike, k: int) -> Floats:
    if isinstance(weights, str):
        gap = np.abs(np.subtract.outer(np.arange(k), np.arange(k))).astype(np.float64)
        named = {"none": (gap > 0).astype(np.float64), "linear": gap, "quadratic": gap**2}
        if weights not in named:
            raise ValueError(f'weights are "none", "linear", "quadratic" or a table, not {weights!r}')
        disagreement = named[weights]
    else:
        disagreement = np.asarray(weights, dtype=np.float64)
    if (
        disagreement.shape != (k, k)
        or (disagreement < 0).any()
        or disagreement.diagonal().any()
        or not disagreement.any()
    ):
        raise ValueError(f"disagreement weights are a ({k}, {k}) table from 0 up with a zero diagonal")
    agreement: Floats = 1 - disagreement / disagreement.max()
    return agreement


def _square(table: ArrayLike) -> Floats:
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or len(counts) < 2 or (counts < 0).any():
        raise ValueError(f"need a square table of counts with at least two answers, not {counts.shape}")
    if not counts.sum() > 0:
        raise too_few("the table is empty")
    return counts
