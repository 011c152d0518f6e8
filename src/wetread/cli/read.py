"""`wetread read FILE…`: films to findings without a server, a database or an account."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wetread.cli.findings_table import as_json, as_table
from wetread.reader import FilmReader, ReadResult

__all__ = ["run"]


def run(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    paths = list(_films(args.film))
    if not paths:
        print("wetread read: no file there; name DICOM files, folders or globs", file=sys.stderr)
        return 2
    if len(paths) > 1 and (args.heatmap or args.sr or args.fhir):
        print("wetread read: --heatmap, --sr and --fhir take one film; for many, use --out", file=sys.stderr)
        return 2
    done = _already_done(args.out)
    todo = [path for path in paths if str(path) not in done]
    if done:
        print(f"{len(paths) - len(todo)} of {len(paths)} films are in {args.out.name} already", file=sys.stderr)
    with FilmReader(bundle=args.model, children=args.jobs) as reader:
        results = _read_all(reader, todo, args.jobs)
        failed = _report(results, len(todo), args, reader)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wetread read",
        description="Read frontal chest films (DICOM). Assistive research tool, not a cleared device.",
        epilog="exit status: 0 every film was read; 1 at least one could not be (the reason is printed); 2 wrong use",
    )
    parser.add_argument("film", nargs="+", help="DICOM file, folder (searched through) or quoted glob")
    parser.add_argument("--json", action="store_true", help="print one JSON object per film")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="append JSON lines to FILE; films already in it are skipped"
    )
    parser.add_argument(
        "--heatmap", type=Path, metavar="PNG", help="write the film with the strongest finding's heat map"
    )
    parser.add_argument("--sr", type=Path, metavar="DCM", help="write a DICOM SR (TID 1500, unverified)")
    parser.add_argument("--fhir", type=Path, metavar="JSON", help="write a FHIR R4 bundle (status partial)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="films read side by side (default 1)")
    parser.add_argument("--model", type=Path, metavar="BUNDLE", help="model bundle; default: the one that ships")
    return parser


def _films(words: Iterable[str]) -> Iterator[Path]:
    for word in words:
        path = Path(word)
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file())
        elif path.exists() or not any(sign in word for sign in "*?["):
            yield path
        else:
            yield from sorted(Path(path.anchor or ".").glob(word.removeprefix(path.anchor)))


def _already_done(out: Path | None) -> set[str]:
    if out is None or not out.exists():
        return set()
    return {json.loads(line)["file"] for line in out.read_text("utf-8").splitlines() if line.endswith("}")}


def _read_all(reader: FilmReader, paths: list[Path], jobs: int) -> Iterator[ReadResult]:
    if jobs <= 1 or len(paths) <= 1:
        yield from map(reader.read, paths)
        return
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(reader.read, paths)


def _report(results: Iterator[ReadResult], total: int, args: argparse.Namespace, reader: FilmReader) -> int:
    failed = 0
    for result in _with_progress(results, total, args):
        failed += result.analysis is None
        if args.out:
            with args.out.open("a", encoding="utf-8") as out:
                out.write(as_json(result) + "\n")
        elif args.json:
            print(as_json(result), flush=True)
        else:
            print(as_table(result), flush=True)
        _write_forms(result, args, reader)
    return failed


def _with_progress(results: Iterator[ReadResult], total: int, args: argparse.Namespace) -> Iterator[ReadResult]:
    """A progress bar on standard error when many films go to a file; otherwise the results themselves are the progress."""
    if not args.out or total < 2 or not sys.stderr.isatty():
        yield from results
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(results, total=total, description="reading", console=Console(stderr=True))


def _write_forms(result: ReadResult, args: argparse.Namespace, reader: FilmReader) -> None:
    if not (args.heatmap or args.sr or args.fhir) or result.analysis is None:
        return
    for path, encode in ((args.heatmap, reader.heatmap_png), (args.sr, reader.sr), (args.fhir, reader.fhir)):
        if path:
            path.write_bytes(encode(result))
            print(f"wrote {path}", file=sys.stderr)
