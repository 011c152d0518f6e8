"""`wetread policy show|check|explain|simulate|schema`: which decides, is a triage policy right, what does it decide and why, what would a change do."""

import argparse
import importlib
import sys
from collections.abc import Callable
from pathlib import Path

__all__ = ["ACTS", "check", "run", "schema"]

ACTS = {
    "show": ("policy_show.run", "which policy decides, who brought it into use, and what else was saved"),
    "check": ("policy.check", "every problem of a policy file, with its line"),
    "explain": (
        "policy_explain.run",
        "which rules match a study or made-up findings, which decides, and why not the others",
    ),
    "simulate": ("policy_simulate.run", "what a policy would have decided on the stored studies; writes nothing"),
    "schema": ("policy.schema", "JSON Schema of policy files, for editors"),
}


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="wetread policy",
        description="Check, explain and try out triage policies (docs/triage.md).",
        usage="wetread policy ACT [options]        (wetread policy ACT --help for each)",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(["acts:", *(f"  {act:<9} {text}" for act, (_, text) in ACTS.items())]),
    )
    parser.add_argument("act", choices=ACTS, metavar="ACT", help="one of the acts below")
    act = parser.parse_args(argv[:1]).act
    module, function = ACTS[act][0].split(".")
    command: Callable[[list[str]], int] = getattr(importlib.import_module(f"wetread.cli.{module}"), function)
    return command(argv[1:])


def check(argv: list[str]) -> int:
    """All problems at once; exit status 1 when there is one. Advice does not count as a problem."""
    from wetread.triage.policy_advice import advice_on, advice_on_duties
    from wetread.triage.policy_file import check_policy
    from wetread.triage.roster_file import load_roster

    parser = argparse.ArgumentParser(prog="wetread policy check", description="Every problem of a policy file at once.")
    parser.add_argument("file", type=Path, help="policy YAML")
    parser.add_argument("--roster", type=Path, metavar="FILE", help="does this roster have the duties and sites named?")
    args = parser.parse_args(argv)
    path: Path = args.file
    try:
        policy, problems = check_policy(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        print(f"{path}: cannot be read: {error}", file=sys.stderr)
        return 1
    for problem in problems:
        print(f"{path}:{problem.line or 1}: {f'{problem.where}: ' if problem.where else ''}{problem.message}")
    if policy is None:
        return 1
    critical = sum(rule.critical for rule in policy.rules)
    print(
        f"{path}: policy {policy.policy_version}: {len(policy.rules)} rules ({critical} critical), "
        f"escalation {', '.join(policy.paths) or 'none'}, waiting cap {policy.waiting_cap.total_seconds() / 3600:g} h"
    )
    notes = list(advice_on(policy))
    if args.roster:
        notes += advice_on_duties(policy, load_roster(args.roster))
    for note in notes:
        print(f"  note: {note}")
    return 0


def schema(argv: list[str]) -> int:
    from wetread.triage.policy_file import policy_schema

    argparse.ArgumentParser(prog="wetread policy schema", description="Print the JSON Schema.").parse_args(argv)
    print(policy_schema(), end="")
    return 0
