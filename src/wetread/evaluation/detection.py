"""Did it find the lesion, and how often did it point at nothing: free-response curves, and whether heat maps and boxes lie where the finding is.

Bunch et al. 1978 (FROC); Setio et al. 2017 (LUNA16's competition metric: mean sensitivity at 1/8 to 8 false marks a scan); Zhang et al. 2018 (pointing game);
Boxes are half-open (top, left, bottom, right) in pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wetread.evaluation.inputs import Flags, Floats, too_few
from wetread.evaluation.proportions import wilson
from wetread.evaluation.resample import bootstrap_weights

__all__ = [
    "LUNA16_RATES",
    "Box",
    "Froc",
    "Mark",
    "contrast_to_noise",
    "froc",
    "intersection_over_union",
    "matched_marks",
    "mean_iou",
    "pointing_hit",
]

LUNA16_RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_MOST_WITHOUT_LESION = 0.05
_FEW = 5
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing the detector pointed at in a scan: how sure it was, and which lesion it hit ("" none). Source: Bunch et al. (1978), J Appl Photogr Eng 4:166."""

    scan: str
    score: float
    lesion: str = ""


@dataclass(frozen=True, slots=True)
class Froc:
    """(k,) `false_marks` per scan against (k,) `sensitivity` by lesion, thresholds falling; `cpm` is the mean sensitivity at `rates`, its interval from resampled scans.

    Source: Bunch et al. (1978), J Appl Photogr Eng 4:166; Setio et al. (2017), Med Image Anal 42:1.
    """

    false_marks: Floats
    sensitivity: Floats
    rates: tuple[float, ...]
    sensitivity_at: tuple[float, ...]
    cpm: float
    low: float
    high: float
    n_lesions: int
    n_scans: int


def froc(
    marks: Sequence[Mark],
    lesions: Sequence[tuple[str, str]],
    scans: Sequence[str],
    *,
    rates: Sequence[float] = LUNA16_RATES,
    replicates: int = 1000,
    level: float = 0.95,
    seed: int = 7,
) -> Froc:
    """Free-response curve of `marks` against (scan, lesion) pairs over all `scans`, those without marks and lesions included.

    A lesion counts once, by its surest mark; further marks on it are neither hits nor false. Between thresholds sensitivity is interpolated linearly, as LUNA16's script does;
    before the first false mark it is that of the surest marks alone. Interval: Wilson's on the lesions that the variance of `replicates` draws of scans is worth; where fewer than 5 were
    missed (or found), never on more than there are, and where all draws agree on as many as scans hold one. Raises ValueError on a mark or lesion of an unknown scan or lesion, PermanentError without lesions or with fewer than two scans.
    Source: Bunch et al. (1978), J Appl Photogr Eng 4:166; Setio et al. (2017), Med Image Anal 42:1; interval: Wilson (1927), J Am Stat Assoc 22:209; Korn & Graubard (1998), Surv Methodol 24:193.
    """
    known = {each: n for n, each in enumerate(scans)}
    there = set(lesions)
    strangers = [each.scan for each in marks if each.scan not in known] + [
        scan for scan, _ in lesions if scan not in known
    ]
    if strangers or len(known) != len(scans) or len(there) != len(lesions):
        raise ValueError("every mark and lesion belongs to one of the scans, and scans and lesions are named once")
    if any(each.lesion and (each.scan, each.lesion) not in there for each in marks):
        raise ValueError("a mark hits a lesion that its scan does not have")
    if any(not np.isfinite(each.score) for each in marks):
        raise ValueError("a mark's score is a finite number")
    if not lesions or len(scans) < 2:
        raise too_few("a free-response curve needs a lesion and two scans")
    found: dict[tuple[str, str], float] = {}
    for mark in marks:
        if mark.lesion:
            key = (mark.scan, mark.lesion)
            found[key] = max(mark.score, found.get(key, -np.inf))
    hits = [(score, known[scan]) for (scan, _), score in found.items()]
    misses = [(each.score, known[each.scan]) for each in marks if not each.lesion]
    at = np.unique([score for score, _ in (*hits, *misses)])[::-1]
    hit, miss = _counted(hits, at, len(scans)), _counted(misses, at, len(scans))
    per_scan = np.bincount([known[scan] for scan, _ in lesions], minlength=len(scans)).astype(np.float64)
    ones = np.ones((1, len(scans)))
    rate, share = _curve(hit, miss, per_scan, ones)
    at_rates = _at(rate[0], share[0], rates)
    weights = bootstrap_weights(len(scans), replicates, seed)
    drawn = [
        float(np.mean(_at(a, b, rates))) if not np.isnan(b).any() else np.nan
        for a, b in zip(*_curve(hit, miss, per_scan, weights), strict=True)
    ]
    metric, holders = float(np.mean(at_rates)), float(np.count_nonzero(per_scan))
    low, high = _metric_interval(metric, np.array(drawn), len(lesions), holders, level)
    return Froc(rate[0], share[0], tuple(rates), at_rates, metric, low, high, len(lesions), len(scans))


def matched_marks(
    scan: str, boxes: Sequence[tuple[Box, float]], lesions: Sequence[tuple[str, Box]], least_iou: float = 0.5
) -> tuple[Mark, ...]:
    """Marks from scored boxes: each hits the lesion it overlaps most, from `least_iou` (0..1) on; boxes in pixels.

    Source: Everingham et al. (2010), Int J Comput Vis 88:303.
    """
    marks = []
    for box, score in boxes:
        overlaps = [(intersection_over_union(box, lesion), name) for name, lesion in lesions]
        best, name = max(overlaps, default=(0.0, ""))
        marks.append(Mark(scan, score, name if best >= least_iou and best > 0 else ""))
    return tuple(marks)


def intersection_over_union(first: Box, second: Box) -> float:
    """Of two boxes in pixels, 0..1; raises ValueError on a box without area. Source: Jaccard (1912), New Phytol 11:37."""
    for top, left, bottom, right in (first, second):
        if not (top < bottom and left < right):
            raise ValueError("a box needs top < bottom and left < right")
    high = min(first[2], second[2]) - max(first[0], second[0])
    wide = min(first[3], second[3]) - max(first[1], second[1])
    common = max(high, 0.0) * max(wide, 0.0)
    areas = [(bottom - top) * (right - left) for top, left, bottom, right in (first, second)]
    return common / (areas[0] + areas[1] - common)


def mean_iou(pairs: Sequence[tuple[Box | None, Box]]) -> float:
    """Mean over (proposed, true) boxes in pixels, 0..1; a missing proposal counts as 0, never as the one before it. Raises PermanentError on none.

    Source: Everingham et al. (2010), Int J Comput Vis 88:303.
    """
    if not pairs:
        raise too_few("no boxes: nothing to compare")
    return float(
        np.mean([0.0 if proposed is None else intersection_over_union(proposed, true) for proposed, true in pairs])
    )


def pointing_hit(heat: ArrayLike, inside: ArrayLike, tolerance: int = 0) -> bool:
    """Does the hottest place of a (row, column) map lie in the (row, column) mask, or within `tolerance` grid steps of it? Of several equally hot places the first by row counts.

    Source: Zhang et al. (2018), Int J Comput Vis 126:1084.
    """
    values, mask = _map_and_mask(heat, inside)
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    around = mask[max(row - tolerance, 0) : row + tolerance + 1, max(column - tolerance, 0) : column + tolerance + 1]
    return bool(around.any())


def contrast_to_noise(heat: ArrayLike, inside: ArrayLike) -> float:
    """|mean in - mean out| over the root of the summed population variances, of a (row, column) map in and out of a (row, column) mask; 0 or more; infinite where neither side varies but they differ.

    Source: Boecking et al. (2022), ECCV.
    """
    values, mask = _map_and_mask(heat, inside)
    within, outside = values[mask], values[~mask]
    if not within.size or not outside.size:
        raise ValueError("the mask must leave something inside and something outside")
    gap, noise = abs(float(within.mean() - outside.mean())), float(np.sqrt(within.var() + outside.var()))
    return gap / noise if noise > 0 else (float("inf") if gap > 0 else 0.0)


def _counted(scored: list[tuple[float, int]], at: Floats, scans: int) -> Floats:
    """(scans, k) how many of the scored lie at or above each threshold."""
    table = np.zeros((scans, len(at)))
    for score, scan in scored:
        table[scan, int(np.searchsorted(-at, -score))] += 1
    return np.cumsum(table, axis=1)


def _curve(hit: Floats, miss: Floats, lesions: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """(r, k + 1) false marks per scan and sensitivity from the origin on; NaN sensitivity where no lesion was drawn."""
    origin = np.zeros((len(weights), 1))
    drawn = (weights @ lesions)[:, None]
    with np.errstate(invalid="ignore"):
        share = np.where(drawn > 0, (weights @ hit) / np.where(drawn > 0, drawn, 1), np.nan)
    rate = (weights @ miss) / weights.sum(axis=1, keepdims=True)
    return np.hstack([origin, rate]), np.hstack([origin, share])


def _at(rate: Floats, share: Floats, rates: Sequence[float]) -> tuple[float, ...]:
    """Sensitivity where the curve last had this rate; beyond its end it stays where it ended."""
    last = np.concatenate([np.flatnonzero(np.diff(rate) > 0), [len(rate) - 1]])
    return tuple(float(each) for each in np.interp(rates, rate[last], share[last]))


def _metric_interval(metric: float, drawn: Floats, lesions: int, holders: float, level: float) -> tuple[float, float]:
    if np.isnan(drawn).mean() > _MOST_WITHOUT_LESION:
        raise too_few("too many bootstrap samples hold no lesion: add scans with one")
    variance = float(np.nanvar(drawn))
    worth = metric * (1 - metric) / variance if variance > 0 and 0 < metric < 1 else holders
    if lesions * min(metric, 1 - metric) < _FEW:
        worth = min(worth, lesions)
    return wilson(metric * worth, worth, level)


def _map_and_mask(heat: ArrayLike, inside: ArrayLike) -> tuple[Floats, Flags]:
    values, mask = np.asarray(heat, dtype=np.float64), np.asarray(inside, dtype=np.bool_)
    if values.ndim != 2 or values.shape != mask.shape or not np.isfinite(values).all():
        raise ValueError(
            f"need a (row, column) map without NaN and a mask of its shape, not {values.shape} and {mask.shape}"
        )
    return values, mask
