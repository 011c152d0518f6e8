"""Does the score rank the sick above the well: AUROC, its variance with and without patients as clusters, and the paired test.

DeLong, DeLong & Clarke-Pearson 1988; Sun & Xu 2014 (mid-ranks); Obuchowski 1997 (clusters); Birnbaum & Klose 1957 (variance bound).
Below 10 positives or 10 negatives no interval is given: the logit interval then covers 87 % instead of 95 % or less.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from scipy.stats import norm, t

from wetread.evaluation.inputs import Floats, Labels, Places, checked, cluster_places, patients_worth, too_few
from wetread.evaluation.proportions import wilson

__all__ = [
    "MIN_PER_CLASS",
    "SMALL_PER_CLASS",
    "AurocEstimate",
    "PairedAuroc",
    "area_interval",
    "auroc",
    "auroc_covariance",
    "auroc_estimate",
    "auroc_influence",
    "compare_aurocs",
    "difference_interval",
    "placements",
]

MIN_PER_CLASS = 10
SMALL_PER_CLASS = 50
_FEW = 100


@dataclass(frozen=True, slots=True)
class AurocEstimate:
    """An AUROC, 0..1, with its interval. `small`: fewer than 50 of a class, so another sample may well say otherwise. `method` names the interval.

    Source: Hanley & McNeil (1982), Radiology 143:29.
    """

    value: float
    low: float
    high: float
    standard_error: float
    n_positive: int
    n_negative: int
    n_patients: int
    method: str
    small: bool


@dataclass(frozen=True, slots=True)
class PairedAuroc:
    """First AUROC minus second, -1..1, on the same cases: interval on the plain scale, two-sided `p`. Source: DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837."""

    difference: float
    low: float
    high: float
    z: float
    p: float
    n_positive: int
    n_negative: int
    n_patients: int


def auroc(truth: ArrayLike, score: ArrayLike) -> float:
    """Of (n,) 0/1 truth and (n,) scores: P(score of a positive > score of a negative) + half P(equal), 0..1; raises ValueError / PermanentError (one class).

    Source: Hanley & McNeil (1982), Radiology 143:29.
    """
    labels, values = checked(truth, score)
    return float(placements(labels, values)[0].mean())


def auroc_covariance(truth: ArrayLike, scores: ArrayLike, patients: Labels | None = None) -> tuple[Floats, Floats]:
    """(k,) AUROCs and their (k, k) covariance for (k, n) scores on the same (n,) truth.

    DeLong 1988 without patients; with patients Obuchowski 1997, which is the same when no two cases share one.
    Source: DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837; Sun & Xu (2014), IEEE Signal Process Lett 21:1389; Obuchowski (1997), Biometrics 53:567.
    """
    rows = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    pairs = [checked(truth, row) for row in rows]
    labels = pairs[0][0]
    if patients is None and len(pairs) == 1:
        return _alone(labels, pairs[0][1])
    placed = [placements(labels, values) for _, values in pairs]
    positive, negative = np.stack([each[0] for each in placed]), np.stack([each[1] for each in placed])
    if patients is None:
        return positive.mean(axis=1), _of_mean(positive) + _of_mean(negative)
    return positive.mean(axis=1), _clustered_covariance(
        positive, negative, labels, cluster_places(patients, len(labels))
    )


def auroc_estimate(
    truth: ArrayLike, score: ArrayLike, patients: Labels | None = None, level: float = 0.95
) -> AurocEstimate:
    """AUROC of (n,) 0/1 truth and (n,) scores with its logit interval (two-sided `level`), patient-clustered where patients are given.

    The interval is `area_interval`'s; raises PermanentError below 10 positives or negatives.
    Source: DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837; Obuchowski (1997), Biometrics 53:567.
    """
    labels, values = checked(truth, score)
    positives, negatives = _enough(labels)
    areas, covariance = auroc_covariance(labels, values, patients)
    area, error = float(areas[0]), float(np.sqrt(max(covariance[0, 0], 0.0)))
    places = cluster_places(patients, len(labels))
    small = min(positives, negatives) < SMALL_PER_CLASS
    fewest = min(int(patients_worth(places[labels == each])) for each in (0, 1))
    low, high = area_interval(area, error, fewest, level)
    method = "logit, DeLong 1988" if patients is None else "logit, Obuchowski 1997"
    if fewest < 2 or not _has_variance(area, error):
        method = "Wilson on the variance bound of Birnbaum & Klose 1957"
    return AurocEstimate(area, low, high, error, positives, negatives, int(places.max()) + 1, method, small)


def area_interval(area: float, error: float, fewest: int, level: float = 0.95) -> tuple[float, float]:
    """Two-sided interval of an area 0..1, or of a mean of areas, with this standard error: symmetric on the logit scale.

    `fewest`: patients of the rarer class. Below 100 of them the error is itself uncertain, and too small where the area came out too large: there the interval uses
    a variance as if one more of them had the largest possible share in it. With an error of zero (perfect
    separation, constant score), or with one patient, it is Wilson's on Birnbaum & Klose's largest variance A(1 - A) / fewest, never (1, 1).
    Source: Wilson (1927), J Am Stat Assoc 22:209; Birnbaum & Klose (1957), Ann Math Stat 28:933; logit scale: Pepe (2003), The Statistical Evaluation of Medical Tests, chapter 5.
    """
    if fewest < 2 or not _has_variance(area, error):
        return wilson(area * fewest, fewest, level)
    reach = float(norm.ppf(0.5 + level / 2)) * error
    if fewest < _FEW:
        reach *= float(np.sqrt((fewest + area * (1 - area) / (fewest * error**2)) / (fewest + 1)))
    half, centre = reach / (area * (1 - area)), float(np.log(area / (1 - area)))
    return float(expit(centre - half)), float(expit(centre + half))


def difference_interval(difference: float, error: float, fewest: int, level: float = 0.95) -> tuple[float, float]:
    """Two-sided interval of a difference of areas with this standard error, by Student's t with one degree of freedom less than the rarer class has patients (`fewest`); all of -1..1 where that is one.

    Source: Student (1908), Biometrika 6:1.
    """
    if fewest < 2:
        return -1.0, 1.0
    half = float(t.ppf(0.5 + level / 2, fewest - 1)) * error
    return difference - half, difference + half


def _has_variance(area: float, error: float) -> bool:
    return error > 1e-9 and 0 < area < 1


def auroc_influence(truth: ArrayLike, score: ArrayLike) -> tuple[float, Floats]:
    """Of (n,) 0/1 truth and (n,) scores: the AUROC and the (n,) parts that the cases have in its error: their squares add up to DeLong's variance, their products with another score's to the covariance.

    Added up by patient they give any linear combination of AUROCs of several data sets its clustered error. Raises PermanentError below 10 positives or negatives.
    Source: DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837.
    """
    labels, values = checked(truth, score)
    positives, negatives = _enough(labels)
    of_positive, of_negative = placements(labels, values)
    area = float(of_positive.mean())
    parts = np.empty(len(labels))
    parts[labels == 1] = (of_positive - area) / np.sqrt(positives * (positives - 1))
    parts[labels == 0] = (of_negative - area) / np.sqrt(negatives * (negatives - 1))
    return area, parts


def compare_aurocs(
    truth: ArrayLike, score: ArrayLike, other: ArrayLike, patients: Labels | None = None, level: float = 0.95
) -> PairedAuroc:
    """Paired (clustered) DeLong test that two (n,) scores rank the same cases equally well; equal curves give z = 0 and p = 1. Raises PermanentError also where the cases are worth fewer than 10 patients.

    Source: DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837; Obuchowski (1997), Biometrics 53:567.
    """
    (labels, first), (_, second) = checked(truth, score), checked(truth, other)
    positives, negatives = _enough(labels)
    places = cluster_places(patients, len(labels))
    if (worth := patients_worth(places)) < MIN_PER_CLASS:
        raise too_few(f"cases worth {worth:.1f} patients: a paired difference needs {MIN_PER_CLASS}")
    areas, covariance = auroc_covariance(labels, np.stack([first, second]), patients)
    difference = float(areas[0] - areas[1])
    error = float(np.sqrt(max(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1], 0.0)))
    if error < 1e-9 and abs(difference) > 1e-12:
        raise too_few("the two curves differ, but their difference has no estimable variance: add cases")
    z = difference / error if error >= 1e-9 else 0.0
    half = float(norm.ppf(0.5 + level / 2)) * error
    count = int(places.max()) + 1
    p = 2 * float(norm.sf(abs(z)))
    return PairedAuroc(difference, difference - half, difference + half, z, p, positives, negatives, count)


def _enough(labels: Floats) -> tuple[int, int]:
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if min(positives, negatives) < MIN_PER_CLASS:
        raise too_few(
            f"{positives} positives and {negatives} negatives: an AUROC interval needs {MIN_PER_CLASS} of each"
        )
    return positives, negatives


def _alone(labels: Floats, values: Floats) -> tuple[Floats, Floats]:
    """(1,) AUROC and its (1, 1) variance by DeLong: nothing is paired, so sorting is enough, and negatives between two neighbouring positives have the same placement."""
    positive, negative = np.sort(values[labels == 1]), np.sort(values[labels == 0])
    m, n = len(positive), len(negative)
    below, up_to = np.searchsorted(negative, positive, side="left"), np.searchsorted(negative, positive, side="right")
    first = (below + up_to) / (2 * n)
    alike = np.diff(np.sort(np.concatenate([below, up_to]), kind="stable"), prepend=0, append=n)
    gaps = 1 - np.arange(2 * m + 1) / (2 * m) - first.mean()
    variance = _of_mean(first[None]) + alike @ gaps**2 * _correction(n) / n**2
    return first.mean(keepdims=True), variance


def _in_order(positive: Floats, negative: Floats) -> tuple[Floats, Floats]:
    """For sorted positives and sorted negatives: per positive the share of negatives below it, per negative the share of positives above it (ties one half)."""
    m, n = len(positive), len(negative)
    below, up_to = np.searchsorted(negative, positive, side="left"), np.searchsorted(negative, positive, side="right")
    counted = np.bincount(below, minlength=n + 1) + np.bincount(up_to, minlength=n + 1)
    return (below + up_to) / (2 * n), 1 - np.cumsum(counted)[:n] / (2 * m)


def placements(labels: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Per positive the share of negatives below it, per negative the share of positives above it (ties one half), for checked (n,) truth and scores.

    Two sorts and two searches; the negatives' side is counted from where the positives fall among them, so a million cases cost a tenth of a second.
    Source: DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837; Sun & Xu (2014), IEEE Signal Process Lett 21:1389.
    """
    positive, negative = values[labels == 1], values[labels == 0]
    rising, order = np.argsort(positive), np.argsort(negative)
    above, at_negative = np.empty(len(positive)), np.empty(len(negative))
    above[rising], at_negative[order] = _in_order(positive[rising], negative[order])
    return above, at_negative


def _of_mean(rows: Floats) -> Floats:
    """(k, k) covariance of the means of (k, n) rows; with one case, its own square, which is 0."""
    gaps, n = rows - rows.mean(axis=1, keepdims=True), rows.shape[1]
    covariance: Floats = gaps @ gaps.T * _correction(n) / n**2
    return covariance


def _clustered_covariance(positive: Floats, negative: Floats, labels: Floats, places: Places) -> Floats:
    area = positive.mean(axis=1, keepdims=True)
    clusters = int(places.max()) + 1
    of_positive, of_negative = places[labels == 1], places[labels == 0]
    first = np.stack([np.bincount(of_positive, row, clusters) for row in positive - area])
    second = np.stack([np.bincount(of_negative, row, clusters) for row in negative - area])
    m, n = positive.shape[1], negative.shape[1]
    cross = first @ second.T * _correction(clusters) / (m * n)
    of_first, of_second = (int(np.count_nonzero(np.bincount(each))) for each in (of_positive, of_negative))
    own = first @ first.T * _correction(of_first) / m**2
    other = second @ second.T * _correction(of_second) / n**2
    covariance: Floats = own + other + cross + cross.T
    return covariance


def _correction(clusters: int) -> float:
    return clusters / (clusters - 1) if clusters > 1 else 1.0
