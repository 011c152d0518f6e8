"""The shape of miscalibration: how far stated probabilities lie from a smooth curve of what was observed, and what a perfectly calibrated model would show beside it.

Cleveland 1979 (locally weighted regression); Harrell 2015 (E-max, E90, E50, E-avg); Dimitriadis, Gneiting & Jordan 2021 (CORP reliability diagram and its consistency bands);
Bröcker & Smith 2007 (consistency bars of a binned diagram); Hong 2013 (how many of some cases are positive). Beyond 1,024 distinct probabilities neighbours share a level: their mean.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from wetread.evaluation.calibration_error import MIN_CASES_FOR_ECE, NullDistribution
from wetread.evaluation.inputs import (
    Floats,
    Labels,
    Places,
    checked_probability,
    cluster_places,
    patients_worth,
    too_few,
)
from wetread.evaluation.proportions import wilson
from wetread.evaluation.resample import bootstrap_weights, patient_blocks, percentile_interval

__all__ = [
    "MIN_OF_A_CLASS",
    "CalibrationDistances",
    "ConsistencyBand",
    "Distance",
    "ReliabilityBins",
    "calibration_distances",
    "consistency_band",
    "reliability_bins",
    "smooth_calibration",
]

MIN_OF_A_CLASS = 20
_FEWEST_PATIENTS = 10
_LEVELS, _GRID = 1024, 128
_SPAN = 2 / 3
_NEAR_ENOUGH = 0.02
_NO_INTERVAL = "no interval: none that was tried holds 93 to 97 % at every slope"


@dataclass(frozen=True, slots=True)
class Distance:
    """One summary of |probability - smooth observed share|, 0..1, with its interval, and beside it what a perfectly calibrated model would show (`null`).

    `low` and `high` are None where no interval is given; `reason` then says why.

    Source: Harrell (2015), Regression Modeling Strategies, chapter 10.
    """

    value: float
    low: float | None
    high: float | None
    null: NullDistribution
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CalibrationDistances:
    """Over the cases: the largest distance (E-max), the ones that 90 % and half of the cases keep below (E90, E50), and the mean (E-avg, the integrated calibration index).

    Source: Harrell (2015), Regression Modeling Strategies, chapter 10; Austin & Steyerberg (2019), Stat Med 38:4051.
    """

    largest: Distance
    ninetieth: Distance
    median: Distance
    mean: Distance
    n: int
    n_patients: int


@dataclass(frozen=True, slots=True)
class ConsistencyBand:
    """At (k,) probabilities `at` with (k,) `cases`: the isotonic `recalibrated` share, and `low`, `high` between which it lies, point by point, in `level` of samples of a calibrated model.

    Source: Dimitriadis, Gneiting & Jordan (2021), PNAS 118:e2016191118.
    """

    at: Floats
    cases: Floats
    recalibrated: Floats
    low: Floats
    high: Floats
    level: float

    @property
    def share_inside(self) -> float:
        """Of the cases, 0..1; about `level` or more where the model is calibrated."""
        inside = (self.low <= self.recalibrated) & (self.recalibrated <= self.high)
        return float(self.cases @ inside / self.cases.sum())


@dataclass(frozen=True, slots=True)
class ReliabilityBins:
    """By (b,) equal-mass bins: mean probability `stated`, `observed` share with Wilson's `low`, `high`, and the consistency bar `bar_low`, `bar_high` in which the share of a calibrated model lies with probability `bar_holds`.

    A share of few cases takes few values. The bar is NaN where none comes within two points of the level asked for; `bar_holds` then is that of the nearest.
    Source: Bröcker & Smith (2007), Weather Forecast 22:651; Wilson (1927), J Am Stat Assoc 22:209.
    """

    stated: Floats
    observed: Floats
    low: Floats
    high: Floats
    bar_low: Floats
    bar_high: Floats
    bar_holds: Floats
    cases: Floats


@dataclass(frozen=True, slots=True)
class _Levels:
    """(k,) rising probabilities, (k,) cases and positives at each; (n,) level of each case."""

    at: Floats
    cases: Floats
    positives: Floats
    place: Places

    def drawn(self, random: np.random.Generator, draws: int) -> Floats:
        """(draws, k) positives that these probabilities themselves would bring."""
        whole = self.cases.astype(np.int64)
        return random.binomial(whole, np.minimum(self.at, 1.0), (draws, len(whole))).astype(np.float64)


def smooth_calibration(truth: ArrayLike, probability: ArrayLike, span: float = _SPAN) -> tuple[Floats, Floats]:
    """(k,) distinct probabilities and the (k,) smooth observed shares at them, of (n,) 0/1 truth and (n,) probabilities: local lines over the nearest `span` of the cases, tricube weights.

    Source: Cleveland (1979), J Am Stat Assoc 74:829, without its robustness steps, as Harrell's `val.prob` has it.
    """
    levels = _levels(*checked_probability(truth, probability))
    return levels.at, _Smoother(levels, span)(levels.cases[None], levels.positives[None])[0]


def calibration_distances(
    truth: ArrayLike,
    probability: ArrayLike,
    patients: Labels | None = None,
    *,
    level: float = 0.95,
    replicates: int = 500,
    seed: int = 7,
) -> CalibrationDistances:
    """E-max, E90, E50 and E-avg of (n,) 0/1 truth and (n,) probabilities over `smooth_calibration`.

    E-avg alone has an interval, of the mean distance from the curve that smoothing the true shares would give, over the cases as they are. Upper end: the percentile of `replicates` draws of
    patients, which errs upwards near calibration. Lower end: as far below the estimate as the draws reach above it, or as a calibrated model's distance reaches, whichever is less; 0 where a
    calibrated model shows as much in more than 1 - `level` of samples. So it passes from one-sided to two-sided as the distance grows. Of a maximum or a quantile none that
    was tried holds 93 to 97 % at every slope, so those have none.
    Null: `replicates` sets of truths drawn from the probabilities. Raises PermanentError ('too_few_cases') below 200 cases, 20 of a class, or cases worth 10 patients.
    Source: Harrell (2015), Regression Modeling Strategies, chapter 10; Austin & Steyerberg (2019), Stat Med 38:4051; intervals of what cannot be negative: Feldman & Cousins (1998), Phys Rev D 57:3873.
    """
    labels, values = checked_probability(truth, probability)
    positives = int(labels.sum())
    if len(labels) < MIN_CASES_FOR_ECE or min(positives, len(labels) - positives) < MIN_OF_A_CLASS:
        raise too_few(
            f"{positives} positives of {len(labels)} cases: distances from a smooth curve need {MIN_CASES_FOR_ECE} cases and {MIN_OF_A_CLASS} of each class"
        )
    keys = cluster_places(patients, len(labels))
    if (worth := patients_worth(keys)) < _FEWEST_PATIENTS:
        raise too_few(f"cases worth {worth:.1f} patients: distances from a smooth curve need {_FEWEST_PATIENTS}")
    levels = _levels(labels, values)
    smoother = _Smoother(levels, _SPAN)

    def sizes(distances: Floats) -> Floats:
        return _summaries(np.abs(distances), levels.cases).T

    curve = smoother(levels.cases[None], levels.positives[None])[0]
    resampled = smoother(*_resampled(levels, labels, keys, replicates, seed))
    drawn = levels.drawn(np.random.default_rng(seed), replicates)
    calibrated = smoother(np.broadcast_to(levels.cases, drawn.shape), drawn)
    found = sizes(curve[None] - levels.at)[:, 0].tolist()
    by_chance = sizes(calibrated - levels.at)
    nulls = [_null(*each) for each in zip(found, by_chance, strict=True)]
    largest, ninetieth, median = (
        Distance(value, None, None, null, _NO_INTERVAL) for value, null in zip(found[:3], nulls[:3], strict=True)
    )
    low, high = _mean_interval(
        nulls[3],
        sizes(resampled - levels.at)[3],
        sizes(resampled - curve)[3],
        by_chance[3],
        level,
        independent=int(keys.max()) + 1 == len(labels),
    )
    mean = Distance(found[3], low, high, nulls[3])
    return CalibrationDistances(largest, ninetieth, median, mean, len(labels), int(keys.max()) + 1)


def consistency_band(
    truth: ArrayLike, probability: ArrayLike, *, level: float = 0.95, draws: int = 1000, seed: int = 7
) -> ConsistencyBand:
    """The CORP reliability curve of (n,) 0/1 truth and (n,) probabilities with its band, given these probabilities, from `draws` sets of truths drawn from them. Cases count as independent.

    Source: Dimitriadis, Gneiting & Jordan (2021), PNAS 118:e2016191118.
    """
    levels = _levels(*checked_probability(truth, probability))
    drawn = levels.drawn(np.random.default_rng(seed), draws)
    curves = np.stack([_isotonic(each, levels.cases) for each in drawn])
    low, high = np.quantile(curves, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return ConsistencyBand(levels.at, levels.cases, _isotonic(levels.positives, levels.cases), low, high, level)


def reliability_bins(
    truth: ArrayLike, probability: ArrayLike, bins: int = 10, *, level: float = 0.95
) -> ReliabilityBins:
    """The binned diagram of (n,) 0/1 truth and (n,) probabilities; equal probabilities share a bin, so fewer may come out. A bar is the most probable run of counts, of those that these probabilities
    bring, whose probability is nearest to `level`: exact, nothing is drawn. Cases count as independent.

    Source: Bröcker & Smith (2007), Weather Forecast 22:651; the law of the count: Hong (2013), Comput Stat Data Anal 59:41; most probable sets: Sterne (1954), Biometrika 41:275.
    """
    levels = _levels(*checked_probability(truth, probability))
    middle = np.cumsum(levels.cases) - levels.cases / 2
    bin_of = np.unique((middle * bins / len(levels.place)).astype(np.intp), return_inverse=True)[1]
    cases, positives, stated = (
        _summed(bin_of, each) for each in (levels.cases, levels.positives, levels.cases * levels.at)
    )
    runs = np.array([_likely_counts(levels.at[bin_of == b], levels.cases[bin_of == b], level) for b in range(len(cases))])  # fmt: skip
    bar_low, bar_high = np.where(np.abs(runs[:, 2] - level) <= _NEAR_ENOUGH, runs[:, :2].T / cases, np.nan)
    ends = np.array([wilson(float(hits), float(n), level) for hits, n in zip(positives, cases, strict=True)])
    return ReliabilityBins(
        stated / cases, positives / cases, ends[:, 0], ends[:, 1], bar_low, bar_high, runs[:, 2], cases
    )


def _likely_counts(at: Floats, cases: Floats, level: float) -> tuple[int, int, float]:
    """First and last of the most probable counts of positives among `cases` at probabilities `at`, and the probability of them all, the one nearest to `level`."""
    least, shares = _count_law(at, cases)
    # rounded, so that two equally probable counts stand in one order on every machine
    order = np.argsort(-np.round(shares, 12), kind="stable")
    held = np.cumsum(shares[order])
    last = int(np.abs(held - level).argmin())
    run = order[: last + 1]
    return least + int(run.min()), least + int(run.max()), float(held[last])


def _count_law(at: Floats, cases: Floats) -> tuple[int, Floats]:
    """The least count worth telling and the probabilities of it and of those above it: Hong's discrete Fourier transform over 12 standard deviations."""
    chance = np.minimum(at, 1.0)
    mean, reach = float(cases @ chance), 12 * float(np.sqrt(cases @ (chance * (1 - chance)))) + 12
    least = max(0, int(mean - reach))
    size = min(int(cases.sum()), int(np.ceil(mean + reach))) - least + 1
    turn = 2j * np.pi * np.arange(size) / size
    with np.errstate(divide="ignore"):
        characteristic = np.exp(cases @ np.log(1 - chance[:, None] + chance[:, None] * np.exp(turn)) - turn * least)
    return least, np.maximum(np.fft.fft(characteristic).real / size, 0.0)


def _levels(labels: Floats, values: Floats) -> _Levels:
    edges = np.unique(values)
    if len(edges) > _LEVELS:
        edges = np.unique(np.quantile(values, np.arange(_LEVELS) / _LEVELS))
    # between two quantiles that are interpolated there may be no case
    place = np.unique(np.searchsorted(edges, values, side="right"), return_inverse=True)[1].astype(np.intp)
    cases = _summed(place, np.ones(len(values)))
    return _Levels(_summed(place, values) / cases, cases, _summed(place, labels), place)


def _summed(place: Places, weight: Floats) -> Floats:
    return np.bincount(place, weight).astype(np.float64, copy=False)


class _Smoother:
    """Local lines are linear in the truths, so their weights are made once; a resampled curve keeps the neighbourhoods of the whole sample."""

    def __init__(self, levels: _Levels, span: float) -> None:
        at, k = levels.at, len(levels.at)
        places = np.unique(np.linspace(0, k - 1, min(k, _GRID)).round().astype(np.intp))
        self._at, self._grid = at, at[places]
        self._gap = at[None, :] - self._grid[:, None]
        far = np.abs(self._gap)
        nearest = np.argsort(far, axis=1, kind="stable")
        held = np.cumsum(levels.cases[nearest], axis=1)
        last = (held < np.floor(span * held[0, -1] + 1e-10)).sum(axis=1)
        radius = np.take_along_axis(far, np.take_along_axis(nearest, last[:, None], axis=1), axis=1)
        share = np.divide(far, radius, out=np.where(far > 0, 1.0, 0.0), where=radius > 0)
        # Cleveland's own limits: beside the place itself the weight is 1, at the edge 0
        self._weight = np.where(share <= 0.001, 1.0, np.where(share > 0.999, 0.0, (1 - share**3) ** 3))
        self._least = (0.001 * (at[-1] - at[0])) ** 2

    def __call__(self, cases: Floats, positives: Floats) -> Floats:
        """(r, k) smooth shares from (r, k) cases and positives by level, cut to 0..1; NaN where a neighbourhood was left empty."""
        weight, tilted = self._weight, self._weight * self._gap
        n, first, second = cases @ weight.T, cases @ tilted.T, cases @ (tilted * self._gap).T
        hits, slope = positives @ weight.T, positives @ tilted.T
        with np.errstate(invalid="ignore", divide="ignore"):
            mean, spread = hits / n, second / n - (first / n) ** 2
            line = (second * hits - first * slope) / (n * n * spread)
            found = np.clip(np.where(spread > self._least, line, mean), 0.0, 1.0)
        return np.stack([np.interp(self._at, self._grid, each) for each in found])


def _resampled(levels: _Levels, labels: Floats, keys: Places, replicates: int, seed: int) -> tuple[Floats, Floats]:
    """(r, k) cases and positives by level in draws of patients."""
    block = patient_blocks(keys, len(labels), seed=seed)
    shape = (int(block.max()) + 1, len(levels.at))
    cell = block * shape[1] + levels.place
    weights = bootstrap_weights(shape[0], replicates, seed)
    cases, positives = (np.bincount(cell, each, shape[0] * shape[1]).reshape(shape) for each in (np.ones(len(labels)), labels))  # fmt: skip
    return weights @ cases, weights @ positives


def _isotonic(positives: Floats, cases: Floats) -> Floats:
    return np.asarray(isotonic_regression(positives / cases, weights=cases).x, dtype=np.float64)


def _summaries(distances: Floats, cases: Floats) -> Floats:
    """(r, 4) largest, 90th percentile, median and mean over the cases of (r, k) distances."""
    order = np.argsort(distances, axis=1)
    held = np.cumsum(cases[order], axis=1)
    rising = np.take_along_axis(distances, order, axis=1)

    def kept_below(share: float) -> Floats:
        place = (held < share * held[:, -1:] - 1e-9).sum(axis=1)
        return np.take_along_axis(rising, place[:, None], axis=1)[:, 0]

    return np.stack([rising[:, -1], kept_below(0.9), kept_below(0.5), distances @ cases / cases.sum()], axis=1)


def _null(found: float, by_chance: Floats) -> NullDistribution:
    """`by_chance`: the distance of a calibrated model, by draw."""
    p = (1 + int((by_chance >= found).sum())) / (1 + len(by_chance))
    return NullDistribution(found, float(by_chance.mean()), float(np.quantile(by_chance, 0.95)), p, len(by_chance))


def _mean_interval(
    null: NullDistribution, resampled: Floats, moved: Floats, by_chance: Floats, level: float, *, independent: bool
) -> tuple[float, float]:
    """`resampled`: the distance in draws of patients; `moved`: how far their curves lie from the curve found; `by_chance`: the distance of a calibrated model."""
    found = null.observed
    least, high = percentile_interval(resampled, level)
    low = 0.0
    if null.p <= 1 - level:
        of_calibrated, of_draws = (float(np.nanquantile(each, level)) for each in (by_chance, moved))
        # above 0 wherever a calibrated model seldom shows as much; the null knows no patients
        barely = (found - of_calibrated) / 2 if independent else 0.0
        mirrored = min(least, 2 * found - float(np.nanquantile(resampled, 0.5 + level / 2)))
        low = max(0.0, barely, found - max(of_calibrated, of_draws), mirrored)
    return low, max(high, found)
