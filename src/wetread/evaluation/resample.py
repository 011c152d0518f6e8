"""A bootstrap over patients that costs the same for a thousand cases and for a million: sufficient statistics by block of patients, reweighted by matrix products.

Efron & Tibshirani 1993 (weighted bootstrap); Wolter 2007, chapter 2 (random groups: beyond `MAX_BLOCKS` patients, whole patients are dealt into that many blocks, which
adds about 2 % of noise to a standard error and no bias); Romano & Wolf 2005 (max-|t| bands that hold for all slices at once).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from wetread.evaluation.inputs import Floats, Labels, Places, checked, cluster_places, too_few

__all__ = [
    "MAX_BLOCKS",
    "ScoreTable",
    "bootstrap_weights",
    "patient_blocks",
    "percentile_interval",
    "score_table",
    "simultaneous_bands",
]

MAX_BLOCKS = 1000
_REPLICATES = 2000


def patient_blocks(patients: Labels | None, count: int, most: int = MAX_BLOCKS, seed: int = 7) -> Places:
    """(count,) block of each case of (count,) patients' keys, 0..b-1: one per patient, or `most` random groups of whole patients where there are more.

    Source: Wolter (2007), Introduction to Variance Estimation, chapter 2.
    """
    places = cluster_places(patients, count)
    found = int(places.max(initial=-1)) + 1
    if found <= most:
        return places
    dealt = np.random.default_rng(seed).permutation(found) % most
    return dealt[places].astype(np.intp)


def bootstrap_weights(blocks: int, replicates: int = _REPLICATES, seed: int = 7) -> Floats:
    """(replicates, blocks) how often each block is drawn; every row sums to `blocks`. Raises PermanentError ('too_few_cases') below two blocks.

    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap.
    """
    if blocks < 2:
        raise too_few("a bootstrap over patients needs two of them")
    return (
        np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), size=replicates).astype(np.float64)
    )


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Cases by block and score bin, bins in rising order of score: (b, k) `positive` and `negative` counts; (b,) sums of squared scores, and of the scores of positives. `exact`: one bin per distinct score.

    Source: definition.
    """

    positive: Floats
    negative: Floats
    square_sum: Floats
    positive_score_sum: Floats
    exact: bool

    def auroc(self, weights: Floats | None = None) -> Floats:
        """(replicates,) AUROC; NaN where a class was not drawn. Cases in one bin count as tied."""
        positive, negative = self._drawn(weights)
        below = np.cumsum(negative, axis=1) - negative / 2
        with np.errstate(invalid="ignore"):
            areas: Floats = (positive * below).sum(axis=1) / (positive.sum(axis=1) * negative.sum(axis=1))
        return areas

    def average_precision(self, weights: Floats | None = None) -> Floats:
        """(replicates,) step-wise area under the precision-recall curve; NaN where no positive was drawn."""
        positive, negative = (each[:, ::-1] for each in self._drawn(weights))
        hits, all_called = np.cumsum(positive, axis=1), np.cumsum(positive + negative, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            precision = np.where(all_called > 0, hits / all_called, 0.0)
            areas: Floats = (positive * precision).sum(axis=1) / positive.sum(axis=1)
        return areas

    def brier(self, weights: Floats | None = None) -> Floats:
        """(replicates,) mean squared error of probabilities: exact whatever the bins, since y is 0 or 1."""
        weights = self._weights(weights)
        squares = weights @ (self.square_sum - 2 * self.positive_score_sum)
        positive, negative = self._drawn(weights)
        total = positive.sum(axis=1) + negative.sum(axis=1)
        errors: Floats = (squares + positive.sum(axis=1)) / total
        return errors

    def _drawn(self, weights: Floats | None) -> tuple[Floats, Floats]:
        weights = self._weights(weights)
        return weights @ self.positive, weights @ self.negative

    def _weights(self, weights: Floats | None) -> Floats:
        return np.ones((1, len(self.positive))) if weights is None else weights


def score_table(
    truth: ArrayLike, score: ArrayLike, patients: Labels | None = None, *, bins: int = 1024, seed: int = 7
) -> ScoreTable:
    """The table of (n,) 0/1 truth and (n,) scores. Up to `bins` distinct scores stand for themselves; more are cut at quantiles, which moves an AUROC by less than 1e-5.

    Source: definition.
    """
    labels, values = checked(truth, score)
    edges = np.unique(values)
    exact = len(edges) <= bins
    if not exact:
        edges = np.unique(np.quantile(values, np.arange(bins) / bins))
    place = np.searchsorted(edges, values, side="right") - 1
    block = patient_blocks(patients, len(labels), seed=seed)
    shape = (int(block.max()) + 1, len(edges))
    cell = block * shape[1] + place

    def summed(places: NDArray[np.intp], weight: Floats, size: int) -> Floats:
        return np.bincount(places, weight, size).astype(np.float64, copy=False)

    positive, negative = (summed(cell, each, shape[0] * shape[1]).reshape(shape) for each in (labels, 1 - labels))
    squares, of_positives = (summed(block, each, shape[0]) for each in (values**2, labels * values))
    return ScoreTable(positive, negative, squares, of_positives, exact)


def percentile_interval(replicates: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """The middle `level` of (r,) replicates. NaN ones (a class was not drawn) are left out; raises PermanentError when more than 5 % are.

    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
    """
    drawn = np.asarray(replicates, dtype=np.float64)
    kept = drawn[~np.isnan(drawn)]
    if len(kept) < 0.95 * len(drawn) or not len(kept):
        raise too_few("too many bootstrap samples lack a class: add cases of the rarer one")
    low, high = np.quantile(kept, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def simultaneous_bands(values: ArrayLike, replicates: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats, float]:
    """(s,) lower ends, (s,) upper ends and the critical |t|: bands of s estimates that hold all at once with `level`, from (r, s) joint replicates.

    Never narrower than single intervals. Replicates with a NaN are left out; an estimate that does not vary gets a band of no width.
    Source: Romano & Wolf (2005), J Am Stat Assoc 100:94.
    """
    centre, drawn = np.asarray(values, dtype=np.float64), np.asarray(replicates, dtype=np.float64)
    if drawn.ndim != 2 or centre.shape != (drawn.shape[1],):
        raise ValueError(f"need (s,) values and (r, s) replicates, not {centre.shape} and {drawn.shape}")
    drawn = drawn[~np.isnan(drawn).any(axis=1)]
    if len(drawn) < 100:
        raise too_few("fewer than 100 complete bootstrap samples: simultaneous bands need more")
    error = drawn.std(axis=0, ddof=1)
    scaled = np.abs(drawn - drawn.mean(axis=0)) / np.where(error > 0, error, np.inf)
    critical = max(float(np.quantile(scaled.max(axis=1), level)), float(norm.ppf(0.5 + level / 2)))
    return centre - critical * error, centre + critical * error, critical
