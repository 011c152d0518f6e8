"""`wetread status`: what is where, what is stuck and why; `--retry JOB` puts a dead job back."""

import json

from wetread.bootstrap import build_core
from wetread.cli.options import parser_for, settings_from
from wetread.domain.role import CONSOLE
from wetread.monitoring.dead_letters import dead_letters, retry_dead

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for("status", "Studies by state, jobs by state, and every dead letter with its reason.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--retry", type=int, metavar="JOB", help="put this dead job back in the queue")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    database = core.database
    if args.retry is not None:
        revived = retry_dead(database, core.clock, CONSOLE, [args.retry])
        print(f"job {args.retry} is back in the queue" if revived else f"job {args.retry} is not a dead job")
        return 0 if revived else 1
    studies = {state.value: n for state, n in database.count_studies().items()}
    jobs = {f"{kind.value} {state.value}": n for (kind, state), n in database.count_jobs().items()}
    dead = [
        {
            "job": each.job.job_id,
            "kind": each.job.kind.value,
            "study": each.job.study_key,
            "attempts": each.job.attempt,
            "reason": each.reason,
        }
        for each in dead_letters(database)
    ]
    if args.json:
        print(json.dumps({"studies": studies, "jobs": jobs, "dead": dead}, indent=1))
    else:
        print("studies  " + (", ".join(f"{n} {state}" for state, n in sorted(studies.items())) or "none"))
        print("jobs     " + (", ".join(f"{n} {name}" for name, n in sorted(jobs.items())) or "none"))
        for each in dead:
            print(
                f"dead     job {each['job']} ({each['kind']}, {each['attempts']} tries) of {each['study']}: {each['reason']}"
            )
        if dead:
            print("         retry one with: wetread status --retry JOB")
    return 1 if dead else 0
