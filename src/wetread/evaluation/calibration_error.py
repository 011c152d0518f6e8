"""How far probabilities are from frequencies, by measures whose definitions are frozen here (bins, ties and closing ends included).

Brier 1950; Murphy 1973 with the within-bin terms of Stephenson et al. 2008; CORP, Dimitriadis, Gneiting & Jordan 2021; Spiegelhalter 1986;
Cox 1958 (slope, intercept); Kumar, Liang & Ma 2019 (debiased); Blasiok & Nakkiran 2023 (smooth). ECE is biased upward: print it beside its null.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.fft import dct, idct
from scipy.optimize import brentq, isotonic_regression

from wetread.evaluation.inputs import (
    Floats,
    Labels,
    Places,
    checked_probability,
    cluster_places,
    patients_worth,
    too_few,
)
from wetread.evaluation.logistic import LogisticFit, fit_logistic, logit, sigmoid

__all__ = [
    "MIN_CASES_FOR_ECE",
    "CalibrationLine",
    "Corp",
    "Murphy",
    "NullDistribution",
    "brier",
    "brier_skill",
    "calibration_line",
    "corp",
    "ece",
    "ece_debiased",
    "maximum_calibration_error",
    "murphy",
    "null_distribution",
    "smooth_ece",
    "spiegelhalter_z",
]

MIN_CASES_FOR_ECE = 200
"""Below this a fixed-bin ECE measures mostly its own bias; show the debiased one only."""
_FEWEST_PATIENTS = 10


@dataclass(frozen=True, slots=True)
class Murphy:
    """Brier = reliability - resolution + uncertainty + within_bin_variance - within_bin_covariance, exactly.

    Source: Murphy (1973), J Appl Meteorol 12:595; within-bin terms: Stephenson, Coelho & Jolliffe (2008), Weather Forecast 23:752.
    """

    reliability: float
    resolution: float
    uncertainty: float
    within_bin_variance: float
    within_bin_covariance: float


@dataclass(frozen=True, slots=True)
class Corp:
    """Brier = miscalibration - discrimination + uncertainty, by isotonic recalibration, without bins. Source: Dimitriadis, Gneiting & Jordan (2021), PNAS 118:e2016191118."""

    miscalibration: float
    discrimination: float
    uncertainty: float


@dataclass(frozen=True, slots=True)
class CalibrationLine:
    """logit P(positive) = intercept + slope * logit(probability), with standard errors, in logits; `in_the_large` is the intercept at slope 1.

    Source: Cox (1958), Biometrika 45:562.
    """

    intercept: float
    intercept_standard_error: float
    slope: float
    slope_standard_error: float
    in_the_large: float
    in_the_large_standard_error: float


@dataclass(frozen=True, slots=True)
class NullDistribution:
    """A statistic beside what a perfectly calibrated model with the same probabilities would show; `p` is one-sided (large is bad).

    Source: Bröcker & Smith (2007), Weather Forecast 22:651.
    """

    observed: float
    null_mean: float
    null_95th: float
    p: float
    replicates: int


def ece(truth: ArrayLike, probability: ArrayLike, bins: int = 10) -> float:
    """L1 expected calibration error of (n,) 0/1 truth and (n,) probabilities: equal-width left-closed bins, the last closed, on P(finding); 0..1.

    Source: Naeini, Cooper & Hauskrecht (2015), AAAI.
    """
    labels, values = checked_probability(truth, probability)
    return float(np.abs(np.bincount(_equal_width(values, bins), values - labels, bins)).sum() / len(labels))


def maximum_calibration_error(truth: ArrayLike, probability: ArrayLike, bins: int = 10) -> float:
    """Largest |mean probability - observed share| over the bins of `ece`, of (n,) 0/1 truth and (n,) probabilities; 0..1.

    Source: Naeini, Cooper & Hauskrecht (2015), AAAI.
    """
    labels, values = checked_probability(truth, probability)
    places = _equal_width(values, bins)
    counts = np.bincount(places, minlength=bins)
    return float((np.abs(np.bincount(places, values - labels, bins)) / np.maximum(counts, 1)).max())


def ece_debiased(truth: ArrayLike, probability: ArrayLike, bins: int = 15) -> float:
    """Root of the debiased squared error over equal-mass bins that never part equal ones among (n,) probabilities, with (n,) 0/1 truth; 0..1.

    Source: Kumar, Liang & Ma (2019), NeurIPS.
    """
    labels, values = checked_probability(truth, probability)
    if len(labels) < 2 * bins:
        raise too_few(f"{len(labels)} cases: {bins} equal-mass bins need {2 * bins}")
    places = _equal_mass(values, bins)
    counts = np.bincount(places)
    observed, stated = np.bincount(places, labels) / counts, np.bincount(places, values) / counts
    noise = observed * (1 - observed) / np.maximum(counts - 1, 1)
    return float(np.sqrt(max(0.0, float((counts * ((observed - stated) ** 2 - noise)).sum()) / len(labels))))


def smooth_ece(truth: ArrayLike, probability: ArrayLike, grid: int = 2000) -> float:
    """The width s at which the residual of (n,) 0/1 truth and (n,) probabilities, smoothed by a Gaussian of width s reflected at 0 and 1, has mean size s; 0..1, no bins to choose.

    The reflected Gaussian is diagonal in the cosine basis, so one transform serves every width; `grid` cells bring an error below 1/grid.
    Source: Błasiok & Nakkiran (2023), arXiv:2309.12236.
    """
    labels, values = checked_probability(truth, probability)
    cells = np.minimum((values * grid).astype(np.intp), grid - 1)
    spectrum = dct(np.bincount(cells, labels - values, grid) / len(labels), norm="ortho")
    decay = (np.pi * np.arange(grid)) ** 2 / 2

    def too_wide(width: float) -> float:
        return width - float(np.abs(idct(spectrum * np.exp(-decay * width**2), norm="ortho")).sum())

    return float(brentq(too_wide, 0.0, 1.0, xtol=1e-7)) if too_wide(0.0) < 0 else 0.0


def null_distribution(
    statistic: Callable[[Floats, Floats], float],
    truth: ArrayLike,
    probability: ArrayLike,
    *,
    seed: int,
    replicates: int = 500,
) -> NullDistribution:
    """`statistic` of (n,) 0/1 truth and (n,) probabilities against truths drawn from the probabilities themselves (parametric bootstrap).

    Source: Bröcker & Smith (2007), Weather Forecast 22:651; Efron & Tibshirani (1993), An Introduction to the Bootstrap.
    """
    labels, values = checked_probability(truth, probability)
    random = np.random.default_rng(seed)
    drawn = (draw for draw in ((random.random(len(values)) < values).astype(np.float64) for _ in range(replicates)))
    null = np.array([statistic(draw, values) for draw in drawn if 0 < draw.sum() < len(draw)])
    if len(null) < replicates / 2:
        raise too_few("most draws from these probabilities hold one class only: add cases")
    observed = statistic(labels, values)
    p = (1 + int((null >= observed).sum())) / (1 + len(null))
    return NullDistribution(observed, float(null.mean()), float(np.quantile(null, 0.95)), p, len(null))


def brier(truth: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared distance of (n,) probabilities to (n,) truth; 0..1, 0 is best. Source: Brier (1950), Mon Weather Rev 78:1."""
    labels, values = checked_probability(truth, probability)
    return float(((values - labels) ** 2).mean())


def brier_skill(truth: ArrayLike, probability: ArrayLike) -> float:
    """1 - Brier / Brier of always stating the prevalence, of (n,) 0/1 truth and (n,) probabilities; 1 is best, 0 is no better than the prevalence.

    Source: Wilks (2011), Statistical Methods in the Atmospheric Sciences, chapter 8.
    """
    labels, values = checked_probability(truth, probability)
    share = float(labels.mean())
    return 1 - brier(labels, values) / (share * (1 - share))


def murphy(truth: ArrayLike, probability: ArrayLike, bins: int = 10) -> Murphy:
    """The Brier score's parts of (n,) 0/1 truth and (n,) probabilities over the bins of `ece`.

    Source: Murphy (1973), J Appl Meteorol 12:595; within-bin terms: Stephenson, Coelho & Jolliffe (2008), Weather Forecast 23:752.
    """
    labels, values = checked_probability(truth, probability)
    places = _equal_width(values, bins)
    counts = np.maximum(np.bincount(places, minlength=bins), 1)
    observed = (np.bincount(places, labels, bins) / counts)[places]
    stated = (np.bincount(places, values, bins) / counts)[places]
    share = float(labels.mean())
    return Murphy(
        reliability=float(((stated - observed) ** 2).mean()),
        resolution=float(((observed - share) ** 2).mean()),
        uncertainty=share * (1 - share),
        within_bin_variance=float(((values - stated) ** 2).mean()),
        within_bin_covariance=2 * float(((values - stated) * (labels - observed)).mean()),
    )


def corp(truth: ArrayLike, probability: ArrayLike) -> Corp:
    """The Brier score's parts, of (n,) 0/1 truth and (n,) probabilities, by pool-adjacent-violators recalibration.

    Source: Dimitriadis, Gneiting & Jordan (2021), PNAS 118:e2016191118.
    """
    labels, values = checked_probability(truth, probability)
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    recalibrated = isotonic_regression(np.bincount(places, labels) / counts, weights=counts).x[places]
    share = float(labels.mean())
    best = brier(labels, recalibrated)
    return Corp(brier(labels, values) - best, share * (1 - share) - best, share * (1 - share))


def spiegelhalter_z(truth: ArrayLike, probability: ArrayLike) -> float:
    """Of (n,) 0/1 truth and (n,) probabilities; standard normal under perfect calibration; raises PermanentError where every probability is 0, 0.5 or 1.

    Source: Spiegelhalter (1986), Stat Med 5:421.
    """
    labels, values = checked_probability(truth, probability)
    variance = float(((1 - 2 * values) ** 2 * values * (1 - values)).sum())
    if variance <= 0:
        raise too_few("every probability is 0, 0.5 or 1: the statistic has no variance")
    return float(((labels - values) * (1 - 2 * values)).sum() / np.sqrt(variance))


def calibration_line(truth: ArrayLike, probability: ArrayLike, patients: Labels | None = None) -> CalibrationLine:
    """Calibration intercept and slope (0 and 1 are best), of (n,) 0/1 truth and (n,) probabilities, and calibration in the large; probabilities held inside [1e-9, 1 - 1e-9].

    With patients their standard errors are those of the sandwich over patients (Liang & Zeger 1986); raises PermanentError where the cases are worth fewer than 10 patients.
    Source: Cox (1958), Biometrika 45:562; Liang & Zeger (1986), Biometrika 73:13.
    """
    labels, values = checked_probability(truth, probability)
    logits = logit(values)
    ones = np.ones_like(logits)
    straight = np.column_stack([ones, logits])
    line = fit_logistic(straight, labels)
    large = fit_logistic(ones[:, None], labels, offset=logits)
    errors = _standard_errors(line, straight, labels, 0.0, patients)
    return CalibrationLine(
        intercept=float(line.weights[0]),
        intercept_standard_error=float(errors[0]),
        slope=float(line.weights[1]),
        slope_standard_error=float(errors[1]),
        in_the_large=float(large.weights[0]),
        in_the_large_standard_error=float(_standard_errors(large, ones[:, None], labels, logits, patients)[0]),
    )


def _standard_errors(
    fit: LogisticFit, design: Floats, labels: Floats, offset: Floats | float, patients: Labels | None
) -> Floats:
    """(k,) of the fit's weights: from the information without patients, else the sandwich over them."""
    if patients is None:
        return np.sqrt(fit.covariance.diagonal())
    places = cluster_places(patients, len(labels))
    if (worth := patients_worth(places)) < _FEWEST_PATIENTS:
        raise too_few(f"cases worth {worth:.1f} patients: an interval of the calibration line needs {_FEWEST_PATIENTS}")
    scores = design * (labels - sigmoid(offset + design @ fit.weights))[:, None]
    sums = np.stack([np.bincount(places, each) for each in scores.T], axis=1)
    middle = sums.T @ sums * len(sums) / (len(sums) - 1)
    return np.sqrt((fit.covariance @ middle @ fit.covariance).diagonal())


def _equal_width(values: Floats, bins: int) -> Places:
    """Bin numbers; the small addend puts k/bins, which binary fractions miss by one unit in the last place, into bin k."""
    if bins < 1:
        raise ValueError(f"need one bin or more, not {bins}")
    return np.minimum(np.floor(values * bins + 1e-9), bins - 1).astype(np.intp)


def _equal_mass(values: Floats, bins: int) -> Places:
    ordered = np.sort(values)
    share, longer = divmod(len(ordered), bins)
    first = np.cumsum(np.r_[np.full(longer, share + 1), np.full(bins - longer, share)])[:-1]
    edges = np.unique((ordered[first - 1] + ordered[first]) / 2)
    return np.unique(np.searchsorted(edges, values), return_inverse=True)[1].astype(np.intp)
