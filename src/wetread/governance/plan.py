"""What the gates hold a version to: from what its bundle says of itself, unless somebody says otherwise when the rollout starts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from wetread.domain.analysis import OperatingPoint
from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.rollout import FindingLimits, GatePlan

__all__ = ["CRITICAL_WEIGHT", "MOST_EXPECTED", "STAKE", "Promise", "gate_plan", "told_to_expect"]

CRITICAL_WEIGHT = 3.0
"""A critical finding's share of the error budget against another's: it is rolled back on less evidence."""
STAKE = 0.8
"""Of the false-positive gate's evidence, on its last look; the rest is looked at every day and sees a large rise early (docs/rollout.md has the figures)."""
LEAST_EXPECTED, MOST_EXPECTED = 100, 100_000


@dataclass(frozen=True, slots=True)
class Promise:
    """What a bundle says of one calibrated finding."""

    finding: FindingName
    point: OperatingPoint


def gate_plan(
    promises: Sequence[Promise],
    *,
    critical: Iterable[FindingName] = (),
    budgets: Mapping[FindingName, float] | None = None,
    **changes: object,
) -> GatePlan:
    """A finding's false-positive budget is 1 - the stated specificity, at least 5 per 100; its budget of misses 1 - the stated sensitivity; `budgets` overrules the former. Shares sum to 1.

    Raises PermanentError(code='no_promises') without a calibrated finding, 'bad_plan' on a plan that makes no sense.
    """
    if not promises:
        raise PermanentError("the bundle has no calibrated finding: nothing can be measured", code="no_promises")
    named, known = set(critical), {each.finding for each in promises}
    if unknown := (named | set(budgets or {})) - known:
        raise PermanentError(f"the bundle has no {', '.join(sorted(unknown))}", code="bad_plan")
    heavy = {each.finding: CRITICAL_WEIGHT if each.finding in named else 1.0 for each in promises}
    total = sum(heavy.values())
    limits = tuple(
        FindingLimits(
            each.finding,
            heavy[each.finding] / total,
            round((budgets or {}).get(each.finding, each.point.false_positive_budget), 4),
            round(each.point.miss_budget, 4),
            each.finding in named,
        )
        for each in promises
    )
    return _checked(GatePlan(limits, **{"stake": STAKE} | changes))  # type: ignore[arg-type]


def told_to_expect(plan: GatePlan, patients: int) -> GatePlan:
    """The plan of a site of which a person says how many different patients without a finding it will bring by the longest stay; 0: nothing is staked on a last look. Raises PermanentError(code='bad_plan')."""
    if patients == 0:
        return replace(plan, stake=0.0)
    if not LEAST_EXPECTED <= patients <= MOST_EXPECTED:
        raise PermanentError(
            f"the patients expected are {LEAST_EXPECTED} to {MOST_EXPECTED:,}, or 0: nothing is staked on a last look; leave it out, and they are learned from what the site recorded",
            code="bad_plan",
        )
    return replace(plan, limits=tuple(replace(each, least=patients, most=patients) for each in plan.limits))


def _checked(plan: GatePlan) -> GatePlan:
    stages = plan.stages
    wrong = (
        "stages rise between 1 and 99 percent"
        if not stages or list(stages) != sorted(set(stages)) or not (stages[0] >= 1 and stages[-1] <= 99)
        else "the longest stay must be longer than the shortest, which is at least one day"
        if not 1 <= plan.min_dwell_days < plan.max_dwell_days
        else "a budget lies between 0 and 1"
        if not all(0 < each.false_positive_budget < 1 for each in plan.limits)
        else "at least one site"
        if plan.sites < 1
        else "the tolerance of calibration lies between 0 and 0.2"
        if not 0 <= plan.calibration_tolerance <= 0.2
        else ""
    )
    if wrong:
        raise PermanentError(f"this rollout plan makes no sense: {wrong}", code="bad_plan")
    return plan
