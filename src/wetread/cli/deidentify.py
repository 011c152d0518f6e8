"""`wetread deidentify FILE… --out DIR`: films without a name, header and pixels, by DICOM PS3.15 annex E; no server, no database."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from wetread.checkpoints.write_once import write_once
from wetread.dicom.confidentiality import Option
from wetread.dicom.deidentified_folder import place_of, put
from wetread.dicom.deidentify import Confidentiality, check_options
from wetread.dicom.deidentify_film import FilmDeidentifier
from wetread.dicom.instance_forms import SandboxedForms
from wetread.dicom.pseudonyms import Pseudonyms
from wetread.dicom.sandbox import Sandbox
from wetread.domain.errors import PermanentError
from wetread.ports.film_text import FilmTextReader

__all__ = ["run", "text_reader", "with_option"]

_EPILOG = """examples:
  wetread deidentify films/ --out shared/
  wetread deidentify films/ --out shared/ --with shift-dates --with retain-patient-characteristics --key study.key
  wetread deidentify film.dcm --out shared/ --leave-pixels

Without --key every run gives other UIDs and numbers, and nobody can tell which film was which. With it the same film becomes the same film, files that are there are not made again,
and who has the key can tell: keep it where the names are. A film that cannot be de-identified for certain is refused and named, not written.
exit status: 0 every film was written; 1 at least one was refused; 2 wrong use"""


def run(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    options = _options_of(args)
    paths = list(_files(args.file))
    if not paths:
        print("wetread deidentify: no file there; name DICOM files or folders", file=sys.stderr)
        return 2
    how = Confidentiality(options, _pseudonyms(args.key), _private_of(args.keep_private))
    reader = text_reader(options) if not args.dry_run else None
    refused = 0
    with Sandbox(children=1) as sandbox:
        deidentifier = FilmDeidentifier(SandboxedForms(sandbox), how, reader)
        for number, path in enumerate(paths, 1):
            outcome = _one(deidentifier, path, args.out, dry_run=args.dry_run)
            refused += outcome.startswith("refused")
            print(f"{number}/{len(paths)} {outcome}", flush=True)
    print(
        f"{len(paths) - refused} of {len(paths)} films {'would be tried' if args.dry_run else 'are there'}",
        file=sys.stderr,
    )
    return 1 if refused else 0


def with_option(parser: argparse.ArgumentParser, offered: Iterable[Option]) -> None:
    """--with, an option of the profile by its name."""
    names = [each.value for each in offered]
    parser.add_argument(
        "--with",
        dest="options",
        action="append",
        default=[],
        choices=names,
        metavar="OPTION",
        help=f"an option of the profile; may be repeated: {', '.join(names)}",
    )


def _options_of(args: argparse.Namespace) -> frozenset[Option]:
    """Raises UnsuitableImage('bad_options')."""
    chosen = {Option(each) for each in args.options} | (set() if args.leave_pixels else {Option.CLEAN_PIXELS})
    check_options(frozenset(chosen))
    return frozenset(chosen)


def text_reader(options: frozenset[Option]) -> FilmTextReader | None:
    """Where pixels are cleaned. Raises PermanentError('no_text_reader') where the package is not installed."""
    if Option.CLEAN_PIXELS not in options:
        return None
    from wetread.runtimes.film_text import RapidReader

    return RapidReader()


def _private_of(words: list[str]) -> frozenset[tuple[str, str]]:
    """(creator, group and last two digits) of --keep-private. Raises PermanentError('bad_private')."""
    found = set()
    for word in words:
        creator, _, tag = word.rpartition(":")
        if not creator or len(tag) != 6 or not all(letter in "0123456789abcdefABCDEF" for letter in tag):
            raise PermanentError(f"{word!r} is not CREATOR:GGGGEE, as in 'ACME 1.0:000902'", code="bad_private")
        found.add((creator, tag.upper()))
    return frozenset(found)


def _one(deidentifier: FilmDeidentifier, path: Path, out: Path, *, dry_run: bool) -> str:
    try:
        header = deidentifier.header(path)
        place = place_of(out, header)
        if dry_run:
            return f"would try  {path}"
        if place.exists():
            return f"there already  {place}"
        film = deidentifier.film(path, header)
    except PermanentError as error:
        return f"refused ({error.code})  {path}: {error}"
    put(film, place)
    return f"written  {place}" + (f"  {film.covered} places covered" if film.covered else "")


def _pseudonyms(key: Path | None) -> Pseudonyms:
    """From the file, which is made where there is none; else for this run alone."""
    fresh = Pseudonyms.fresh()
    if key is None:
        return fresh
    if not key.exists() and write_once(key, f"{fresh.key.hex()}\n".encode()):
        return fresh
    try:
        return Pseudonyms(bytes.fromhex(key.read_text().strip()))
    except ValueError as error:
        raise PermanentError(f"{key} is not a key: 64 hex digits", code="bad_key") from error


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wetread deidentify",
        description="Radiographs (CR, DX) without names: PS3.15 Basic Profile, writing on the film covered, markers kept. Not a guarantee: see docs/deidentify.md.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", nargs="+", type=Path, help="DICOM file, or folder (searched through)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where films are put, by their new UIDs")
    parser.add_argument("--key", type=Path, metavar="FILE", help="key of UIDs, numbers and dates; made where it is not")
    parser.add_argument("--dry-run", action="store_true", help="headers only, nothing is written")
    with_option(parser, (each for each in Option if each is not Option.CLEAN_PIXELS))
    parser.add_argument("--leave-pixels", action="store_true", help="do not look for writing on the film")
    parser.add_argument(
        "--keep-private",
        action="append",
        default=[],
        metavar="CREATOR:GGGGEE",
        help='a private attribute known to be safe, with --with retain-safe-private: "ACME 1.0:000902"',
    )
    return parser
