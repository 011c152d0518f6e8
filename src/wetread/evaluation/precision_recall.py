"""How many of those called are sick, along all thresholds: average precision, the step-wise area under the precision-recall curve (never the optimistic trapezoid).

Davis & Goadrich 2006; Boyd, Eng & Page 2013 (intervals). Its floor is the prevalence, so it cannot be compared across sites of different prevalence: both are always given.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wetread.evaluation.discrimination import MIN_PER_CLASS
from wetread.evaluation.inputs import Labels, checked, too_few
from wetread.evaluation.resample import bootstrap_weights, percentile_interval, score_table

__all__ = ["AveragePrecision", "average_precision", "average_precision_estimate"]


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """Average precision, 0..1, with its bootstrap interval over patients; `prevalence` is what a score that knows nothing would reach.

    Source: Boyd, Eng & Page (2013), ECML PKDD.
    """

    value: float
    low: float
    high: float
    prevalence: float
    n_positive: int
    n: int


def average_precision(truth: ArrayLike, score: ArrayLike) -> float:
    """Of (n,) 0/1 truth and (n,) scores, exact, 0..1; tied scores are called together. Raises ValueError / PermanentError (one class).

    Source: Davis & Goadrich (2006), ICML.
    """
    labels, _ = checked(truth, score)
    one_block = np.zeros(len(labels), dtype=np.intp)
    return float(score_table(truth, score, one_block, bins=len(labels)).average_precision()[0])


def average_precision_estimate(
    truth: ArrayLike,
    score: ArrayLike,
    patients: Labels | None = None,
    *,
    level: float = 0.95,
    replicates: int = 2000,
    seed: int = 7,
) -> AveragePrecision:
    """Of (n,) 0/1 truth and (n,) scores, with a percentile interval of `replicates` draws of patients; raises PermanentError ('too_few_cases') below 10 positives or negatives.

    Source: Boyd, Eng & Page (2013), ECML PKDD; Efron & Tibshirani (1993), An Introduction to the Bootstrap.
    """
    labels, _ = checked(truth, score)
    positives = int(labels.sum())
    if min(positives, len(labels) - positives) < MIN_PER_CLASS:
        raise too_few(f"{positives} positives of {len(labels)}: an interval needs {MIN_PER_CLASS} of each class")
    table = score_table(truth, score, patients)
    drawn = table.average_precision(bootstrap_weights(len(table.positive), replicates, seed))
    low, high = percentile_interval(drawn, level)
    return AveragePrecision(average_precision(truth, score), low, high, positives / len(labels), positives, len(labels))
