"""The gates on one finding at one site: evidence against a version that may be weighed after every case, and what it takes to pass.

An e-process is at least 1/alpha with a probability of at most alpha while its hypothesis holds, whenever one looks (Ville 1939; Howard et al. 2021; Arnold, Henzi & Ziegel 2023).
Passing is a sequential test of its own (Wald 1947). Nothing here knows of time, people or storage.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from wetread.domain.analysis import Rate
from wetread.domain.errors import PermanentError
from wetread.domain.rollout import FindingLimits, GateName, GatePlan, GateResult
from wetread.evaluation.calibration_error import ece, null_distribution
from wetread.evaluation.final_look import FinalLook, final_look
from wetread.evaluation.inputs import Floats
from wetread.evaluation.proportions import wilson
from wetread.evaluation.sequential import (
    Sprt,
    beta_mixture_interval,
    calibration_e_process,
    effective_counts,
    margin_prior,
    raised_rate,
    rate_e_value,
)
from wetread.evaluation.verification import inverse_probability_accuracy
from wetread.governance.cases import Case, first_of_each_patient

__all__ = [
    "LOW_PROBABILITY",
    "MIN_CALIBRATION",
    "Weighed",
    "calibration_evidence",
    "calibration_gate",
    "evidence_needed",
    "false_positive_gate",
    "rate_evidence",
    "rate_passes",
    "sensitivity_gate",
    "staked_evidence",
    "weighted_false_positive_gate",
]

LOW_PROBABILITY = 0.2
"""Below and above it calibration is weighed apart, too: most films have low probabilities and would hide what happens to the others."""
_ROUNDING = 1 + 1e-9
"""Evidence that is exactly what is needed must not fall short of it by the last digit."""
MIN_CALIBRATION = 200
"""Patients below which nothing is said of calibration but that it is bad."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """One gate on one finding before sites and findings are compared: `e_value` is the evidence against the version; `short_of` is what it says where that is not enough to fail it."""

    gate: GateName
    limits: FindingLimits
    e_value: float
    short_of: GateResult
    statistic: str
    events: int
    n: int
    note: str


def false_positive_gate(
    cases: Sequence[Case], limits: FindingLimits, plan: GatePlan, over: datetime | None = None
) -> Weighed:
    """On the first verified negative of each patient, verified whatever the model said (chance 1). `over`: when the longest stay ended, None while it lasts.

    Most of the evidence is staked on a last look, at what was known when the longest stay ended or at the first `limits.most` patients, whichever comes first.
    """
    negatives = first_of_each_patient(each for each in cases if each.truth is False and each.chance == 1)
    events, n = sum(each.called for each in negatives), len(negatives)
    budget, margin = limits.false_positive_budget, plan.false_positive_margin
    note = _rate_words("false positives per 100 negatives", events, n, budget, margin)
    statistic = f"e-value of more than {100 * budget:.1f} false positives per 100 negatives"
    short_of = GateResult.PASSES if rate_passes(events, n, budget, margin, plan) else GateResult.UNDECIDED
    seen = list(negatives[: limits.most or None])
    if over is not None:
        seen = [each for each in seen if each.known_at is not None and each.known_at <= over]
    last = over is not None or (limits.most and n >= limits.most)
    at_last = (sum(each.called for each in seen), len(seen)) if last else None
    evidence = staked_evidence(events, n, at_last, limits, plan)
    if plan.stake:
        waits_for = "the end of the stay" + (f" or the first {limits.most:,}" if limits.most else "")
        statistic += f", {plan.stake:g} of it staked on {waits_for}"
        if (of := at_last[1] if at_last else limits.most) > 0:
            note += f"; {_last_look(of, limits, plan).enough:,} among the first {of:,} take it back"
    return Weighed(GateName.FALSE_POSITIVES, limits, evidence, short_of, statistic, events, n, note)


def sensitivity_gate(cases: Sequence[Case], limits: FindingLimits, plan: GatePlan) -> Weighed:
    """On the first verified positive of each patient, weighted by the inverse of the chance with which it was looked for. Below `plan.min_positives`, or where the design of the looking
    cannot tell it, INSUFFICIENT: never a pass.

    With unequal chances the counts are those of the effective sample (Kish 1965), rounded against the version.
    """
    budget, margin = limits.miss_budget, plan.miss_margin
    statistic = f"e-value of more than {100 * budget:.1f} misses per 100 positives"
    return _weighted_gate(cases, True, limits, plan, (budget, margin), GateName.SENSITIVITY, statistic)


def weighted_false_positive_gate(cases: Sequence[Case], limits: FindingLimits, plan: GatePlan) -> Weighed:
    """The same of false positives among verified negatives, for cases that were looked for with unequal chances."""
    budget, margin = limits.false_positive_budget, plan.false_positive_margin
    statistic = f"e-value of more than {100 * budget:.1f} false positives per 100 negatives"
    return _weighted_gate(cases, False, limits, plan, (budget, margin), GateName.FALSE_POSITIVES, statistic)


def _weighted_gate(
    cases: Sequence[Case],
    sick: bool,
    limits: FindingLimits,
    plan: GatePlan,
    allowed: tuple[float, float],
    gate: GateName,
    statistic: str,
) -> Weighed:
    """On those whose truth is `sick`; an event is a call that differs from it. `allowed`: budget and margin."""
    of, name = ("positive", "sensitivity") if sick else ("negative", "specificity")
    there = first_of_each_patient(each for each in cases if each.truth is sick)
    weight = np.array([1 / each.chance for each in there])
    wrong = np.array([each.called is not sick for each in there], dtype=bool)
    events, n = effective_counts(wrong, weight)
    rate, why_not = _accuracy(cases, sick)
    if rate is None or len(there) < plan.min_positives:
        note = why_not or f"{len(there)} {of} patients: {plan.min_positives} are needed"
        return Weighed(gate, limits, 1.0, GateResult.INSUFFICIENT, statistic, events, n, note)
    short_of = GateResult.PASSES if rate_passes(events, n, *allowed, plan) else GateResult.UNDECIDED
    note = f"{name} {rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f}, n = {rate.n})"
    return Weighed(gate, limits, rate_evidence(events, n, *allowed), short_of, statistic, events, n, note)


def calibration_gate(cases: Sequence[Case], limits: FindingLimits, plan: GatePlan) -> Weighed:
    """On the first verified case of each patient, verified whatever the model said. ECE beside its mean under perfect calibration is there to be read and decides nothing."""
    known = first_of_each_patient(each for each in cases if each.chance == 1)
    truth = np.array([float(each.truth is True) for each in known])
    stated = np.array([each.probability for each in known])
    evidence = calibration_evidence(truth, stated, plan.calibration_tolerance)
    enough = len(known) >= MIN_CALIBRATION
    short_of = GateResult.PASSES if enough else GateResult.INSUFFICIENT
    statistic = "e-value of probabilities that are off"
    if plan.calibration_tolerance:
        statistic += f" by more than {plan.calibration_tolerance:g}"
    events, n, note = int(truth.sum()), len(known), _calibration_words(truth, stated)
    return Weighed(GateName.CALIBRATION, limits, evidence, short_of, statistic, events, n, note)


def rate_evidence(events: int, n: int, budget: float, margin: float) -> float:
    """Evidence that a rate lies above `budget`: the mixture's prior sits at budget + margin. 1 without cases."""
    if not n:
        return 1.0
    return rate_e_value(events, n, budget, prior=margin_prior(budget, margin))


def staked_evidence(
    events: int, n: int, at_last: tuple[int, int] | None, limits: FindingLimits, plan: GatePlan
) -> float:
    """Evidence on false positives after `n` patients, most of it staked on the last look. `at_last`: events and patients at that look, None before it.

    Before it, what was kept counts; and, because counts only rise, whoever has enough for the most patients that it waits for has enough whenever it comes.
    """
    budget, margin = limits.false_positive_budget, plan.false_positive_margin
    if not plan.stake or not n:
        return rate_evidence(events, n, budget, margin)
    kept, needed = (1 - plan.stake) * rate_evidence(events, n, budget, margin), evidence_needed(plan, limits.weight)
    if at_last is None:
        enough = limits.most and events >= _last_look(limits.most, limits, plan).enough
        return max(kept, needed) if enough else kept
    if not at_last[1]:
        return rate_evidence(events, n, budget, margin)
    look, then = _last_look(at_last[1], limits, plan), rate_evidence(*at_last, budget, margin)
    if at_last[0] >= look.enough:
        return max((1 - plan.stake) * then, needed)
    return kept / (1 - plan.stake) / then * look.one_less if at_last[0] == look.enough - 1 else kept


def evidence_needed(plan: GatePlan, weight: float, sites: int = 0) -> float:
    """The e-value that takes a version back by a finding with this share of the error budget, where no other finding or site speaks against it."""
    return (sites or plan.sites) / (plan.alpha * weight) * _ROUNDING


def _last_look(patients: int, limits: FindingLimits, plan: GatePlan) -> FinalLook:
    budget = limits.false_positive_budget
    prior = margin_prior(budget, plan.false_positive_margin)
    return final_look(patients, budget, evidence_needed(plan, limits.weight), prior, 1 - plan.stake)


def rate_passes(events: int, n: int, budget: float, margin: float, plan: GatePlan) -> bool:
    """True when a sequential test takes the budget rather than budget + margin, or the always-valid interval lies below budget + margin."""
    if not n:
        return False
    high = raised_rate(budget, margin)
    if Sprt(budget, high, plan.alpha, plan.beta).decision(events, n) == "accept":
        return True
    return beta_mixture_interval(events, n, plan.alpha)[1] <= high


def calibration_evidence(truth: Floats, stated: Floats, tolerance: float) -> float:
    """Mean of the betting e-processes over all cases, those of low and those of higher probability; (n,) each, in order of arrival. 1 without cases."""
    low = stated < LOW_PROBABILITY
    parts = (np.ones(len(stated), dtype=bool), low, ~low)
    ends = [
        float(calibration_e_process(truth[part], stated[part], tolerance=tolerance)[-1]) if part.any() else 1.0
        for part in parts
    ]
    return sum(ends) / len(ends)


def _accuracy(cases: Sequence[Case], sick: bool) -> tuple[Rate | None, str]:
    """Sensitivity (of the sick; else specificity) over all verified cases, and why it is not known. Those not verified show what nobody looked at."""
    known = [each.truth is not None for each in cases]
    if not any(known):
        return None, "no study was verified"
    found = inverse_probability_accuracy(
        [each.called for each in cases],
        known,
        [float(each.truth is True) for each in cases],
        [each.chance for each in cases],
        np.array([each.patient for each in cases]),
    )
    return (found.sensitivity if sick else found.specificity), found.reason


def _rate_words(what: str, events: int, n: int, budget: float, margin: float) -> str:
    if not n:
        return f"no verified case; budget {100 * budget:.1f}"
    low, high = wilson(events, n)
    return (
        f"{100 * events / n:.1f} {what} ({100 * low:.1f} to {100 * high:.1f} at this look alone); "
        f"budget {100 * budget:.1f}, must not pass {100 * raised_rate(budget, margin):.1f}"
    )


def _calibration_words(truth: Floats, stated: Floats) -> str:
    if len(truth) < MIN_CALIBRATION:
        return f"{len(truth)} patients: an ECE needs {MIN_CALIBRATION}"
    try:
        null = null_distribution(ece, truth, stated, seed=0, replicates=200)
    except PermanentError as error:
        return f"no ECE: {error}"
    return f"ECE {null.observed:.3f}; a perfectly calibrated model would show {null.null_mean:.3f} on average"
