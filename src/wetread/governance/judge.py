"""All gates of one version over all its sites, to one verdict per site. Pure: what was read and signed goes in, evidence and a verdict come out.

Failing is decided over sites and findings together by weighted e-BH (Wang & Ramdas 2022): each finding's evidence counts by its share of the error budget, whatever the dependence between
them; at most alpha of the rollbacks that a gate calls are false. One slow site blocks no other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from wetread.domain.finding import FindingName
from wetread.domain.model_version import VersionState
from wetread.domain.rollout import GateEvidence, GateName, GatePlan, GateResult, Rollout, Verdict
from wetread.evaluation.sequential import e_benjamini_hochberg
from wetread.governance.adjudicated_gates import ADJUDICATED_GATES, NO_VERDICTS, Adjudicated, adjudicated_gates
from wetread.governance.cases import Case
from wetread.governance.drift_gate import drift_gate
from wetread.governance.gates import Weighed, calibration_gate, false_positive_gate, sensitivity_gate

__all__ = ["Judgement", "SiteCases", "may_widen", "verdict_of", "weigh"]

_MOST_FAILED_READS = 0.05
_MIN_READS = 20
_NEVER_ASKED = frozenset({GateName.DRIFT, *ADJUDICATED_GATES})
"""They stop a version; going on does not wait for them."""
_BASIS = {
    VersionState.SHADOW: "signed reports, whose readers did not see its findings",
    VersionState.CANARY: "signed reports, whose readers saw its findings (naive, biased)",
}


@dataclass(frozen=True, slots=True)
class SiteCases:
    """What a version read at one site since its stage began. `reads`, `failed`: studies it was given, and of these those on which it failed, or which it refused though the model in use reads them.
    `adjudicated`: those of the cases that blinded readers judged."""

    rollout: Rollout
    cases: tuple[Case, ...]
    reads: int = 0
    failed: int = 0
    adjudicated: Adjudicated = NO_VERDICTS


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with the sentence that says why, and every gate's evidence."""

    verdict: Verdict
    reason: str
    evidence: tuple[GateEvidence, ...]


def weigh(sites: Sequence[SiteCases], now: datetime) -> tuple[Judgement, ...]:
    """One judgement per site, in their order."""
    weighed = [_weighed(site, now) for site in sites]
    evidence: list[list[GateEvidence]] = [[] for _ in sites]
    for gate in (GateName.FALSE_POSITIVES, GateName.CALIBRATION, GateName.SENSITIVITY, *ADJUDICATED_GATES):
        for place, said in _together(sites, weighed, gate):
            evidence[place].append(said)
    return tuple(
        _judged(
            (*said, *drift_gate(site.rollout, site.cases, now), _reads_gate(site), _dwell_gate(site.rollout, now)),
            site,
        )
        for site, said in zip(sites, evidence, strict=True)
    )


def _weighed(site: SiteCases, now: datetime) -> list[Weighed]:
    plan, basis = _of_stage(site.rollout), _BASIS[site.rollout.state]
    ends = site.rollout.since + timedelta(days=plan.max_dwell_days)
    cases, judged = _by_finding(site, site.cases), _by_finding(site, site.adjudicated.cases)
    found: list[Weighed] = []
    for each in plan.limits:
        signed = [
            false_positive_gate(cases[each.finding], each, plan, ends if now >= ends else None),
            calibration_gate(cases[each.finding], each, plan),
            sensitivity_gate(cases[each.finding], each, plan),
        ]
        found += [replace(said, note=f"{said.note}; {basis}") for said in signed]
        found += adjudicated_gates(judged[each.finding], site.adjudicated.round_id, each, plan)
    return found


def _of_stage(rollout: Rollout) -> GatePlan:
    """A canary of 5 % reads 5 % of the patients whom the site expects."""
    if rollout.state is not VersionState.CANARY:
        return rollout.plan
    share, plan = rollout.percent / 100, rollout.plan
    return replace(plan, limits=tuple(replace(each, most=ceil(each.most * share)) for each in plan.limits))


def _by_finding(site: SiteCases, cases: Sequence[Case]) -> dict[FindingName, list[Case]]:
    found: dict[FindingName, list[Case]] = {each.finding: [] for each in site.rollout.plan.limits}
    for case in cases:
        if case.finding in found:
            found[case.finding].append(case)
    return found


def _together(
    sites: Sequence[SiteCases], weighed: Sequence[Sequence[Weighed]], gate: GateName
) -> list[tuple[int, GateEvidence]]:
    """(site's place, evidence) of one gate: weighted e-BH over every site and finding."""
    rows = [(place, each) for place, found in enumerate(weighed) for each in found if each.gate is gate]
    there = len({place for place, _ in rows})
    alpha = min(site.rollout.plan.alpha for site in sites)
    share = [each.limits.weight * len(rows) / there for _, each in rows]
    failing = e_benjamini_hochberg([w * each.e_value for w, (_, each) in zip(share, rows, strict=True)], alpha)
    needed = len(rows) / (alpha * max(len(failing), 1))
    return [
        (place, _said(each, fails=at in failing, threshold=needed / share[at])) for at, (place, each) in enumerate(rows)
    ]


def _said(weighed: Weighed, *, fails: bool, threshold: float) -> GateEvidence:
    return GateEvidence(
        gate=weighed.gate,
        finding=weighed.limits.finding,
        result=GateResult.FAILS if fails else weighed.short_of,
        statistic=weighed.statistic,
        value=weighed.e_value,
        threshold=threshold,
        events=weighed.events,
        n=weighed.n,
        note=weighed.note,
    )


def _reads_gate(site: SiteCases) -> GateEvidence:
    """A version that fails on, or refuses, more than 5 % of what the model in use reads does not go on; that costs nobody a read."""
    share = site.failed / site.reads if site.reads else None
    if site.reads < _MIN_READS:
        result = GateResult.INSUFFICIENT
    else:
        result = GateResult.HOLDS if share and share > _MOST_FAILED_READS else GateResult.PASSES
    statistic = "share of studies on which it failed or that it refused"
    return GateEvidence(GateName.READS, None, result, statistic, share, _MOST_FAILED_READS, site.failed, site.reads)


def _dwell_gate(rollout: Rollout, now: datetime) -> GateEvidence:
    plan, days = rollout.plan, (now - rollout.since) / timedelta(days=1)
    if days >= plan.max_dwell_days:
        result, threshold = GateResult.HOLDS, plan.max_dwell_days
    else:
        enough = days >= plan.min_dwell_days and _saw_a_weekend(rollout.since, now)
        result, threshold = (GateResult.PASSES if enough else GateResult.UNDECIDED), plan.min_dwell_days
    return GateEvidence(GateName.DWELL, None, result, "days in this stage", round(days, 2), float(threshold), 0, 0)


def _saw_a_weekend(since: datetime, now: datetime) -> bool:
    """True when a whole Saturday and a whole Sunday (UTC) lie in between."""
    whole = {(since + timedelta(days=day)).weekday() for day in range(1, min((now.date() - since.date()).days, 8))}
    return {5, 6} <= whole


def _judged(evidence: tuple[GateEvidence, ...], site: SiteCases) -> Judgement:
    verdict, reason = verdict_of(evidence)
    if verdict is Verdict.CONTINUE and not site.reads and not site.cases:
        reason = "it has read nothing yet: do studies arrive from this site, and does a worker run?"
    return Judgement(verdict, reason, evidence)


def verdict_of(evidence: Sequence[GateEvidence]) -> tuple[Verdict, str]:
    """Rolling back comes before holding, holding before recommending; a longest stay that is over is a hold that people decide."""
    failing = [each for each in evidence if each.result is GateResult.FAILS]
    if failing:
        return Verdict.ROLL_BACK, "failed: " + ", ".join(map(_named, failing))
    holding = [each for each in evidence if each.result is GateResult.HOLDS and each.gate is not GateName.DWELL]
    if holding:
        return Verdict.HOLD, "look before it goes on: " + ", ".join(map(_named, holding))
    open_gates = [each for each in evidence if each.gate not in _NEVER_ASKED and each.result is not GateResult.PASSES]
    dwelt = [each for each in open_gates if each.gate is GateName.DWELL and each.result is GateResult.HOLDS]
    undecided = [each for each in open_gates if each not in dwelt]
    if not undecided:
        return Verdict.PROMOTE, "every gate passes: two people may let it go on"
    waiting = f"{len(undecided)} of {len(evidence)} gates have not decided, among them {_named(undecided[0])}"
    if dwelt:
        return Verdict.HOLD, f"the longest stay is over and people decide: {waiting}"
    return Verdict.CONTINUE, waiting


def _named(evidence: GateEvidence) -> str:
    return f"{evidence.gate.value.replace('_', ' ')}{f' of {evidence.finding.value}' if evidence.finding else ''}"


def may_widen(verdict: Verdict, evidence: Sequence[GateEvidence]) -> bool:
    """True when people may approve: the gates recommend it, or nothing but the longest stay holds it."""
    holding = {each.gate for each in evidence if each.result is GateResult.HOLDS}
    return verdict is Verdict.PROMOTE or (verdict is Verdict.HOLD and holding == {GateName.DWELL})
