"""`wetread model evaluate`: the shipped bundle, or another, measured on the films of a manifest."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wetread.cli.options import count
from wetread.domain.errors import PermanentError
from wetread.inference.bundle import BUNDLED, ModelBundle, load_bundle

if TYPE_CHECKING:
    from wetread.learning.bundle_reading import BundleReading
    from wetread.learning.manifest import Film

__all__ = ["FilmSet", "add_film_options", "chosen_films", "identity", "read", "run", "write_json"]


@dataclass(frozen=True, slots=True)
class FilmSet:
    """The films asked for, and where they came from."""

    manifest: Path
    split: str
    sha256: str
    films: "list[Film]"

    def stated(self) -> dict[str, object]:
        return {"manifest_sha256": self.sha256, "split": self.split, "listed": len(self.films)}


def run(argv: list[str]) -> int:
    from wetread.cli.evaluation_table import evaluation_lines
    from wetread.learning.bundle_report import evaluate_bundle, finite

    args = _parser().parse_args(argv)
    bundle, chosen = load_bundle(args.bundle), chosen_films(args)
    started = time.perf_counter()
    reading = read(bundle, chosen, "reading")
    per_film_ms = 1000 * (time.perf_counter() - started) / len(chosen.films)
    print("measuring: intervals resample patients", file=sys.stderr)
    report = finite(evaluate_bundle(bundle, reading, chosen.manifest))
    whole = {"bundle": identity(bundle), "data": chosen.stated(), "ms_per_film": per_film_ms, **report}
    print("\n".join(evaluation_lines(whole)))
    write_json(args.json, whole)
    if args.predictions:
        from wetread.learning.predictions_csv import predictions_csv

        args.predictions.write_text(predictions_csv(bundle, reading), "utf-8")
        print(f"wrote {args.predictions}: the table that `wetread evaluate` reads", file=sys.stderr)
    return 1 if reading.unreadable else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wetread model evaluate",
        description="Read the films of a manifest with a bundle, as the running product reads them, and print what it is worth: "
        "discrimination, operating points, calibration, localisation, each with its n and 95 % interval.",
        epilog="exit status: 0 every film was read; 1 a film could not be read (it is named), or nothing could be measured; 2 wrong use. "
        "Assistive research tool, not a cleared device.",
    )
    add_film_options(parser, "test")
    parser.add_argument("--bundle", type=Path, default=BUNDLED, help="folder or zip; default: the bundle that ships")
    parser.add_argument(
        "--predictions", type=Path, metavar="CSV", help="also write each film's probabilities and labels"
    )
    return parser


def add_film_options(parser: argparse.ArgumentParser, split: str) -> None:
    """--manifest, --split, --limit, --json."""
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.csv beside the films (docs/evaluate.md)")
    parser.add_argument("--split", default=split, help=f"films to read: train, val, test or external; default {split}")
    parser.add_argument("--limit", type=count, metavar="N", help="only the first N films of the split")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every number to FILE")


def chosen_films(args: argparse.Namespace) -> FilmSet:
    """The films that the options name; raises PermanentError before any film is read."""
    from wetread.learning.bundle_reading import select_films
    from wetread.learning.manifest import manifest_hash

    if args.json and not args.json.absolute().parent.is_dir():
        raise PermanentError(f"--json {args.json}: there is no folder {args.json.parent}", code="no_folder")
    films = select_films(args.manifest, args.split, args.limit)
    return FilmSet(args.manifest, args.split, manifest_hash(args.manifest), films)


def read(bundle: ModelBundle, chosen: FilmSet, words: str) -> "BundleReading":
    """Every film through the bundle's network, with a progress bar on a terminal."""
    from wetread.learning.bundle_reading import read_films
    from wetread.runtimes.onnx import OnnxPredictor

    films = _with_progress(chosen.films, words)
    return read_films(films, chosen.manifest.parent, bundle, OnnxPredictor(bundle.onnx))


def _with_progress(films: "list[Film]", words: str) -> "Iterator[Film]":
    if not sys.stderr.isatty():
        print(f"{words} {len(films)} films", file=sys.stderr)
        yield from films
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(films, description=words, console=Console(stderr=True))


def identity(bundle: ModelBundle) -> dict[str, str]:
    """What a report says about the bundle."""
    return {"name": bundle.identity.name, "version": bundle.identity.version, "sha256": bundle.identity.sha256}


def write_json(path: Path | None, report: dict[str, object]) -> None:
    if path:
        path.write_text(json.dumps(report, indent=1, allow_nan=False) + "\n", "utf-8")
        print(f"wrote {path}", file=sys.stderr)
