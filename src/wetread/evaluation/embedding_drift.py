"""Has the look of the films changed: maximum mean discrepancy and a domain classifier on feature vectors, and several streams in one number.

Gretton et al. 2012 (unbiased MMD^2 with a Gaussian kernel, permutation test); Lopez-Paz & Oquab 2017 (classifier two-sample test); Soin 2022 / Merkow 2024
(CheXstray's multi-modal concordance: standardised drifts of many streams, summed).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wetread.evaluation.discrimination import AurocEstimate, auroc_estimate
from wetread.evaluation.inputs import Flags, Floats, Labels, cluster_places, too_few

__all__ = [
    "MIN_PER_SIDE",
    "Mmd",
    "StreamBaseline",
    "domain_auroc",
    "median_distance",
    "mmd_squared",
    "mmd_test",
    "multi_stream_concordance",
]

MIN_PER_SIDE = 50
_FOLDS = 5
_RIDGE = 1.0
_AT_ONCE = 500
"""Permutations in one product of matrices: 4 MB for 1,000 vectors."""
_ROUNDING = 1e-12
"""The order of a sum must not tell a split from itself."""


@dataclass(frozen=True, slots=True)
class Mmd:
    """`squared` MMD (may be negative; unbiased where vectors are independent, too large where those of a block are alike: `p` knows of blocks), kernel width `sigma`, permutation `p`, cases on each side.

    Source: Gretton et al. (2012), J Mach Learn Res 13:723.
    """

    squared: float
    sigma: float
    p: float
    n_reference: int
    n: int


@dataclass(frozen=True, slots=True)
class StreamBaseline:
    """How one drift statistic varied in a stable period, and how much it counts. Source: Soin et al. (2022), arXiv:2202.02833."""

    mean: float
    standard_deviation: float
    weight: float = 1.0


def mmd_squared(reference: ArrayLike, values: ArrayLike, sigma: float) -> float:
    """MMD^2 of (m, d) against (n, d) vectors, unbiased where they are independent, under the kernel exp(-|a - b|^2 / (2 sigma^2)); raises ValueError on shapes, NaN or sigma <= 0.

    Source: Gretton et al. (2012), J Mach Learn Res 13:723.
    """
    old, new = _vectors(reference, values)
    return _unbiased(_kernel(np.concatenate([old, new]), sigma), np.arange(len(old) + len(new)) < len(old))


def mmd_test(
    reference: ArrayLike,
    values: ArrayLike,
    blocks: Labels | None = None,
    *,
    sigma: float | None = None,
    permutations: int = 500,
    seed: int = 7,
) -> Mmd:
    """MMD^2 of (m, d) against (n, d) vectors with the p-value of whole blocks changing sides; `sigma` None takes the median distance. `blocks`: (m + n,) keys of what is alike within: patients, or days.

    Raises PermanentError ('too_few_cases') below 50 vectors a side, ValueError when a block is on both sides.
    Source: Gretton et al. (2012), J Mach Learn Res 13:723.
    """
    old, new = _vectors(reference, values)
    if min(len(old), len(new)) < MIN_PER_SIDE:
        raise too_few(f"{len(old)} and {len(new)} vectors: the test needs {MIN_PER_SIDE} on each side")
    joined = np.concatenate([old, new])
    sigma = median_distance(joined) if sigma is None else sigma
    kernel, before = _kernel(joined, sigma), np.arange(len(joined)) < len(old)
    places = cluster_places(blocks, len(joined))
    share = np.bincount(places, before) / np.bincount(places)
    if not np.isin(share, (0.0, 1.0)).all():
        raise ValueError("a block is on both sides: keep each patient on the side of its first study")
    squared, random = _unbiased(kernel, before), np.random.default_rng(seed)
    reached = 0
    for done in range(0, permutations, _AT_ONCE):
        drawn = [random.permutation(share)[places] for _ in range(min(_AT_ONCE, permutations - done))]
        reached += int((_unbiased_of(kernel, np.stack(drawn, axis=1)) >= squared - _ROUNDING).sum())
    return Mmd(squared, sigma, (1 + reached) / (permutations + 1), len(old), len(new))


def domain_auroc(
    reference: ArrayLike, values: ArrayLike, blocks: Labels | None = None, *, seed: int = 7
) -> AurocEstimate:
    """How well (an AUROC, 0..1) a ridge classifier tells new (n, d) vectors from old (m, d) ones that it was not fitted on: 0.5 no change, 1 another world.

    Five folds of whole blocks (patients, or days: what makes the films of a day alike then helps nobody to tell those of other days); `blocks`: (m + n,) keys. Raises PermanentError ('too_few_cases') below 50 vectors a side.
    Source: Lopez-Paz & Oquab (2017), ICLR.
    """
    old, new = _vectors(reference, values)
    if min(len(old), len(new)) < MIN_PER_SIDE:
        raise too_few(f"{len(old)} and {len(new)} vectors: a domain classifier needs {MIN_PER_SIDE} on each side")
    joined, side = np.concatenate([old, new]), np.repeat([0.0, 1.0], [len(old), len(new)])
    places = cluster_places(blocks, len(joined))
    fold = np.random.default_rng(seed).permutation(int(places.max()) + 1)[places] % _FOLDS
    score = np.zeros(len(joined))
    for each in range(_FOLDS):
        held, rest = fold == each, fold != each
        centre, spread = joined[rest].mean(axis=0), joined[rest].std(axis=0)
        scaled = (joined - centre) / np.where(spread > 0, spread, 1.0)
        score[held] = _ridge_scores(scaled[rest], side[rest], scaled[held])
    return auroc_estimate(side, score, blocks)


def multi_stream_concordance(drifts: Mapping[str, float], baselines: Mapping[str, StreamBaseline]) -> float:
    """Minus the weighted mean of standardised drifts, each cut at 10 standard deviations: 0 as in the stable period, lower the further away.

    Raises ValueError when a drift has no baseline: a new stream must first be watched.
    Source: Soin et al. (2022), arXiv:2202.02833.
    """
    unknown = sorted(set(drifts) - set(baselines))
    if unknown or not drifts:
        raise ValueError(f"no baseline for {', '.join(unknown) or 'nothing'}: watch a stable period first")
    total = weights = 0.0
    for name, drift in drifts.items():
        base = baselines[name]
        z = (drift - base.mean) / base.standard_deviation if base.standard_deviation > 0 else 0.0
        total += base.weight * float(np.clip(z, -10, 10))
        weights += base.weight
    return -total / weights


def median_distance(vectors: Floats) -> float:
    """The median distance between different (m, d) vectors (of at most the first 1,000): the usual kernel width. Source: Gretton et al. (2012), J Mach Learn Res 13:723."""
    some = vectors[:1000]
    upper = np.triu_indices(len(some), 1)
    return float(np.sqrt(np.median(_squared_distances(some)[upper]))) or 1.0


def _ridge_scores(vectors: Floats, side: Floats, held: Floats) -> Floats:
    """Least squares on +-1 with a ridge: as good a direction as the logistic one for ranking, and always solvable."""
    cases, features = vectors.shape
    penalty, aim = _RIDGE * cases / 100, side - side.mean()
    if features > cases:  # the same direction by the smaller of the two systems
        direction = vectors.T @ np.linalg.solve(vectors @ vectors.T + penalty * np.eye(cases), aim)
    else:
        direction = np.linalg.solve(vectors.T @ vectors + penalty * np.eye(features), vectors.T @ aim)
    scores: Floats = held @ direction
    return scores


def _kernel(vectors: Floats, sigma: float) -> Floats:
    if not sigma > 0:
        raise ValueError(f"a kernel width is positive, not {sigma}")
    kernel: Floats = np.exp(-_squared_distances(vectors) / (2 * sigma**2))
    return kernel


def _squared_distances(vectors: Floats) -> Floats:
    norms = (vectors**2).sum(axis=1)
    distances: Floats = np.maximum(norms[:, None] + norms[None, :] - 2 * vectors @ vectors.T, 0.0)
    return distances


def _unbiased(kernel: Floats, before: Flags) -> float:
    return float(_unbiased_of(kernel, before.astype(np.float64)[:, None])[0])


def _unbiased_of(kernel: Floats, before: Floats) -> Floats:
    """(k,) of k ways to split; `before`: (m + n, k), 1 on the first side. Sides with fewer than two vectors have none: infinity, which counts against a drift."""
    own = kernel.diagonal()
    m = before.sum(axis=0)
    n = len(kernel) - m
    within_old = (before * (kernel @ before)).sum(axis=0)
    across = kernel.sum(axis=0) @ before - within_old
    within_new = kernel.sum() - 2 * across - within_old
    old, new = within_old - own @ before, within_new - own @ (1 - before)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = old / (m * (m - 1)) + new / (n * (n - 1)) - 2 * across / (m * n)
    return np.where(np.minimum(m, n) < 2, np.inf, found)


def _vectors(reference: ArrayLike, values: ArrayLike) -> tuple[Floats, Floats]:
    old, new = np.asarray(reference, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if old.ndim != 2 or new.ndim != 2 or old.shape[1] != new.shape[1] or min(len(old), len(new)) < 2:
        raise ValueError(f"need (m, d) and (n, d) vectors, m and n at least 2, not {old.shape} and {new.shape}")
    if not (np.isfinite(old).all() and np.isfinite(new).all()):
        raise ValueError("vectors hold NaN or infinity: leave those cases out and say how many they were")
    return old, new
