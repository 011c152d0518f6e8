"""How many patients the gates need before they take back a version that is worse by the smallest rise that matters: asked before a rollout, not after it."""

from math import log

from wetread.domain.rollout import GatePlan
from wetread.evaluation.sequential import rate_e_value_reached
from wetread.governance.gates import must_not_pass, rate_prior

__all__ = ["MOST_PATIENTS", "foresight", "patients_to_notice"]

MOST_PATIENTS = 5_000


def patients_to_notice(
    budget: float, margin: float, plan: GatePlan, weight: float, sites: int = 1, chance: float = 0.9
) -> int | None:
    """Patients (one film each; negatives for false positives, positives for misses) until a rate of budget + margin is taken back with this `chance`; None beyond 5,000.

    Exact, for one finding that has `weight` of the error budget and is alone in being worse: with k of them it takes fewer. Daily looks notice it up to a day later.
    """
    at = must_not_pass(budget, margin)
    needed = sites / (plan.alpha * weight)
    reached = rate_e_value_reached(at, budget, needed, rate_prior(budget, margin), MOST_PATIENTS, until=chance)
    return len(reached) if reached[-1] >= chance else None


def foresight(plan: GatePlan, sites: int) -> str:
    """In words, for the finding of the plan for which each gate needs most."""
    said = []
    for what, margin, of, budgets in (
        ("more false positives per 100", plan.false_positive_margin, "without it", "false_positive_budget"),
        ("more misses per 100", plan.miss_margin, "who have it", "miss_budget"),
    ):
        slowest = max(
            plan.limits,
            key=lambda each: (rate := getattr(each, budgets)) * (1 - rate) * log(1 / (plan.alpha * each.weight)),
        )
        patients = patients_to_notice(getattr(slowest, budgets), margin, plan, slowest.weight, sites)
        least = max(patients or MOST_PATIENTS, plan.min_positives if of == "who have it" else 0)
        until = f"{least:,}" if patients else f"more than {MOST_PATIENTS:,}"
        said.append(f"{100 * margin:.0f} {what} in {slowest.finding.value} take {until} patients {of}")
    return (
        f"To be taken back with a chance of 90 %, {' and '.join(said)}; other findings take fewer. "
        f"If fewer come in {plan.max_dwell_days} days: --only, --critical or --max-days."
    )
