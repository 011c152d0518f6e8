"""Has what a version says of films changed since the stage began. It may hold a rollout, never roll it back: a change of case-mix moves every score."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from wetread.domain.errors import PermanentError
from wetread.domain.rollout import FindingLimits, GateEvidence, GateName, GateResult, Rollout
from wetread.evaluation.drift import freeze_bins, psi
from wetread.governance.cases import Case, once_each

__all__ = ["REFERENCE_PATIENTS", "drift_gate"]

REFERENCE_PATIENTS = 200
"""The first so many patients are what later ones are compared with, their deciles frozen."""
_STATISTIC = "population stability index of its probabilities"
_WINDOW = timedelta(days=14)
_FLOOR = 0.1
"""A smaller population stability index holds nothing, however sure it is."""


def drift_gate(rollout: Rollout, cases: Sequence[Case], now: datetime) -> tuple[GateEvidence, ...]:
    """One row per finding: the last 14 days' probabilities against the first 200 patients', each patient once. The error budget is shared by findings and by the days of the longest stay."""
    return tuple(_finding(rollout, each, cases, now) for each in rollout.plan.limits)


def _finding(rollout: Rollout, limits: FindingLimits, cases: Sequence[Case], now: datetime) -> GateEvidence:
    since = rollout.baseline_since or rollout.since
    mine = [each for each in cases if each.finding is limits.finding and each.read_at >= since]
    first = once_each(sorted(mine, key=lambda each: (each.read_at, each.study)))
    reference, later = first[:REFERENCE_PATIENTS], first[REFERENCE_PATIENTS:]
    window = [each for each in later if each.read_at >= now - _WINDOW]
    alpha = rollout.plan.alpha * limits.weight / rollout.plan.max_dwell_days
    if len(reference) < REFERENCE_PATIENTS:
        return _nothing_said(limits, f"{len(reference)} patients: the reference needs {REFERENCE_PATIENTS}")
    try:
        frozen = freeze_bins([each.probability for each in reference])
        if len(frozen.counts) < 2:
            return _nothing_said(limits, "the reference has one probability for all: there is nothing to compare")
        found = psi(frozen, [each.probability for each in window], alpha)
    except PermanentError as error:
        return _nothing_said(limits, str(error), len(window))
    held = found.drifted and found.value >= _FLOOR
    result, threshold = (GateResult.HOLDS if held else GateResult.PASSES), max(found.critical, _FLOOR)
    note = "have films of both times read again: has the case-mix changed, or the model?" if held else ""
    return GateEvidence(GateName.DRIFT, limits.finding, result, _STATISTIC, found.value, threshold, 0, found.n, note)


def _nothing_said(limits: FindingLimits, why: str, n: int = 0) -> GateEvidence:
    return GateEvidence(GateName.DRIFT, limits.finding, GateResult.INSUFFICIENT, _STATISTIC, None, None, 0, n, why)
