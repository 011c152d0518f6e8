"""Tests and intervals that may be looked at after every case: a fixed-sample interval that is looked at daily fires five to eight times too often.

Wald 1947 (SPRT); Howard, Ramdas, McAuliffe & Sekhon 2021 (mixture confidence sequences); Johari et al. 2022 (mixture SPRT); Arnold, Henzi & Ziegel 2023 (e-values for calibration);
Wang & Ramdas 2022 (e-BH). An e-process E rejects its hypothesis at level alpha from E >= 1/alpha on, whenever one looks (Ville's inequality).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import betainc, betaln, xlog1py, xlogy

from wetread.evaluation.inputs import Flags, Floats, Places, checked_probability

__all__ = [
    "BETS",
    "OperatingCharacteristic",
    "Sprt",
    "beta_mixture_interval",
    "calibration_e_process",
    "centred_mixture_interval",
    "counts_short_of",
    "e_benjamini_hochberg",
    "effective_counts",
    "margin_prior",
    "normal_mixture_likelihood_ratio",
    "raised_rate",
    "rate_e_value",
    "rate_e_value_reached",
    "rate_e_values",
]

PRIOR_CASES = 60.0
BETS = (-1.0, -0.5, -0.25, 0.25, 0.5, 1.0)
"""Stakes of the calibration gate: negative ones win when probabilities are too high, positive ones when they are too low."""


@dataclass(frozen=True, slots=True)
class OperatingCharacteristic:
    """What a truncated SPRT does when the rate is what was asked about: chances of each end, and the mean number of cases. Source: Wald (1947), Sequential Analysis."""

    reject: float
    accept: float
    undecided: float
    mean_cases: float


@dataclass(frozen=True, slots=True)
class Sprt:
    """Wald's test of a rate `low_rate` (accept) against `high_rate` (reject), 0 < low < high < 1; `alpha`, `beta`: nominal chances of the wrong end.

    Source: Wald (1947), Sequential Analysis.
    """

    low_rate: float
    high_rate: float
    alpha: float = 0.05
    beta: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.low_rate < self.high_rate < 1:
            raise ValueError(f"need 0 < low_rate < high_rate < 1, not {self.low_rate} and {self.high_rate}")
        if not (0 < self.alpha < 1 and 0 < self.beta < 1 and self.alpha + self.beta < 1):
            raise ValueError("alpha and beta are chances whose sum is below 1")

    @property
    def slope(self) -> float:
        """Events per case along which both boundaries rise."""
        return float(np.log((1 - self.low_rate) / (1 - self.high_rate)) / self._log_odds_ratio)

    @property
    def intercepts(self) -> tuple[float, float]:
        """(accept, reject): events at or below, at or above which the test ends, at zero cases."""
        accept = np.log(self.beta / (1 - self.alpha)) / self._log_odds_ratio
        return float(accept), float(np.log((1 - self.beta) / self.alpha) / self._log_odds_ratio)

    @property
    def _log_odds_ratio(self) -> float:
        odds = [rate / (1 - rate) for rate in (self.low_rate, self.high_rate)]
        return float(np.log(odds[1] / odds[0]))

    def decision(self, events: int, cases: int) -> str:
        """ "reject" (the rate is high), "accept" or "continue"."""
        accept, reject = self.intercepts
        drift = events - self.slope * cases
        return "reject" if drift >= reject else "accept" if drift <= accept else "continue"

    def operating_characteristic(self, rate: float, *, first: int = 1, last: int) -> OperatingCharacteristic:
        """Exact, by recursion over the counts that are still undecided: looked at after each case from `first` to `last`, then ended undecided."""
        chance = np.array([1.0])
        reject = accept = mean = 0.0
        for cases in range(1, last + 1):
            chance = np.append(chance, 0.0) * (1 - rate) + np.append(0.0, chance) * rate
            if cases < first:
                continue
            ends = np.array([self.decision(events, cases) for events in range(cases + 1)])
            reject += float(chance[ends == "reject"].sum())
            accept += float(chance[ends == "accept"].sum())
            mean += cases * float(chance[ends != "continue"].sum())
            chance = np.where(ends == "continue", chance, 0.0)
        undecided = float(chance.sum())
        return OperatingCharacteristic(reject, accept, undecided, mean + last * undecided)


def beta_mixture_interval(
    events: int, cases: int, alpha: float = 0.05, prior: tuple[float, float] = (1.0, 1.0)
) -> tuple[float, float]:
    """Always-valid interval of a rate: the rates whose mixture likelihood ratio is below 1/alpha, the mixture being Beta(`prior`).

    Not the running intersection, which is valid for a constant rate only and runs empty under drift.
    Source: Robbins (1970), Ann Math Stat 41:1397.
    """
    _counts(events, cases)
    own = betaln(prior[0] + events, prior[1] + cases - events) - betaln(*prior)

    def excess(rate: float) -> float:
        return float(own - xlogy(events, rate) - xlog1py(cases - events, -rate) + np.log(alpha))

    return _crossings(excess, events, cases)


def centred_mixture_interval(
    events: int, cases: int, alpha: float = 0.05, tightest_at: float = 100.0
) -> tuple[float, float]:
    """Always-valid interval of a rate by the two-sided beta-binomial mixture tuned to be tightest after `tightest_at` cases.

    Source: Howard, Ramdas, McAuliffe & Sekhon (2021), Ann Stat 49:1055.
    """
    _counts(events, cases)

    def excess(rate: float) -> float:
        variance = rate * (1 - rate)
        best = tightest_at * variance / (2 * np.log(1 / 0.05) + np.log(1 + 2 * np.log(1 / 0.05)))
        r = max(best - variance, 1e-3 * variance)
        ahead = betaln(r / (1 - rate) + events, r / rate + cases - events) - betaln(r / (1 - rate), r / rate)
        return float(ahead - xlogy(events, rate) - xlog1py(cases - events, -rate) + np.log(alpha))

    return _crossings(excess, events, cases)


def rate_e_value(events: int, cases: int, limit: float, prior: tuple[float, float] = (4.8, 55.2)) -> float:
    """Evidence that a rate lies above `limit`: an e-process for "at most `limit`", mixing alternatives over Beta(`prior`) cut to those above the limit.

    The default prior is worth 60 cases at a rate of 0.08: what a false-alarm gate with a limit of 0.05 is to catch.
    Source: Robbins (1970), Ann Math Stat 41:1397; Ramdas, Grünwald, Vovk & Shafer (2023), Stat Sci 38:576.
    """
    _counts(events, cases)
    return float(rate_e_values(np.array([events]), np.array([cases]), limit, prior)[0])


def rate_e_values(events: Places, cases: Places, limit: float, prior: tuple[float, float] = (4.8, 55.2)) -> Floats:
    """(n,) `rate_e_value` of (n,) counts of events among (n,) cases.

    Source: Robbins (1970), Ann Math Stat 41:1397; Ramdas, Grünwald, Vovk & Shafer (2023), Stat Sci 38:576.
    """
    if not 0 < limit < 1:
        raise ValueError(f"a limit lies between 0 and 1, not at {limit}")
    after = prior[0] + events, prior[1] + cases - events
    kept = np.log(_above(after, limit)) - np.log(_above(prior, limit))
    log_ratio = betaln(*after) - betaln(*prior) + kept - xlogy(events, limit) - xlog1py(cases - events, -limit)
    evidence: Floats = np.exp(np.minimum(log_ratio, 700.0))
    return evidence


def raised_rate(limit: float, margin: float) -> float:
    """The rate, 0..1, that must not be passed; halfway to 1 where the margin would reach it. Source: definition."""
    return min(limit + margin, (1 + limit) / 2)


def margin_prior(limit: float, margin: float) -> tuple[float, float]:
    """The Beta, worth 60 cases, that sits where a rate has risen by its margin: `rate_e_value`'s default for another limit. Source: definition."""
    at = raised_rate(limit, margin)
    return PRIOR_CASES * at, PRIOR_CASES * (1 - at)


def effective_counts(wrong: Flags, weight: Floats) -> tuple[int, int]:
    """(events, cases) of the effective sample of (n,) weighted cases, events rounded up and cases down: what an e-value of a rate takes where chances of being drawn differ.

    An approximation; how often it errs is measured (docs/rollout.md, docs/monitor.md). (0, 0) without cases.
    Source: Kish (1965), Survey Sampling.
    """
    if not len(weight):
        return 0, 0
    n = floor(float(weight.sum() ** 2 / (weight**2).sum()) + 1e-9)
    return min(n, ceil(float((weight * wrong).sum() / weight.sum()) * n - 1e-9)), n


def rate_e_value_reached(
    rate: float,
    limit: float,
    evidence: float,
    prior: tuple[float, float],
    cases: int,
    *,
    until: float = 1.0,
) -> Floats:
    """(n,) exact chance that `rate_e_value` has reached `evidence` by then, looked at after each of independent cases with this `rate` of events: its power, or its false alarms at rate = limit.

    By recursion over the counts that have not reached it, as for a truncated SPRT. Ends after `cases`, or with the first chance of `until` or more.
    Source: Armitage, McPherson & Rowe (1969), J R Stat Soc A 132:235.
    """
    if not (0 <= rate <= 1 and cases > 0):
        raise ValueError(f"need a rate of 0 to 1 and at least one case, not {rate} and {cases}")
    reached = []
    for by_then, _ in counts_short_of(rate, limit, evidence, prior, cases):
        reached.append(by_then)
        if by_then >= until:
            break
    return np.array(reached)


def counts_short_of(
    rate: float, limit: float, evidence: float, prior: tuple[float, float], cases: int
) -> Iterator[tuple[float, Floats]]:
    """After each of `cases` independent cases with this `rate` of events: the chance that `rate_e_value` has reached `evidence` by then, and (events,) those of 0, 1, ... events without its having done so.

    Source: Armitage, McPherson & Rowe (1969), J R Stat Soc A 132:235.
    """
    left, needed, reached = np.array([1.0]), 0, 0.0
    for n in range(1, cases + 1):
        left = np.append(left, 0.0) * (1 - rate) + np.append(0.0, left) * rate
        while needed <= n and rate_e_value(needed, n, limit, prior) < evidence * (1 - 1e-12):
            needed += 1
        reached += float(left[needed:].sum())
        left = left[:needed]
        yield reached, left


def _above(prior: tuple[ArrayLike, ArrayLike], limit: float) -> Floats:
    share: Floats = np.maximum(betainc(prior[1], prior[0], 1 - limit), 1e-300)
    return share


def calibration_e_process(
    truth: ArrayLike, probability: ArrayLike, bets: Sequence[float] = BETS, tolerance: float = 0.0
) -> Floats:
    """(n,) evidence after each of (n,) cases (0/1 truth, probability), in order of arrival, that probabilities are off by more than `tolerance`: the mean over stakes of products of 1 + stake x (y - p).

    Raises ValueError on stakes beyond -1..1 or probabilities outside 0..1. One class alone is fine here: nothing is ranked.
    Source: Arnold, Henzi & Ziegel (2023), Ann Appl Stat 17:1909.
    """
    labels, values = np.asarray(truth, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    if labels.size and set(np.unique(labels)) == {0.0, 1.0}:
        labels, values = checked_probability(labels, values)
    elif (
        labels.shape != values.shape
        or not np.isin(labels, (0.0, 1.0)).all()
        or not ((values >= 0) & (values <= 1)).all()
    ):
        raise ValueError("need (n,) truth of 0 and 1 and (n,) probabilities")
    stakes = np.asarray(bets, dtype=np.float64)
    if not len(stakes) or np.abs(stakes).max() > 1 or not 0 <= tolerance < 1:
        raise ValueError("stakes lie in -1..1, the tolerance in 0..1")
    gain = (labels - values)[:, None] * stakes - tolerance * np.abs(stakes)
    with np.errstate(divide="ignore"):
        wealth = np.cumsum(np.log(np.maximum(1 + gain, 0.0)), axis=0)
    highest = wealth.max(axis=1, initial=-np.inf, keepdims=True)
    shifted = np.where(np.isfinite(highest), highest, 0.0)
    mean = shifted[:, 0] + np.log(np.exp(wealth - shifted).mean(axis=1))
    evidence: Floats = np.exp(np.minimum(mean, 700.0))
    return evidence


def normal_mixture_likelihood_ratio(
    mean: float, cases: int, hypothesis: float = 0.0, sigma: float = 1.0, tau: float = 1.0
) -> float:
    """Mixture SPRT of a normal mean: the likelihood ratio of N(hypothesis, tau^2) alternatives after `cases`; its inverse, cut at 1, is an always-valid p.

    Source: Johari, Koomen, Pekelis & Walsh (2022), Oper Res 70:1806.
    """
    if cases < 1 or sigma <= 0 or tau <= 0:
        raise ValueError("need at least one case and positive sigma and tau")
    spread = sigma**2 + cases * tau**2
    shift = cases**2 * tau**2 * (mean - hypothesis) ** 2 / (2 * sigma**2 * spread)
    return _bounded_exp(float(0.5 * np.log(sigma**2 / spread) + shift))


def e_benjamini_hochberg(evidence: ArrayLike, alpha: float = 0.05) -> tuple[int, ...]:
    """Which of (k,) e-values are rejected with a false discovery rate of at most alpha, whatever their dependence; indices in rising order.

    Source: Wang & Ramdas (2022), J R Stat Soc B 84:822.
    """
    values = np.asarray(evidence, dtype=np.float64)
    if values.ndim != 1 or np.isnan(values).any() or (values < 0).any():
        raise ValueError("e-values are numbers from 0 up")
    order = np.argsort(-values, kind="stable")
    ranks = np.arange(1, len(values) + 1)
    passing = np.flatnonzero(values[order] >= len(values) / (alpha * ranks))
    return tuple(sorted(int(each) for each in order[: passing[-1] + 1])) if len(passing) else ()


def _crossings(excess: Callable[[float], float], events: int, cases: int) -> tuple[float, float]:
    """Where a convex function of the rate that is below 0 at events / cases comes up to 0; the end of 0..1 where it never does."""
    inside = min(max(events / cases, 1e-9), 1 - 1e-9)
    if excess(inside) >= 0:
        return 0.0, 1.0
    low = float(brentq(excess, 1e-12, inside, xtol=1e-13)) if excess(1e-12) > 0 else 0.0
    high = float(brentq(excess, inside, 1 - 1e-12, xtol=1e-13)) if excess(1 - 1e-12) > 0 else 1.0
    return low, high


def _counts(events: int, cases: int) -> None:
    if not (cases > 0 and 0 <= events <= cases):
        raise ValueError(f"need 0 <= events <= cases and cases > 0, not {events} of {cases}")


def _bounded_exp(log_value: float) -> float:
    return float(np.exp(min(log_value, 700.0)))
