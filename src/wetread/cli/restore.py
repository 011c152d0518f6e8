"""`wetread restore FOLDER --data-dir NEW`: goes on from a backup on this or another machine, and says what is there."""

from pathlib import Path

from wetread.bootstrap import build_core
from wetread.checkpoints.walk import AuditWalk
from wetread.cli.options import moment, parser_for, settings_from
from wetread.monitoring.scrub import Scrubber
from wetread.storage.backup import restore

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for(
        "restore",
        "Restore a backup into an empty data folder, check every byte, the audit log and that each film that is named is there. Exit status 1 when something does not hold.",
    )
    parser.add_argument("source", type=Path, metavar="FOLDER", help="where `wetread backup` put them")
    parser.add_argument(
        "--at", type=moment, metavar="TIME", help="the newest not after it (ISO 8601, UTC without a zone)"
    )
    parser.add_argument(
        "--without-damaged-films", action="store_true", help="go on where films in the backup are damaged, without them"
    )
    args = parser.parse_args(argv)
    settings = settings_from(args)
    done = restore(args.source, settings.data_dir, args.at, without_damaged=args.without_damaged_films)
    core = build_core(settings)
    walk = AuditWalk()
    broken = walk.on(core.database.audit_records(), ())
    found = Scrubber(core.database, core.files, core.clock, rest=0).run_once()
    studies = sum(core.database.count_studies().values())
    print(f"restored what was backed up at {done.made_at:%Y-%m-%d %H:%M:%S} UTC: {studies} studies, {done.films} films")
    print(
        f"the audit log of {walk.frontier.size} records holds"
        if not broken
        else f"the audit log does NOT hold at record {broken.sequence}: {broken.problem}"
    )
    if found.damaged:
        print(f"{len(found.damaged)} films that studies name are NOT in it")
    return int(bool(broken or found.damaged))
