"""`wetread scrub`: every stored film against its name, now. `wetread serve` does it by itself once a day."""

import json
from dataclasses import asdict

from wetread.bootstrap import build_core
from wetread.cli.options import parser_for, settings_from
from wetread.monitoring.scrub import Scrubber

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for(
        "scrub",
        "Hash every stored film again. Exit status 1 when one is damaged or gone; the alarm is raised or cleared accordingly.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    found = Scrubber(core.database, core.files, core.clock, rest=0).run_once(unnamed=True)
    if args.json:
        print(json.dumps(asdict(found), indent=1))
        return int(bool(found.damaged))
    for each in found.damaged:
        print(f"study {each.study_key}: {each.content_sha256} is {'gone' if each.gone else 'damaged'}")
    print(f"{found.looked} films looked at, {len(found.damaged)} damaged or gone")
    if found.unnamed:
        print(
            f"{len(found.unnamed)} stored files that no study names: left by a crash, or the database is older than they are"
        )
    return int(bool(found.damaged))
