"""`wetread batch SOURCE --out DIR`: an archive of films to tables of predictions, by many readers at once; a run that was stopped goes on by the same command."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from wetread.cli.batch_progress import BatchProgress, counted
from wetread.cli.batch_source import Chosen, add_archive_options, chosen
from wetread.cli.options import count, needs_polars

if TYPE_CHECKING:
    from wetread.batch.run_folder import RunFolder
    from wetread.inference.bundle import ModelBundle

__all__ = ["run"]

_STOPPED = 130
_EPILOG = """examples:
  wetread batch films/ --out read-2026-11 --dry-run      how many, how long
  wetread batch films/ --out read-2026-11                the same again goes on where it was stopped
  wetread batch manifest.csv --out read-2026-11 --workers 8
  wetread batch manifest.csv --out read-2026-11 --engine ray
  wetread batch --archive pacs --from 2026-01-01 --until 2026-06-30 --out read-2026-1 --dry-run
  wetread evaluate read-2026-11/predictions.parquet --html report.html

The folder gets films.parquet and predictions.parquet, the same as .csv, and summary.json. No name and no path stands in them, but for --keep-paths and what a manifest says.
exit status: 0 every film was read or refused; 1 films failed, or were not listed whole, or the run broke off; 2 wrong use; 130 stopped by Ctrl-C"""


def run(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    needs_polars("batch")
    from wetread.inference.bundle import BUNDLED, load_bundle

    films = chosen(args)
    try:
        bundle = load_bundle(args.model or BUNDLED)
        if not args.dry_run:
            return _run(args, films, bundle)
        print(films.estimate(args))
        return 0
    finally:
        films.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wetread batch",
        description="Read many films as `wetread read` reads one, and write tables that `wetread evaluate` reads. Assistive research tool, not a cleared device.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", type=Path, nargs="?", help="folder (searched through) or manifest (.csv, .parquet)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="new folder, or one of an unfinished run"
    )
    parser.add_argument("--model", type=Path, metavar="BUNDLE", help="model bundle; default: the one that ships")
    parser.add_argument(
        "--engine", choices=("local", "ray"), default="local", help="who runs the readers; ray: wetread[batch-ray]"
    )
    parser.add_argument("--workers", type=count, metavar="N", default=_cores(), help="readers at once; default: cores")
    parser.add_argument("--limit", type=count, metavar="N", help="only the first N films")
    parser.add_argument("--keep-paths", action="store_true", help="write paths into films.*: they may hold names")
    parser.add_argument(
        "--keep-going", action="store_true", help="write films down as failed however many in a row cannot be opened"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="count, read a few, say how long it takes; writes nothing"
    )
    add_archive_options(parser)
    return parser


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _run(args: argparse.Namespace, films: Chosen, bundle: "ModelBundle") -> int:
    from wetread.batch.archive_source import INCOMPLETE
    from wetread.batch.run_folder import RunFolder, RunTerms
    from wetread.batch.tables import TableForm

    findings = tuple(head.name.value for head in bundle.heads)
    form = TableForm(bundle.identity, findings, films.source.groups, args.keep_paths)
    with RunFolder.opened(
        args.out, RunTerms(films.named, args.limit, form), films.source, films.listing.tell
    ) as folder:
        if not folder.began:
            print(f"going on with the run in {args.out}", file=sys.stderr)
        films.begin(folder)
        progress = BatchProgress(folder.films)
        parts = _read(args, films, bundle, folder, progress)
        if parts is None:
            print(
                f"stopped: {progress.done} of {folder.films} films are done; the same command goes on", file=sys.stderr
            )
            return _STOPPED
        counts = folder.finish(parts)
    print(counted(counts, progress), file=sys.stderr)
    print(f"next: wetread evaluate {args.out / 'predictions.parquet'}")
    not_whole = any(folder.listed.left_out.get(reason) for reason in INCOMPLETE)
    return int(not_whole or any(fate == "failed" for fate, _ in counts.fates))


def _read(
    args: argparse.Namespace, films: Chosen, bundle: "ModelBundle", folder: "RunFolder", progress: BatchProgress
) -> int | None:
    """How many parts there are; None when it was stopped."""
    from wetread.batch.engines import build_engine
    from wetread.batch.journal import Journal
    from wetread.batch.run import RunRules, read_films

    journal = Journal(folder.work, folder.tables, folder.films)
    engine = build_engine(args.engine, args.model, args.workers, bundle.identity.sha256)
    try:
        stopped = _first_signal()  # after Ray, which wants SIGTERM for itself
        supply = films.supply(folder, engine.capacity, stopped.is_set)
        rules = RunRules(supply, args.keep_going, stopped.is_set, progress.tell)
        with progress:
            return journal.parts if read_films(folder.list.numbered(), engine, journal, rules) else None
    finally:
        engine.close()
        journal.close()


def _first_signal() -> threading.Event:
    """Set by the first Ctrl-C or SIGTERM: films under way are finished. The second ends everything at once; those films are read again."""
    stopped = threading.Event()

    def hear(number: int, _: object) -> None:
        stopped.set()
        signal.signal(number, signal.default_int_handler)
        print("stopping when the films under way are read; once more: at once", file=sys.stderr)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, hear)
    return stopped
