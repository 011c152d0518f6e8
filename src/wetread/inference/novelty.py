"""How strange a film is, as a probability: the conformal p-value of its distance (Vovk, Gammerman & Shafer 2005).

If the film came as one more from where the reference films came from, a p-value of at most p would be seen in at most a share p of such films.
"""

from bisect import bisect_left
from collections.abc import Sequence

__all__ = ["as_far", "conformal_p_value"]


def as_far(score: float, reference: Sequence[float]) -> int:
    """How many of the ascending `reference` distances are at least `score`."""
    return len(reference) - bisect_left(reference, score)


def conformal_p_value(score: float, reference: Sequence[float]) -> float:
    """(1 + how many reference films are as far) / (1 + all of them): above 0, at most 1."""
    return (1 + as_far(score, reference)) / (1 + len(reference))
