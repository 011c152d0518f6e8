"""`wetread policy show`: which triage policy decides now, and the saved versions."""

import sys
from collections.abc import Iterator

from wetread.bootstrap import build_core, build_policies
from wetread.cli.options import parser_for, settings_from
from wetread.domain.errors import PermanentError
from wetread.domain.policy_version import PolicyVersion

__all__ = ["run"]


def run(argv: list[str]) -> int:
    """Exit status 1 where a saved version is in use and cannot decide, or nothing can."""
    parser = parser_for("policy show", "Which policy decides now, who brought it into use, and what else was saved.")
    parser.add_argument("--text", type=int, metavar="NUMBER", help="print the text of that saved version instead")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    with core.database.begin(write=False) as unit:
        versions = unit.policies()
        wanted = unit.policy(args.text) if args.text is not None else None
    if args.text is not None:
        if wanted is None:
            print(f"there is no saved policy {args.text}", file=sys.stderr)
            return 1
        print(wanted.text, end="")
        return 0
    try:
        deciding = build_policies(core).deciding()
    except PermanentError as error:
        print(error, file=sys.stderr)
        return 1
    file = core.settings.triage_policy
    source = "file" if deciding.number is None or deciding.problem else f"saved version {deciding.number}"
    where = f" ({file.name if file else 'the one that ships'})" if source == "file" else ""
    print(f"decides: {source}{where}, policy {deciding.policy.policy_version}, sha256 {deciding.sha256[:12]}")
    for each in versions:
        print("\n".join(_lines(each)))
    if deciding.problem:
        print(deciding.problem, file=sys.stderr)
    return 1 if deciding.problem else 0


def _lines(version: PolicyVersion) -> Iterator[str]:
    yield f"{version.number:>4} {version.state.value:<10} policy {version.name}, sha256 {version.sha256[:12]}"
    for act in version.acts:
        yield f"       {act.acted_at:%Y-%m-%d %H:%M} UTC {act.action} by {act.actor_id} ({act.role.value}): {act.reason}"
