"""Rollouts as text and as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from math import isfinite

from wetread.domain.model_version import ModelVersion
from wetread.domain.rollout import GateEvidence, GateResult, Rollout, RolloutDecision

__all__ = ["as_json", "decision_lines", "explanation", "looks_lines", "status_lines", "verdict_lines"]

_ORDER = (GateResult.FAILS, GateResult.HOLDS, GateResult.UNDECIDED, GateResult.INSUFFICIENT, GateResult.PASSES)


def as_json(value: object) -> str:
    return json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return repr(value) if isinstance(value, float) and not isfinite(value) else value


def status_lines(
    versions: Sequence[ModelVersion],
    rollouts: Sequence[Rollout],
    last: Mapping[tuple[str, str], RolloutDecision | None],
    now: datetime,
) -> list[str]:
    if not versions:
        return ["no version is registered: the installed model reads everywhere"]
    lines = [f"{'version':<28} {'site':<14} {'stage':<12} {'days':>5}  {'last look':<10} why"]
    for version in versions:
        mine = [each for each in rollouts if each.model_key == version.key]
        if not mine:
            lines.append(f"{version.key:<28} {'-':<14} {'candidate':<12}")
        for each in mine:
            look = last[each.model_key, each.site]
            held = f"HELD: {each.held}" if each.held else look.reason if look else each.reason
            verdict = look.verdict.value if look else "none yet"
            lines.append(
                f"{version.key:<28} {each.site:<14} {_stage(each):<12} {_days(each, now):>5}  {verdict:<10} {held}"
            )
            if each.is_open:
                lines.append(f"{'':<28} {each.plan.expects}")
    return lines


def explanation(rollout: Rollout, latest: RolloutDecision | None, now: datetime) -> list[str]:
    lines = [
        f"{rollout.model_key} at {rollout.site}: {_stage(rollout)}, for {_days(rollout, now)} days ({rollout.reason})"
    ]
    if rollout.is_open:
        lines.append(rollout.plan.expects)
    if rollout.held:
        lines.append(f"HELD: {rollout.held}")
    if ask := rollout.ask:
        given = ", ".join(f"{each.actor_id} ({each.role.value}): {each.reason}" for each in ask.approvals)
        lines.append(f"{ask.asked_by} asks for {ask.percent} %; approved by: {given or 'nobody yet'}")
    elif rollout.is_open and not rollout.held:
        lines.append(f"next stage: {rollout.next_percent} %, when the gates let it and two people approve")
    lines += [
        f"  {each.acted_at:%Y-%m-%d %H:%M}  {each.action:<10} {each.percent:>3} %  {each.actor_id} ({each.role.value})"
        + (f": {each.reason}" if each.reason else "")
        for each in rollout.history
    ]
    if latest is not None:
        lines += ["", *decision_lines(latest)]
    return lines


def decision_lines(decision: RolloutDecision) -> list[str]:
    """The verdict, then every gate: what failed first."""
    left_out = [f"  left out: {n} studies, {why}" for why, n in decision.left_out]
    rows = sorted(decision.evidence, key=lambda each: _ORDER.index(each.result))
    table = [
        f"  {'gate':<16} {'finding':<20} {'says':<13} {'value':>10} {'needs':>10} {'events':>7} {'n':>6}  what it is"
    ]
    return [*verdict_lines(decision), *left_out, *table, *map(_row, rows)]


def verdict_lines(decision: RolloutDecision) -> list[str]:
    head = (
        f"{decision.model_key} at {decision.site}, look {decision.look} ({decision.looks_in_stage} in this stage), "
        f"{decision.decided_at:%Y-%m-%d %H:%M} UTC, {decision.studies} signed studies: {decision.verdict.value.upper()}"
    )
    return [head, f"  {decision.reason}"]


def _row(each: GateEvidence) -> str:
    finding = each.finding.value if each.finding else "all"
    note = f": {each.note}" if each.note else ""
    return (
        f"  {each.gate.value:<16} {finding:<20} {each.result.value:<13} {_number(each.value):>10} {_number(each.threshold):>10} "
        f"{each.events:>7} {each.n:>6}  {each.statistic}{note}"
    )


def looks_lines(looks: Iterable[RolloutDecision]) -> list[str]:
    lines = [
        f"  {each.look:>4}  {each.decided_at:%Y-%m-%d %H:%M}  {each.state.value:<8} {each.percent:>3} %  {each.studies:>6} studies  {each.verdict.value:<9} {each.reason}"
        for each in looks
    ]
    return ["looks, newest first:", *lines] if lines else ["the gates have not looked at it yet"]


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if abs(value) < 1e5 else f"{value:.1e}"


def _stage(rollout: Rollout) -> str:
    return f"{rollout.state.value} {rollout.percent} %" if rollout.state.value == "canary" else rollout.state.value


def _days(rollout: Rollout, now: datetime) -> str:
    return f"{(now - rollout.since) / timedelta(days=1):.1f}"
