"""`wetread archive list|check|search|fetch|sweep|feed`: the other archives, what they have, and what comes from them."""

import json
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from threading import Thread
from typing import TypeVar

from wetread.bootstrap import Core, build_core, build_reception, build_sandbox
from wetread.bootstrap_archives import (
    ArchiveParts,
    build_archive,
    build_parts,
    build_prior_fetcher,
    build_retention,
    named,
)
from wetread.cli.conformance import tell
from wetread.cli.options import account_options, day, do_act, parser_for, settings_from
from wetread.cli.processes import configure_logging, leave_with_parent, stopped_by_signal
from wetread.cli.sign import opened
from wetread.domain.acting_from import acting_from
from wetread.domain.archive import ArchivedInstance, StudyQuery
from wetread.domain.archive_feed import ArchiveProbe, FeedState
from wetread.domain.audit import AuditEvent
from wetread.domain.capability import Verdict
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import is_valid_uid
from wetread.domain.role import Act, require
from wetread.ingest.archive_feed import FeedRound, keep_aside
from wetread.ingest.archive_keeper import probe_archive
from wetread.ingest.archive_sweep import swept_days
from wetread.ingest.prior_work import prior_work
from wetread.ingest.turns import in_turns
from wetread.settings import SettingsError
from wetread.settings_archives import ArchiveSettings

__all__ = ["run"]

_RETENTION_EVERY_S = 3600.0
_T = TypeVar("_T")


def run(argv: list[str]) -> int:
    acts = {"list": _list, "check": _check, "search": _search, "fetch": _fetch, "sweep": _sweep, "feed": _feed}
    return do_act(
        argv, "archive", "Other archives: settings [[archives]].", acts, "list: exit status 1 when one stands"
    )


def _parser(act: str, says: str) -> ArgumentParser:
    parser = parser_for(f"archive {act}", says)
    parser.add_argument("archive", help="its name in the settings")
    return parser


def _list(argv: list[str]) -> int:
    parser = parser_for("archive list", "Every archive: what it is, what it cannot do, how far its feed came.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    with core.database.begin(write=False) as unit:
        rows = [
            (each, unit.feed(each.name), unit.probe(each.name), len(unit.put_asides(each.name)))
            for each in core.settings.archives
        ]
    if args.json:
        print(json.dumps([_as_json(*row) for row in rows], indent=1, default=str))
    else:
        print("\n".join(line for row in rows for line in _lines(*row)) or "no archive is in the settings")
    return int(any(state.failing_since for _, state, _, _ in rows))


def _lines(settings: ArchiveSettings, state: FeedState, probe: ArchiveProbe | None, aside: int) -> Iterator[str]:
    yield f"{settings.name}  {settings.kind}  {settings.host}"
    if probe is None:
        yield "  never asked what it can do: `wetread archive check` asks now"
    else:
        cannot = [each.name for each in probe.found if each.verdict is Verdict.NO]
        yield f"  {probe.product} {probe.version}".rstrip() + f", asked {probe.probed_at:%Y-%m-%d %H:%M} UTC"
        if cannot:
            yield f"  cannot: {', '.join(cannot)}"
    if state.failing_since:
        yield f"  DOES NOT ANSWER since {state.failing_since:%Y-%m-%d %H:%M} UTC ({state.failure})"
    elif state.answered_at:
        yield f"  last answered {state.answered_at:%Y-%m-%d %H:%M:%S} UTC"
    if state.swept_at:
        missed = f", {state.missed} that the feed had missed" if state.missed else ""
        partly = f", {state.incomplete} days not listed whole" if state.incomplete else ""
        yield f"  swept {state.swept_at:%Y-%m-%d %H:%M} UTC{missed}{partly}"
    if aside:
        yield f"  {aside} put aside: `wetread archive sweep {settings.name} --again` tries them again"


def _as_json(settings: ArchiveSettings, state: FeedState, probe: ArchiveProbe | None, aside: int) -> dict[str, object]:
    told = {"name": settings.name, "kind": settings.kind, "host": settings.host, "put_aside": aside}
    return {**told, "feed": asdict(state), "probe": asdict(probe) if probe else None}


def _check(argv: list[str]) -> int:
    parser = _parser(
        "check", "Ask an archive now who it is and what it can do, and keep the answers. Nothing there is changed."
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    archive = build_archive(core.settings, named(core.settings, args.archive), core.database)
    probe = probe_archive(archive, core.database, core.clock)
    if not args.json:
        print(f"{probe.product} {probe.version}".rstrip())
    return tell(probe.found, as_json=args.json)


def _search(argv: list[str]) -> int:
    parser = _parser(
        "search", "What an archive has of a patient, by number; never by name. It names studies, and is audited."
    )
    parser.add_argument("--patient", default="", metavar="ID", help="PatientID")
    parser.add_argument("--accession", default="", metavar="NUMBER", help="AccessionNumber")
    parser.add_argument("--modality", default="", help="as CR or DX")
    parser.add_argument("--from", dest="since", type=day, metavar="DAY", help="YYYY-MM-DD")
    parser.add_argument("--until", type=day, metavar="DAY", help="YYYY-MM-DD")
    parser.add_argument("--limit", type=int, default=100, help="at most so many (100)")
    account_options(parser, "who asks")
    args = parser.parse_args(argv)
    if not (args.patient or args.accession):
        raise SettingsError("say what to search for: --patient or --accession")
    core, actor = opened(args)
    require(actor, Act.READ_STUDY)
    archive = build_archive(core.settings, named(core.settings, args.archive), core.database)
    query = StudyQuery(args.patient, args.accession, "", args.since, args.until, args.modality)
    found = archive.studies(query, args.limit)
    facts = (("archive", archive.name), ("results", str(len(found.studies))))
    with core.database.begin() as unit:
        unit.audit(AuditEvent("archive.search", actor.actor_id, detail=facts), core.clock.now())
        unit.commit()
    for each in found.studies:
        told = (each.study_date or "-", "/".join(each.modalities) or "-", str(each.number_of_instances or "-"))
        print(*told, each.study_instance_uid, each.study_description, sep="  ")
    whole = "" if found.complete else ", and the archive has more, or told things that were not asked for"
    print(f"{len(found.studies)} studies{whole}", file=sys.stderr)
    return 0


def _fetch(argv: list[str]) -> int:
    parser = _parser("fetch", "Bring a study in, to be read like any other that arrives.")
    parser.add_argument("study", metavar="UID", help="Study Instance UID")
    parser.add_argument("--dry-run", action="store_true", help="only say what would come")
    args = parser.parse_args(argv)
    if not is_valid_uid(args.study):
        raise SettingsError("a study is named by its Study Instance UID")
    core = build_core(settings_from(args))
    parts = _parts(core, args)
    listed = parts.archive.instances(args.study)
    new = parts.intake.holdings.missing(listed)
    print(f"{len(listed)} instances there, {len(listed) - len(new)} here already", file=sys.stderr)
    if not listed:
        raise PermanentError(f"{args.archive} has no such study", code="not_there")
    return 0 if args.dry_run else _bring(core, parts, new)


def _bring(core: Core, parts: ArchiveParts, instances: Sequence[ArchivedInstance]) -> int:
    found = FeedRound()
    with acting_from(parts.address()):
        for each in _with_progress(instances, f"{parts.settings.name}: instances"):
            parts.intake.bring(each, found)
        with core.database.begin() as unit:
            keep_aside(unit, found, parts.intake)
            unit.commit()
    print(_counted(found), file=sys.stderr)
    return int(bool(found.aside))


def _counted(found: FeedRound) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(found.counts.items()) if count) or "nothing to bring"


def _sweep(argv: list[str]) -> int:
    parser = _parser("sweep", "What does an archive have of the last days that is not here? Brings it in.")
    parser.add_argument("--days", type=int, metavar="N", help="so many days back (setting: sweep_days)")
    parser.add_argument("--dry-run", action="store_true", help="only say what would come")
    parser.add_argument("--again", action="store_true", help="also what was put aside")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    parts = _parts(core, args)
    if args.again and not args.dry_run:
        with core.database.begin() as unit:
            for each in unit.put_asides(args.archive):
                unit.take_back(args.archive, each.name)
            unit.commit()
    first, last = swept_days(core.clock.now(), args.days or parts.settings.sweep_days or 1)
    missing: list[ArchivedInstance] = []
    partly = 0
    for on in _with_progress(range((last - first).days + 1), f"{args.archive}: days"):
        swept = parts.sweep.look(first + timedelta(days=on))
        missing += swept.missing
        partly += not swept.complete
        print(f"{swept.day}  {swept.studies} studies, {len(swept.missing)} instances missing here", flush=True)
    if partly:
        print(f"{partly} days were not listed whole: look again later, or ask for fewer modalities", file=sys.stderr)
    return 0 if args.dry_run else _bring(core, parts, missing)


def _parts(core: Core, args: Namespace) -> ArchiveParts:
    settings = named(core.settings, args.archive)
    reception = build_reception(core, build_sandbox(core.settings), takes_own=False)
    return build_parts(core.settings, settings, core.database, core.clock, core.secret, reception)


def _feed(argv: list[str]) -> int:
    """One thread for each archive, one for earlier films."""
    parser = parser_for("archive feed", "Read the archives' feeds and fetch earlier films until stopped.")
    settings = settings_from(parser.parse_args(argv))
    configure_logging(settings)
    leave_with_parent()
    if not settings.archives:
        raise SettingsError("no archive is in the settings: [[archives]]")
    stopped = stopped_by_signal()
    core = build_core(settings)
    reception = build_reception(core, build_sandbox(settings), takes_own=False)
    here = (core.database, core.clock, core.secret, reception)
    parts = [build_parts(core.settings, each, *here) for each in settings.archives]
    fetcher = build_prior_fetcher(settings, parts, core.vault, core.database, core.clock, core.secret, reception)
    work = prior_work(fetcher, core.database, core.clock)
    turns = [*(each.keeper.turn for each in parts), work.run_one]
    threads = [Thread(target=in_turns, args=(turn, stopped)) for turn in turns]
    for thread in threads:
        thread.start()
    retention = build_retention(settings, core.database, core.vault, core.files, core.clock)
    in_turns(_hourly(retention.sweep), stopped)
    for thread in threads:
        thread.join()
    return 0


def _hourly(sweep: Callable[[], int]) -> Callable[[], bool]:
    """A turn that sweeps once an hour, and again at once where there was something to do."""
    last_s = float("-inf")

    def turn() -> bool:
        nonlocal last_s
        if time.monotonic() - last_s < _RETENTION_EVERY_S:
            return False
        if sweep():
            return True
        last_s = time.monotonic()
        return False

    return turn


def _with_progress(items: Sequence[_T], words: str) -> Iterable[_T]:
    """A progress bar on standard error, at a terminal."""
    if not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, words, console=Console(stderr=True), transient=True)
