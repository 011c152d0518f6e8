"""Is acting on the probability worth more than acting on everybody or nobody: net benefit over the thresholds at which people would act.

Vickers & Elkin 2006. Net benefit = TP/n - FP/n x t/(1 - t): the threshold t says how many false alarms a true one is worth.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wetread.evaluation.inputs import Floats, checked_probability

__all__ = ["DecisionCurve", "decision_curve"]


@dataclass(frozen=True, slots=True)
class DecisionCurve:
    """(k,) net benefits at (k,) `thresholds`, per study: of calling by the probability, and of calling everybody. Calling nobody is worth 0.

    Source: Vickers & Elkin (2006), Med Decis Making 26:565.
    """

    thresholds: Floats
    model: Floats
    everybody: Floats

    @property
    def useful(self) -> Floats:
        """(k,) model minus the better of everybody and nobody; above 0 where the probability helps."""
        gain: Floats = self.model - np.maximum(self.everybody, 0.0)
        return gain


def decision_curve(truth: ArrayLike, probability: ArrayLike, thresholds: ArrayLike) -> DecisionCurve:
    """Net benefit of (n,) 0/1 truth and (n,) calibrated probabilities at (k,) thresholds inside 0..1 (both excluded); a study is called from the threshold on.

    Source: Vickers & Elkin (2006), Med Decis Making 26:565.
    """
    labels, values = checked_probability(truth, probability)
    at = np.atleast_1d(np.asarray(thresholds, dtype=np.float64))
    if not ((at > 0) & (at < 1)).all():
        raise ValueError("thresholds lie between 0 and 1, both excluded")
    odds = at / (1 - at)
    called = values[None, :] >= at[:, None]
    hits = (called & (labels == 1)).mean(axis=1)
    alarms = (called & (labels == 0)).mean(axis=1)
    prevalence = labels.mean()
    return DecisionCurve(at, hits - alarms * odds, prevalence - (1 - prevalence) * odds)
