"""What an out-of-distribution distance means: its conformal p-value among val films, and whether another distance would tell strangers better.

Conformal p-value: Vovk, Gammerman & Shafer 2005. Nearest neighbours by cosine: Sun et al., ICML 2022.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wetread.evaluation.discrimination import auroc
from wetread.evaluation.inputs import Floats

__all__ = ["compared_distances", "conformal_reference", "neighbour_distance"]

_REFERENCE_MOST = 1000
_NEIGHBOURS, _STORED = 50, 500
Features = NDArray[np.float32]


def conformal_reference(scores: Floats, seed: int) -> list[float]:
    """Ascending distances of films the limit was set on; above 1000 a random subset, which is as exchangeable as the whole."""
    chosen = np.random.default_rng(seed).permutation(len(scores))[:_REFERENCE_MOST]
    return sorted(round(float(score), 4) for score in scores[chosen])


def neighbour_distance(features: Features, stored: Features, neighbours: int = _NEIGHBOURS) -> Floats:
    """(n,) distance of (n, d) features to their `neighbours`-th nearest of the (m, d) stored ones, all on the unit sphere."""
    ours, theirs = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (features, stored))
    squares: Floats = np.maximum(0, 2 - 2 * (ours @ theirs.T).astype(np.float64))
    return np.sqrt(np.partition(squares, neighbours - 1, axis=1)[:, neighbours - 1])


def compared_distances(
    val: tuple[Floats, Features], strangers: dict[str, tuple[Floats, Features, float]], train: Features
) -> dict[str, Any]:
    """How well Mahalanobis and 50th of 500 nearest neighbours tell each kind of stranger from val: AUROC and share beyond val's 99 %.

    `val`: Mahalanobis scores and features; `strangers` per kind: scores, features, share that the gate accepts; `train` (at least 500, d).
    """
    stored = train[:_STORED]
    own = {"mahalanobis": val[0], "neighbours": neighbour_distance(val[1], stored)}
    rows = {}
    for kind, (scores, features, accepted) in strangers.items():
        theirs = {"mahalanobis": scores, "neighbours": neighbour_distance(features, stored)}
        told = {name: _told(own[name], theirs[name]) for name in own}
        rows[kind] = {"n": len(scores), "gate_accepts": accepted, **told}
    return rows


def _told(own: Floats, strange: Floats) -> dict[str, float]:
    truth = np.r_[np.zeros(len(own)), np.ones(len(strange))]
    beyond = float((strange > np.quantile(own, 0.99)).mean())
    return {"auroc": auroc(truth, np.r_[own, strange]), "beyond_limit": beyond}
