"""What a calibrated probability means where the finding is rarer, commoner, or the scanner another.

Prior shift and its EM: Saerens, Latinne & Decaestecker 2002. It assumes that the films of the sick, and of the well, look alike at both sites; where they
do not, `site_intercepts` (random intercepts, Gaussian prior, empirical Bayes) needs labels and shrinks each site towards the common intercept.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2, norm

from wetread.domain.errors import PermanentError
from wetread.evaluation.inputs import Floats, Labels, checked_probability, cluster_places, too_few
from wetread.evaluation.logistic import LogisticFit, fit_logistic, logit, sigmoid

__all__ = [
    "MIN_CASES_FOR_PREVALENCE",
    "MIN_PER_CLASS",
    "PrevalenceEstimate",
    "SiteIntercept",
    "SiteIntercepts",
    "estimate_prevalence",
    "shift_prevalence",
    "site_intercepts",
]

MIN_CASES_FOR_PREVALENCE = 100
MIN_PER_CLASS = 50
_Z = float(norm.ppf(0.975))


@dataclass(frozen=True, slots=True)
class PrevalenceEstimate:
    """Prevalence, 0..1, at the target site with its 95 % likelihood-ratio interval; `p` tests that it equals the source's.

    Source: Saerens, Latinne & Decaestecker (2002), Neural Comput 14:21.
    """

    prevalence: float
    low: float
    high: float
    p: float
    n: int


@dataclass(frozen=True, slots=True)
class SiteIntercept:
    """One site's (or scanner's) shift of the logit, shrunken, with its 95 % interval; `n` cases, `n_positive` of them positive.

    Source: Breslow & Clayton (1993), J Am Stat Assoc 88:9 (Laplace).
    """

    site: str
    intercept: float
    low: float
    high: float
    n: int
    n_positive: int


@dataclass(frozen=True, slots=True)
class SiteIntercepts:
    """The common shift, the standard deviation between sites, and each site's own shift, in logits (0 = calibrated as it stands).

    Source: Breslow & Clayton (1993), J Am Stat Assoc 88:9 (Laplace).
    """

    common: SiteIntercept
    between_sites: float
    sites: tuple[SiteIntercept, ...]

    def apply(self, probability: ArrayLike, site: str) -> Floats:
        """(n,) calibrated probabilities shifted for `site`; a site never seen gets the common shift."""
        shift = next((each.intercept for each in self.sites if each.site == site), self.common.intercept)
        return sigmoid(logit(_probabilities(probability)) + shift)


def shift_prevalence(probability: ArrayLike, source: float, target: float) -> Floats:
    """(n,) probabilities calibrated at prevalence `source`, re-weighted to `target`: odds times the ratio of the prevalences' odds.

    Raises ValueError for a prevalence outside (0, 1) or a probability outside 0..1.
    Source: Saerens, Latinne & Decaestecker (2002), Neural Comput 14:21.
    """
    values = _probabilities(probability)
    up, down = target / _share(source), (1 - _share(target)) / (1 - source)
    return values * up / (values * up + (1 - values) * down)


def estimate_prevalence(probability: ArrayLike, source: float, *, steps: int = 10_000) -> PrevalenceEstimate:
    """Prevalence among (n,) unlabelled cases by EM on probabilities that were calibrated at prevalence `source`.

    Raises ValueError (range), PermanentError "too_few_cases" below 100 cases or where the probabilities say nothing, "no_convergence".
    The interval takes the cases as independent and the calibration as known.
    Source: Saerens, Latinne & Decaestecker (2002), Neural Comput 14:21.
    """
    values = _probabilities(probability)
    if len(values) < MIN_CASES_FOR_PREVALENCE:
        raise too_few(f"{len(values)} cases: estimating a prevalence without labels needs {MIN_CASES_FOR_PREVALENCE}")
    sick, well = values / _share(source), (1 - values) / (1 - source)
    if np.ptp(sick) < 1e-6:
        raise too_few("the probabilities do not vary, so every prevalence fits them equally well")

    def log_likelihood(share: float) -> float:
        return float(np.log(share * sick + (1 - share) * well).sum())

    share = _expectation_maximised(values, source, steps)
    best, reach = log_likelihood(share), float(chi2.ppf(0.95, 1)) / 2

    def beyond(at: float) -> float:
        return best - reach - log_likelihood(at)

    edge = 1e-9
    low = float(brentq(beyond, edge, share)) if share > edge and beyond(edge) > 0 else 0.0
    high = float(brentq(beyond, share, 1 - edge)) if share < 1 - edge and beyond(1 - edge) > 0 else 1.0
    ratio = max(0.0, 2 * (best - log_likelihood(source)))
    return PrevalenceEstimate(share, low, high, float(chi2.sf(ratio, 1)), len(values))


def site_intercepts(truth: ArrayLike, probability: ArrayLike, sites: Labels) -> SiteIntercepts:
    """Random intercepts b ~ N(common, between_sites^2) on the logit of (n,) calibrated probabilities, slope kept at 1.

    `between_sites` maximises the Laplace-approximated likelihood, the common shift integrated out; intervals are conditional on it and take cases
    as independent. Raises PermanentError "too_few_cases" below 50 positives or negatives in all, or one site; ValueError as everywhere.
    Source: Breslow & Clayton (1993), J Am Stat Assoc 88:9 (Laplace).
    """
    labels, values = checked_probability(truth, probability)
    positives = int(labels.sum())
    if min(positives, len(labels) - positives) < MIN_PER_CLASS:
        raise too_few(
            f"{positives} positives and {len(labels) - positives} negatives: intercepts need {MIN_PER_CLASS} of each"
        )
    places, names = cluster_places(sites, len(labels)), np.unique(sites)
    if len(names) < 2:
        raise too_few("one site only: use one calibration")
    design, offset = np.column_stack([np.ones(len(labels)), places[:, None] == np.arange(len(names))]), logit(values)

    def fitted(log_spread: float) -> LogisticFit:
        precision = np.r_[0.0, np.full(len(names), np.exp(-2 * log_spread))]
        return fit_logistic(design, labels, offset=offset, prior_precision=precision)

    def minus_marginal(log_spread: float) -> float:
        fit = fitted(log_spread)
        prior = float((fit.weights[1:] ** 2).sum()) * np.exp(-2 * log_spread) / 2 + len(names) * log_spread
        return float(prior - fit.log_likelihood - np.linalg.slogdet(fit.covariance)[1] / 2)

    spread = float(minimize_scalar(minus_marginal, bounds=(np.log(1e-3), np.log(5.0)), method="bounded").x)
    fit = fitted(spread)
    counts, of_positive = np.bincount(places), np.bincount(places, labels).astype(int)
    common = _interval("common", fit, np.eye(len(names) + 1)[0], len(labels), positives)
    own = tuple(
        _interval(str(name), fit, design[places == at][0], int(counts[at]), int(of_positive[at]))
        for at, name in enumerate(names)
    )
    return SiteIntercepts(common, float(np.exp(spread)), own)


def _interval(site: str, fit: LogisticFit, row: Floats, count: int, positives: int) -> SiteIntercept:
    centre, half = float(row @ fit.weights), _Z * float(np.sqrt(row @ fit.covariance @ row))
    return SiteIntercept(site, centre, centre - half, centre + half, count, positives)


def _expectation_maximised(values: Floats, source: float, steps: int) -> float:
    share = source
    for _ in range(steps):
        renewed = float(shift_prevalence(values, source, share).mean())
        if abs(renewed - share) < 1e-10:
            return renewed
        share = min(max(renewed, 1e-12), 1 - 1e-12)
    raise PermanentError(
        "the prevalence did not settle: the probabilities hardly part sick from well", code="no_convergence"
    )


def _probabilities(probability: ArrayLike) -> Floats:
    values = np.asarray(probability, dtype=np.float64)
    if not np.isfinite(values).all() or (values < 0).any() or (values > 1).any():
        raise ValueError("probability must lie between 0 and 1, without NaN")
    return values


def _share(prevalence: float) -> float:
    if not 0 < prevalence < 1:
        raise ValueError(f"a prevalence lies strictly between 0 and 1, not at {prevalence}")
    return prevalence
