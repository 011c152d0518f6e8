"""`wetread policy simulate`: another policy on the studies of the last days, read from the database. Nothing is written."""

import argparse
import json
from datetime import timedelta
from pathlib import Path

from wetread.bootstrap import build_core
from wetread.cli.options import parser_for, settings_from
from wetread.domain.priority import Priority, TriageDecision
from wetread.triage.dry_run import Comparison, DryRun, compare
from wetread.triage.policy import TriagePolicy, load_policy
from wetread.triage.replay import replay

__all__ = ["run"]

_SHOWN = 10


def run(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    policy = load_policy(args.file)
    old = load_policy(args.against) if args.against else None
    core = build_core(settings_from(args))
    since = core.clock.now() - timedelta(days=args.days)
    dry_run = compare(list(replay(core.database, core.vault, policy, since=since, most=args.most, old=old)), policy)
    print(json.dumps(_json(dry_run), indent=1) if args.json else "\n".join(_table(dry_run, policy, args.days)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("policy simulate", "What a policy would have decided on the stored studies. Writes nothing.")
    parser.add_argument("file", type=Path, help="the policy to try")
    parser.add_argument("--against", type=Path, metavar="OLD", help="policy to compare with; default: what was decided")
    parser.add_argument("--days", type=float, default=30, metavar="N", help="studies received in the last N days (30)")
    parser.add_argument("--most", type=int, default=5000, metavar="N", help="at most so many, the newest (5000)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _table(dry_run: DryRun, policy: TriagePolicy, days: float) -> list[str]:
    """Rows: before; columns: with the new policy."""
    order = list(reversed(Priority))
    lines = [
        f"policy {policy.policy_version} on {dry_run.studies} studies of the last {days:g} days; nothing is written"
    ]
    if not dry_run.studies:
        return [*lines, "no study with a triage decision was received in that time: this says nothing about the policy"]
    lines.append(f"  {'before / then':<14}" + "".join(f"{each.value:>9}" for each in order))
    for before in order:
        cells = "".join(f"{dry_run.moves[before, after]:>9}" for after in order)
        lines.append(f"  {before.value:<14}{cells}")
    lines.append(f"{dry_run.moved} of {dry_run.studies} would change priority")
    lines.append(
        f"critical: {dry_run.critical_before} before, {dry_run.critical_after} then "
        f"({dry_run.becoming_critical} become critical, {dry_run.no_longer_critical} no longer are)"
    )
    names = sorted({*dry_run.rules_before, *dry_run.rules_after})
    lines += [
        f"  rule {n:<24} decides {dry_run.rules_before[n]:>6} before {dry_run.rules_after[n]:>6} then" for n in names
    ]
    lines += [f"  rule {n:<24} decides none: is it meant so?" for n in dry_run.silent]
    lines += [f"  {_change(each)}" for each in dry_run.changed[:_SHOWN]]
    more = len(dry_run.changed) - _SHOWN
    return [*lines, f"  ... and {more} more"] if more > 0 else lines


def _change(pair: Comparison) -> str:
    return f"{pair.study_key}  {_short(pair.before)} -> {_short(pair.after)}: {pair.after.reason}"


def _short(decision: TriageDecision) -> str:
    return f"{decision.priority.value}{' critical' if decision.critical else ''}"


def _json(dry_run: DryRun) -> dict[str, object]:
    return {
        "studies": dry_run.studies,
        "moved": dry_run.moved,
        "moves": [{"before": b, "after": a, "studies": n} for (b, a), n in sorted(dry_run.moves.items())],
        "critical_before": dry_run.critical_before,
        "critical_after": dry_run.critical_after,
        "becoming_critical": dry_run.becoming_critical,
        "no_longer_critical": dry_run.no_longer_critical,
        "rules_before": dict(sorted(dry_run.rules_before.items())),
        "rules_after": dict(sorted(dry_run.rules_after.items())),
        "silent_rules": list(dry_run.silent),
        "changed": [
            {
                "study_key": each.study_key,
                "before": {"priority": each.before.priority, "critical": each.before.critical},
                "after": {
                    "priority": each.after.priority,
                    "critical": each.after.critical,
                    "reason": each.after.reason,
                },
            }
            for each in dry_run.changed
        ],
    }
