"""Which arrays may enter a statistic: lengths agree, nothing is NaN, truth is 0/1 with both classes, probabilities are 0..1.

ValueError: the arrays themselves are wrong. PermanentError(code="too_few_cases"): they are right, but cannot carry the number asked for.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wetread.domain.errors import PermanentError

__all__ = [
    "Flags",
    "Floats",
    "Labels",
    "Places",
    "checked",
    "checked_probability",
    "cluster_places",
    "patients_worth",
    "too_few",
]

_FEW_PATIENTS = 10

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Labels = NDArray[np.str_] | NDArray[np.intp]
Places = NDArray[np.intp]


def too_few(message: str) -> PermanentError:
    """The refusal of a number that its cases cannot carry. Source: definition."""
    return PermanentError(message, code="too_few_cases")


def checked(truth: ArrayLike, score: ArrayLike, what: str = "score") -> tuple[Floats, Floats]:
    """(n,) 0/1 truth and (n,) finite scores as float64; raises ValueError, or PermanentError when only one class is present. Source: definition."""
    labels, values = np.asarray(truth, dtype=np.float64), np.asarray(score, dtype=np.float64)
    if labels.ndim != 1 or values.ndim != 1 or len(labels) != len(values):
        raise ValueError(
            f"truth and {what} must be one-dimensional and of one length, not {labels.shape} and {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError(f"{what} holds NaN or infinity: leave those cases out and say how many they were")
    if not ((labels == 0) | (labels == 1)).all():
        raise ValueError("truth must be 0 or 1: leave uncertain and unknown cases out by a stated policy")
    if not (labels == 1).any() or not (labels == 0).any():
        raise too_few(f"only one class among {len(labels)} cases: add cases of the other class")
    return labels, values


def checked_probability(truth: ArrayLike, probability: ArrayLike) -> tuple[Floats, Floats]:
    """(n,) truth and (n,) probabilities like `checked`, the second in 0..1. Source: definition."""
    labels, values = checked(truth, probability, "probability")
    if values.min() < 0 or values.max() > 1:
        raise ValueError("probability must lie between 0 and 1: was a raw score passed?")
    return labels, values


def cluster_places(patients: Labels | None, count: int) -> Places:
    """(count,) whole numbers 0..k-1, one per distinct of the (count,) patients' keys; without patients every case is its own. Source: definition."""
    if patients is None:
        return np.arange(count)
    if patients.shape != (count,):
        raise ValueError(f"patients must have one key per case: {patients.shape} for {count} cases")
    return np.unique(patients, return_inverse=True)[1].astype(np.intp)


def patients_worth(places: Places) -> float:
    """Patients that (n,) cases are of, by their places: their number, or Kish's (sum n)^2 / sum n^2 where that is below 10.

    One patient with most of the cases pulls the estimate onto themselves, and no variance between patients shows it.
    Source: Kish (1965), Survey Sampling.
    """
    held = np.bincount(places).astype(np.float64)
    worth = float(held.sum() ** 2 / (held**2).sum())
    return worth if worth < _FEW_PATIENTS else float(np.count_nonzero(held))
