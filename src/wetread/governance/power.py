"""How many patients the gates need before they take back a version that is worse by the smallest rise that matters: asked before a rollout, not after it."""

from collections.abc import Sequence
from math import log

from wetread.domain.rollout import FindingLimits, GatePlan
from wetread.evaluation.sequential import margin_prior, raised_rate, rate_e_value_reached
from wetread.governance.gates import HORIZON_STAKE, horizon_level

__all__ = ["MOST_PATIENTS", "foresight", "patients_to_notice"]

MOST_PATIENTS = 5_000


def patients_to_notice(
    budget: float,
    margin: float,
    plan: GatePlan,
    weight: float,
    sites: int = 1,
    chance: float = 0.9,
    *,
    staked: bool = False,
) -> int | None:
    """Patients (one film each; negatives for false positives, positives for misses) until a rate of budget + margin is taken back with this `chance`; None beyond 5,000.

    Exact, for one finding that has `weight` of the error budget and is alone in being worse: with k of them it takes fewer. Daily looks notice it up to a day later.
    `staked`: by the false-positive gate, which stakes most on the plan's horizon where it has one.
    """
    at = raised_rate(budget, margin)
    needed = sites / (plan.alpha * weight)
    level = horizon_level(plan, weight, sites) if staked else None
    horizon = None if level is None else (plan.horizon, HORIZON_STAKE, level)
    prior = margin_prior(budget, margin)
    reached = rate_e_value_reached(at, budget, needed, prior, MOST_PATIENTS, until=chance, horizon=horizon)
    return len(reached) if reached[-1] >= chance else None


def foresight(plan: GatePlan, sites: int) -> str:
    """In words, for the finding of the plan for which each gate needs most."""
    false_positives = [(each, each.false_positive_budget) for each in plan.limits]
    misses = [(each, each.miss_budget) for each in plan.limits]
    rise, finding, patients = _slowest(false_positives, plan.false_positive_margin, plan, sites, staked=True)
    rise_missed, missed, sick = _slowest(misses, plan.miss_margin, plan, sites, least=plan.min_positives)
    return (
        f"To be taken back with a chance of 90 %, {rise} more false positives per 100 in {finding} take {patients} patients without it and "
        f"{rise_missed} more misses per 100 in {missed} take {sick} patients who have it; no other finding takes more. "
        f"If fewer come in {plan.max_dwell_days} days: --only, --critical or --max-days."
    )


def _slowest(
    budgets: Sequence[tuple[FindingLimits, float]],
    margin: float,
    plan: GatePlan,
    sites: int,
    least: int = 0,
    *,
    staked: bool = False,
) -> tuple[str, str, str]:
    """In words: the rise per 100, the finding for which it takes most patients, and how many; the gate says nothing below `least`."""
    limits, budget = max(budgets, key=lambda each: _cases_owed(each[1], margin, plan.alpha * each[0].weight))
    patients = patients_to_notice(budget, margin, plan, limits.weight, sites, staked=staked)
    until = f"{max(patients, least):,}" if patients else f"more than {MOST_PATIENTS:,}"
    return f"{100 * (raised_rate(budget, margin) - budget):.3g}", limits.finding.value, until


def _cases_owed(budget: float, margin: float, alpha: float) -> float:
    """Wald's mean number of cases of a likelihood ratio: log(1 / alpha) over what a case tells (Kullback-Leibler)."""
    at = raised_rate(budget, margin)
    return log(1 / alpha) / (at * log(at / budget) + (1 - at) * log((1 - at) / (1 - budget)))
