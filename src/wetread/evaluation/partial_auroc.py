"""The part of the area under the curve where a screening tool has to work: at high specificity (McClish 1989)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wetread.evaluation.inputs import checked

__all__ = ["PartialAuroc", "partial_auroc"]


@dataclass(frozen=True, slots=True)
class PartialAuroc:
    """`area` under the curve where specificity is at least `least_specificity` (0 to 1 - least_specificity); `standardised`: 0.5 knows nothing, 1 is perfect.

    Source: McClish (1989), Med Decis Making 9:190.
    """

    area: float
    standardised: float
    least_specificity: float


def partial_auroc(truth: ArrayLike, score: ArrayLike, least_specificity: float = 0.9) -> PartialAuroc:
    """Of (n,) 0/1 truth and (n,) scores; between observed points of the curve it is linear, as scikit-learn and pROC have it. Raises as `checked` does, ValueError on the specificity.

    Source: McClish (1989), Med Decis Making 9:190.
    """
    if not 0 <= least_specificity < 1:
        raise ValueError(f"the least specificity lies in 0..1, 1 excluded, not {least_specificity}")
    labels, values = checked(truth, score)
    order = np.argsort(-values, kind="stable")
    ranked, falling = labels[order], values[order]
    last_of_tie = np.r_[np.nonzero(np.diff(falling))[0], len(falling) - 1]
    hits = np.r_[0.0, np.cumsum(ranked)[last_of_tie] / labels.sum()]
    alarms = np.r_[0.0, np.cumsum(1 - ranked)[last_of_tie] / (1 - labels).sum()]
    most = 1 - least_specificity
    inside = alarms <= most
    x, y = np.r_[alarms[inside], most], np.r_[hits[inside], np.interp(most, alarms, hits)]
    area = float(np.trapezoid(y, x))
    chance = most**2 / 2
    return PartialAuroc(area, 0.5 * (1 + (area - chance) / (most - chance)), least_specificity)
