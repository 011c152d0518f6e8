"""What the gates will see: how many patients it takes before a version that is worse by the smallest rise that matters is taken back, and how likely that is with those who may be expected. Asked before a rollout."""

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, log

from wetread.domain.rollout import FindingLimits, GatePlan
from wetread.evaluation.final_look import final_look_reached
from wetread.evaluation.sequential import margin_prior, raised_rate, rate_e_value_reached
from wetread.governance.gates import evidence_needed

__all__ = ["MOST_PATIENTS", "chance_by", "foresight", "patients_to_notice"]

MOST_PATIENTS = 5_000
WANTED = 0.9
_EVERY = 10
_SAW = 0.03
"""Chances of a last look rise in teeth, counts being whole: none is deeper than this."""


def patients_to_notice(
    budget: float,
    margin: float,
    plan: GatePlan,
    weight: float,
    sites: int = 1,
    chance: float = WANTED,
    *,
    staked: bool = False,
) -> int | None:
    """Patients (one film each; negatives for false positives, positives for misses) until a rate of budget + margin is taken back with this `chance`; None beyond 5,000.

    Exact, for one finding that has `weight` of the error budget and is alone in being worse: with k of them it takes fewer. Daily looks notice it up to a day later.
    `staked`: by the false-positive gate, whose plan saves most of its evidence for a last look, when that look comes after so many or more; to the next ten.
    """
    stake, needed = plan.stake if staked else 0.0, evidence_needed(plan, weight, sites)
    every = _EVERY if stake else 1
    reached = _reached(budget, margin, needed, stake, MOST_PATIENTS, every, chance + (_SAW if stake else 0.0))
    if reached[-1] < chance:
        return None
    short = [at for at, each in enumerate(reached, 1) if each < chance]
    return (short[-1] + 1 if short else 1) * every


def chance_by(plan: GatePlan, limits: FindingLimits, patients: int) -> float:
    """Chance, 0..1, that a rise of the finding's false positives by the margin is taken back by the end of the stay, when so many patients without it come. Exact, as `patients_to_notice`."""
    if not patients:
        return 0.0
    most = min(patients, limits.most or patients, MOST_PATIENTS)
    needed = evidence_needed(plan, limits.weight)
    return _reached(limits.false_positive_budget, plan.false_positive_margin, needed, plan.stake, most, most, 1.0)[-1]


def foresight(plan: GatePlan, site: str) -> list[str]:
    """In lines, for one site: what is expected of it, what the gates will then see, and what to do where that is too little."""
    return [f"{site}: {plan.expects}", *_false_positive_lines(plan), _misses_line(plan)]


def _false_positive_lines(plan: GatePlan) -> list[str]:
    rise = f"{_rises(plan)} false positives per 100 in one finding"
    if not any(each.most for each in plan.limits):
        return _without_traffic(plan, rise)
    chances = {each.finding: chance_by(plan, each, _middle(each)) for each in plan.limits}
    low = sorted(
        (each for each in plan.limits if chances[each.finding] < WANTED), key=lambda each: chances[each.finding]
    )
    if not low:
        fewest = min(chance_by(plan, each, each.least) for each in plan.limits)
        return [
            f"  {rise} is taken back by then with a chance of {100 * min(chances.values()):.0f} % or more ({100 * fewest:.0f} % when no more come than the least)."
        ]
    days = [_days_owed(plan, each) for each in low]
    told = ", ".join(
        f"{each.finding.value} {100 * chances[each.finding]:.0f} % ({f'{needed:,} days' if needed else 'too many days'})"
        for each, needed in zip(low, days, strict=True)
    )
    longer = f"--max-days {max(each for each in days if each)}, " if any(days) else ""
    return [
        f"  WARNING: {rise} is taken back by then with a chance below 90 % for {len(low)} of {len(plan.limits)} (with 90 % after so many days): {told}.",
        f"  To see it in nine of ten rollouts: {longer}--only with fewer findings, or --critical for those that matter most.",
    ]


def _without_traffic(plan: GatePlan, rise: str) -> list[str]:
    slowest = _slowest(plan, [each.false_positive_budget for each in plan.limits], plan.false_positive_margin)
    owed = _patients_owed(plan, slowest)
    if owed is None:
        return [
            f"  {rise} is not taken back with a chance of 90 % by {MOST_PATIENTS:,} patients ({slowest.finding.value}): --only or --critical."
        ]
    return [
        f"  {rise} is taken back by then with a chance of 90 % when {owed:,} patients without it come, {ceil(owed / plan.max_dwell_days)} a day ({slowest.finding.value}; no finding takes more); "
        f"when half as many come, of {100 * chance_by(plan, slowest, owed // 2):.0f} %. If fewer come: --max-days, --only or --critical."
    ]


def _misses_line(plan: GatePlan) -> str:
    """For the finding for which it takes most patients; the gate says nothing below its least."""
    limits = _slowest(plan, [each.miss_budget for each in plan.limits], plan.miss_margin)
    found = patients_to_notice(limits.miss_budget, plan.miss_margin, plan, limits.weight, plan.sites)
    sick = f"{max(found, plan.min_positives):,}" if found else f"more than {MOST_PATIENTS:,}"
    return f"  A rise by {_rise(limits.miss_budget, plan.miss_margin)} misses per 100 takes {sick} patients who have it ({limits.finding.value}; no finding takes more)."


def _slowest(plan: GatePlan, budgets: Sequence[float], margin: float) -> FindingLimits:
    owed = [
        _cases_owed(budget, margin, plan.alpha * each.weight) for budget, each in zip(budgets, plan.limits, strict=True)
    ]
    return plan.limits[owed.index(max(owed))]


def _days_owed(plan: GatePlan, limits: FindingLimits) -> int | None:
    """Days until the chance is 90 %, when patients go on to come as expected; None beyond 5,000 patients."""
    owed = _patients_owed(plan, limits)
    return ceil(owed * plan.max_dwell_days / _middle(limits)) if owed and limits.most else None


def _middle(limits: FindingLimits) -> int:
    return (limits.least + limits.most) // 2


def _rises(plan: GatePlan) -> str:
    rises = sorted({_rise(each.false_positive_budget, plan.false_positive_margin) for each in plan.limits}, key=float)
    return f"A rise by {' or '.join(rises)}"


def _rise(budget: float, margin: float) -> str:
    return f"{100 * (raised_rate(budget, margin) - budget):.3g}"


def _patients_owed(plan: GatePlan, limits: FindingLimits) -> int | None:
    budget, margin = limits.false_positive_budget, plan.false_positive_margin
    return patients_to_notice(budget, margin, plan, limits.weight, plan.sites, staked=True)


@lru_cache(maxsize=256)
def _reached(
    budget: float, margin: float, needed: float, stake: float, cases: int, every: int, until: float
) -> tuple[float, ...]:
    """Chance after `every`, 2 x `every`, ... cases: by a last look there, or of the evidence having been reached by then where nothing is staked."""
    rate, prior = raised_rate(budget, margin), margin_prior(budget, margin)
    if stake:
        found = final_look_reached(rate, budget, needed, prior, 1 - stake, cases, every=every, until=until)
    else:
        found = rate_e_value_reached(rate, budget, needed, prior, cases, until=until)[every - 1 :: every]
    return tuple(found.tolist())


def _cases_owed(budget: float, margin: float, alpha: float) -> float:
    """Wald's mean number of cases of a likelihood ratio: log(1 / alpha) over what a case tells (Kullback-Leibler)."""
    at = raised_rate(budget, margin)
    return log(1 / alpha) / (at * log(at / budget) + (1 - at) * log((1 - at) / (1 - budget)))
