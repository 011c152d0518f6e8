"""Sensitivity and specificity when not every study was adjudicated: those whose result was positive are looked at again more often, and a naive count flatters sensitivity.

Begg & Greenes 1983 (verification at random given the test result); Hajek 1971 (inverse-probability weights); Fay & Feuer 1997 (few weighted cases); Rogan & Gladen 1978 (an imperfect reference).
With no verified negative result, sensitivity cannot be known: the answer is then None, never 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta, norm

from wetread.domain.analysis import Rate
from wetread.evaluation.inputs import Flags, Floats, Labels, Places, cluster_places, patients_worth, too_few
from wetread.evaluation.proportions import wilson

__all__ = ["CorrectedPrevalence", "VerifiedAccuracy", "begg_greenes", "inverse_probability_accuracy", "rogan_gladen"]

_FEW = 8
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class VerifiedAccuracy:
    """Corrected `sensitivity` and `specificity` (None: not identifiable; `reason` says why) beside the naive ones of the verified studies alone.

    `n_verified` of `n` studies were adjudicated. Where a share below 1 of either result was, `naive_*` are biased and are there to be compared, not to be quoted.
    Source: Begg & Greenes (1983), Biometrics 39:207; Hájek (1971), Foundations of Statistical Inference, 236.
    """

    sensitivity: Rate | None
    specificity: Rate | None
    naive_sensitivity: float | None
    naive_specificity: float | None
    n_verified: int
    n: int
    method: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CorrectedPrevalence:
    """True prevalence behind an apparent one; the interval carries the uncertainty of sensitivity and specificity, too. Cut to 0..1.

    Source: Rogan & Gladen (1978), Am J Epidemiol 107:71.
    """

    value: float
    low: float
    high: float
    apparent: float
    n: int


def begg_greenes(
    positive: ArrayLike, verified: ArrayLike, truth: ArrayLike, patients: Labels | None = None, level: float = 0.95
) -> VerifiedAccuracy:
    """Accuracy from (n,) test results, (n,) whether each was adjudicated, and (n,) 0/1 truth (ignored where not adjudicated).

    Right when, among studies of one result, those adjudicated were picked without regard to the truth. Intervals: Wilson's on the n that the ratio's variance over patients is worth; how many
    studies had either result is known, so of those only the share that is sick varies. Few hits or misses as `inverse_probability_accuracy`.
    Source: Begg & Greenes (1983), Biometrics 39:207; few cases: Fay & Feuer (1997), Stat Med 16:791.
    """
    called, known, labels = _rows(positive, verified, truth)
    shares = np.array([known[called == each].mean() if (called == each).any() else np.nan for each in (False, True)])
    weight = np.where(known, 1 / np.where(shares[called.astype(int)] > 0, shares[called.astype(int)], 1), 0.0)
    unseen, of_result = _unseen(called, known), called.astype(np.intp)
    return _weighted(called, known, labels, weight, patients, level, "Begg & Greenes 1983", unseen=unseen, all_of=of_result)  # fmt: skip


def inverse_probability_accuracy(
    positive: ArrayLike,
    verified: ArrayLike,
    truth: ArrayLike,
    probability: ArrayLike,
    patients: Labels | None = None,
    strata: tuple[Labels, ArrayLike] | None = None,
    level: float = 0.95,
) -> VerifiedAccuracy:
    """The same with (n,) known probabilities of being adjudicated, 0 < p <= 1, as the sampling design logged them; Hajek's ratio estimator.

    `strata`: per study the name of its stratum, and how many studies that holds in the population. The weights of a stratum then add up to its size, and the intervals are
    narrower by what the strata explain (post-stratification). Without it each study counts as drawn by its own coin. With fewer than 8 hits or misses seen, and weights that differ, the interval reaches as far as two
    weighted Poisson counts allow: where no missed study came into the sample, sensitivity is 1 and its lower end says how many could have stayed out. Raises ValueError when a verified
    study had no chance of being verified.
    Source: Hájek (1971), Foundations of Statistical Inference, 236; strata: Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, section 7.6; few cases: Fay & Feuer (1997), Stat Med 16:791.
    """
    called, known, labels = _rows(positive, verified, truth)
    chance = np.asarray(probability, dtype=np.float64)
    if chance.shape != called.shape or not np.isfinite(chance).all() or (chance > 1).any() or (chance < 0).any():
        raise ValueError("need one probability of being adjudicated per study, 0 to 1")
    if (chance[known] <= 0).any():
        raise ValueError("a verified study has probability 0 of being verified: the design log is wrong")
    weight = np.where(known, 1 / np.where(chance > 0, chance, 1.0), 0.0)
    unseen = _unseen(called, known) or _never(chance)
    method, places = "inverse probability, Hajek 1971", None
    if strata is not None:
        method, places = "inverse probability, post-stratified", cluster_places(strata[0], len(called))
        held = np.bincount(places, weight)[places]
        weight = np.where(known, weight * np.asarray(strata[1], dtype=np.float64) / np.where(held > 0, held, 1.0), 0.0)
    return _weighted(called, known, labels, weight, patients, level, method, unseen=unseen, strata=places)


def rogan_gladen(
    positives: int, n: int, sensitivity: Rate, specificity: Rate, level: float = 0.95
) -> CorrectedPrevalence:
    """Prevalence behind `positives` of `n` calls by a reference with this sensitivity and specificity.

    Raises ValueError when sensitivity + specificity is not above 1: such a reference says nothing.
    Source: Rogan & Gladen (1978), Am J Epidemiol 107:71.
    """
    youden = sensitivity.value + specificity.value - 1
    if not youden > 0:
        raise ValueError("sensitivity + specificity must be above 1: this reference says nothing")
    if not 0 <= positives <= n or n < 1:
        raise ValueError(f"need 0 <= positives <= n, not {positives} of {n}")
    apparent = positives / n
    value = (apparent + specificity.value - 1) / youden
    variance = (
        apparent * (1 - apparent) / n
        + value**2 * _binomial_variance(sensitivity)
        + (1 - value) ** 2 * _binomial_variance(specificity)
    ) / youden**2
    half = float(norm.ppf(0.5 + level / 2)) * float(np.sqrt(variance))
    cut = [min(max(each, 0.0), 1.0) for each in (value, value - half, value + half)]
    return CorrectedPrevalence(cut[0], cut[1], cut[2], apparent, n)


def _weighted(
    called: Flags,
    known: Flags,
    labels: Floats,
    weight: Floats,
    patients: Labels | None,
    level: float,
    method: str,
    *,
    unseen: str,
    strata: Places | None = None,
    all_of: Places | None = None,
) -> VerifiedAccuracy:
    places = cluster_places(patients, len(called))
    rates, naive = [], []
    for sick in (True, False):
        there, hit = known & (labels == sick), called == sick
        naive.append(float(hit[there].mean()) if there.any() else None)
        rates.append(_ratio(hit, there, weight, places, strata, all_of, level) if there.any() and not unseen else None)
    reason = unseen or ("" if None not in naive else "the verified studies hold one class only")
    return VerifiedAccuracy(rates[0], rates[1], naive[0], naive[1], int(known.sum()), len(called), method, reason)


def _ratio(
    hit: Flags, there: Flags, weight: Floats, places: Places, strata: Places | None, all_of: Places | None, level: float
) -> Rate:
    """Sum of weights of hits over sum of weights; Wilson on the n that this ratio's variance over patients is worth, and beyond it where few hits or misses were seen."""
    held = np.where(there, weight, 0.0)
    total = float(held.sum())
    share = float((held * hit).sum()) / total
    rest = np.where(there, hit - share, 0.0)
    clusters = len(np.unique(places[there]))
    parts = weight * rest if all_of is None else _about_means(rest, weight, all_of)
    variance = float((np.bincount(places, parts) ** 2).sum()) * clusters / max(clusters - 1, 1)
    if strata is not None:
        variance -= _told_by_strata(rest[weight > 0], weight[weight > 0], strata[weight > 0])
    variance /= total**2
    most = patients_worth(places[there])
    worth = share * (1 - share) / variance if variance > 0 else most
    worth = min(worth, most) if most < clusters or clusters == 1 else worth
    low, high = wilson(share * worth, worth, level)
    few = min(np.count_nonzero(hit[there]), np.count_nonzero(~hit[there])) < _FEW
    # where all weigh the same the ratio is a plain share, of which Wilson's interval says what may have stayed out
    if few and np.ptp(weight[weight > 0]) > _SAME * weight.max():
        least, largest = _of_few(hit, held, weight, places, level)
        low, high = min(low, least), max(high, largest)
    return Rate(share, low, high, int(there.sum()))


def _about_means(rest: Floats, weight: Floats, all_of: Places) -> Floats:
    """What each study, verified or not, has in the error of sum(weight * rest) where the sizes of both groups are those of all studies."""
    mean = (np.bincount(all_of, weight * rest) / np.maximum(np.bincount(all_of, weight), 1e-12))[all_of]
    return weight * (rest - mean) + mean


def _of_few(hit: Flags, held: Floats, weight: Floats, places: Places, level: float) -> tuple[float, float]:
    """Ends of hits / (hits + misses), each a gamma variable half way between Fay & Feuer's two: the weights `held`, and half of one patient more with the largest weight of their result. Of two gammas the share is a beta's."""
    shapes, scales = [], []
    for side in (hit, ~hit):
        seen = np.bincount(places, np.where(side, held, 0.0))
        unseen = float(np.bincount(places, np.where(side, weight, 0.0)).max())
        if not unseen:
            # no study has this result, so none can be missing
            return 1.0, 0.0
        mean, variance = float(seen.sum()) + unseen / 2, float((seen**2).sum()) + unseen**2 / 2
        shapes.append(mean**2 / variance)
        scales.append(variance / mean)
    drawn = beta.ppf([0.5 - level / 2, 0.5 + level / 2], *shapes)
    low, high = scales[0] * drawn / (scales[0] * drawn + scales[1] * (1 - drawn))
    return float(low), float(high)


def _told_by_strata(rest: Floats, weight: Floats, strata: Places) -> float:
    """What of the sampling variance of sum(weight * rest) lies between strata: their sizes are known."""
    drawn = np.maximum(np.bincount(strata), 1)
    mean = (np.bincount(strata, weight * rest) / np.maximum(np.bincount(strata, weight), 1e-12))[strata]
    by_coin = weight * np.maximum(weight - 1, 0)
    correction = (drawn / np.maximum(drawn - 1, 1))[strata]
    return float((by_coin * (rest**2 - (rest - mean) ** 2 * correction)).sum())


def _unseen(called: Flags, known: Flags) -> str:
    """Which result nobody looked at again, in words; "" when both were."""
    for result, name in ((False, "negative"), (True, "positive")):
        if (called == result).any() and not known[called == result].any():
            return f"no study with a {name} result was adjudicated: adjudicate a random share of them"
    return ""


def _never(chance: Floats) -> str:
    return (
        "some studies had no chance of being adjudicated: what they hold cannot be known" if (chance == 0).any() else ""
    )


def _binomial_variance(rate: Rate) -> float:
    return rate.value * (1 - rate.value) / rate.n if rate.n else 0.0


def _rows(positive: ArrayLike, verified: ArrayLike, truth: ArrayLike) -> tuple[Flags, Flags, Floats]:
    called, known = np.asarray(positive, dtype=np.bool_), np.asarray(verified, dtype=np.bool_)
    labels = np.asarray(truth, dtype=np.float64)
    if called.ndim != 1 or called.shape != known.shape or called.shape != labels.shape:
        raise ValueError("need one result, one verified flag and one truth per study")
    if not len(called) or not known.any():
        raise too_few("no study was adjudicated: nothing can be said of accuracy")
    if not np.isin(labels[known], (0.0, 1.0)).all():
        raise ValueError("the truth of an adjudicated study is 0 or 1")
    return called, known, np.where(known, labels, np.nan)
