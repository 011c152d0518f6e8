"""`wetread status`: what is where, what is stuck and why; `--retry JOB` puts a dead job back."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime

from wetread.bootstrap import build_core
from wetread.bootstrap_disks import disk_rooms
from wetread.cli.options import parser_for, settings_from
from wetread.domain.role import CONSOLE
from wetread.domain.upkeep import FilmScrub
from wetread.monitoring.backups import BACKUP
from wetread.monitoring.dead_letters import dead_letters, retry_dead
from wetread.monitoring.disk_watch import outlooks, said_of

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for(
        "status",
        "Studies by state, jobs by state, every dead letter with its reason, what the last look through the stored films found, and how long the disk will do. Exit status 1 when there is a dead letter or a damaged film, or films are refused because the disk is nearly full.",
    )
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
    rooms, reserve = disk_rooms(core.settings), core.settings.disk_reserve_bytes
    with database.begin(write=False) as unit:
        scrub, backup, disks = unit.film_scrub(), unit.last_beat(BACKUP), outlooks(unit, rooms, reserve, core.clock)
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
        stored = {
            "films": _films(scrub),
            "disks": [asdict(each.room) | {"days_left": each.days_left} for each in disks],
        }
        last = {"last_backup": backup and backup.isoformat()}
        print(json.dumps({"studies": studies, "jobs": jobs, "dead": dead, **stored, **last}, indent=1))
    else:
        print("studies  " + (", ".join(f"{n} {state}" for state, n in sorted(studies.items())) or "none"))
        print("jobs     " + (", ".join(f"{n} {name}" for name, n in sorted(jobs.items())) or "none"))
        print("films    " + ", ".join(_said(scrub)))
        print("backup   " + (f"made {_minute(backup)}" if backup else "none was made by `wetread backup`"))
        for disk in disks:
            print(f"disk     {said_of(disk)}")
        for each in dead:
            print(
                f"dead     job {each['job']} ({each['kind']}, {each['attempts']} tries) of {each['study']}: {each['reason']}"
            )
        if dead:
            print("         retry one with: wetread status --retry JOB")
    bad = dead or (scrub.last is not None and scrub.last.damaged) or any(each.is_short for each in disks)
    return int(bool(bad))


def _films(scrub: FilmScrub) -> dict[str, object]:
    """The last whole look through the stored films, and the one under way; null where there is none."""
    last, turn = scrub.last, scrub.turn
    return {
        "last_scrub": last
        and {
            "began_at": last.began_at.isoformat(),
            "ended_at": last.ended_at.isoformat(),
            "looked": last.looked,
            "damaged": last.damaged,
        },
        "under_way": turn and {"began_at": turn.began_at.isoformat(), "looked": turn.looked, "damaged": turn.damaged},
    }


def _said(scrub: FilmScrub) -> Iterator[str]:
    if scrub.last is None:
        yield "not looked through yet: `wetread serve` does it once a day, `wetread scrub` at once"
    else:
        found = (
            f"{scrub.last.damaged} damaged or gone: `wetread scrub` lists them" if scrub.last.damaged else "all whole"
        )
        yield f"{scrub.last.looked} looked through, ended {_minute(scrub.last.ended_at)}, {found}"
    if scrub.turn is not None:
        yield f"under way since {_minute(scrub.turn.began_at)}, {scrub.turn.looked} looked at, {scrub.turn.damaged} damaged or gone"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
