"""What de-identification takes out and what it leaves: required actions of headers, and writing on films, with n and 95 % Wilson intervals; and what it costs.

    [WETREAD_SHARED=FOLDER] python benchmarks/deidentify.py [--films N] [--seed N] [--also NAME=FOLDER]

Without WETREAD_SHARED only headers and films made here are looked at. --also scores the collected headers as another program left them, under the same file names.
"""

import argparse
import csv
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, dcmread

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from tests.in_process_decoder import InProcessDecoder
from tests.written_films import HEADER, TYPEFACES, Lettering, bare_film, written

from wetread.dicom.deidentify import Confidentiality
from wetread.dicom.deidentify_film import FilmDeidentifier
from wetread.dicom.instance_forms import SandboxedForms
from wetread.dicom.pseudonyms import Pseudonyms
from wetread.dicom.sandbox import Sandbox
from wetread.evaluation.proportions import wilson
from wetread.inference.burned_in import cover_writing, is_marker
from wetread.runtimes.film_text import RapidReader

SHARED = os.environ.get("WETREAD_SHARED")
MARKERS = (
    "L",
    "R",
    "AP",
    "PA",
    "AP SUPINE",
    "PORTABLE",
    "R  AP",
    "ERECT",
    "L  PORTABLE",
    "AP 72in",
    "LATERAL",
    "L SEMI-ERECT",
)
NAMES = ("KESTREL, ADA", "LI BO", "MUSTERMANN^ERIKA", "ID 4471-0083", "*1951-03-08", "29.11.2026 02:14")
FEWEST_TELLING = 6
FEWEST_PX = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=40, help="films with names, and as many with markers (default 40)")
    parser.add_argument("--seed", type=int, default=2026, help="of the films with names and markers (default 2026)")
    parser.add_argument("--also", action="append", default=[], metavar="NAME=FOLDER")
    args = parser.parse_args()
    if SHARED:
        folder = Path(SHARED) / "corpora/phi"
        answers = [json.loads(line) for line in (folder / "header_answers.jsonl").read_text().splitlines()]
        with TemporaryDirectory() as own:
            start = time.process_time()
            header_films(folder, answers, Path(own))
            print(
                f"wetread: {1000 * (time.process_time() - start) / len(answers):.1f} ms CPU a header, the child's apart"
            )
            score("wetread", Path(own), answers)
        for each in args.also:
            name, _, there = each.partition("=")
            score(name, Path(there), answers)
    reader = RapidReader()
    if SHARED:
        collected_films(Path(SHARED) / "corpora/phi", reader)
        chest_films(Path(SHARED) / "data/cxr", args.films, reader)
    written_films(args.films, args.seed, reader)


def header_films(folder: Path, answers: list[dict[str, Any]], target: Path) -> None:
    how = Confidentiality(frozenset(), Pseudonyms.fresh())
    with Sandbox(children=1) as sandbox:
        deidentifier = FilmDeidentifier(SandboxedForms(sandbox), how, None)
        for answer in answers:
            path = folder / answer["file"]
            film = deidentifier.film(path, deidentifier.header(path))
            (target / path.name).write_bytes(b"".join(film.pieces()))


def score(name: str, folder: Path, answers: list[dict[str, Any]]) -> None:
    done: list[bool] = []
    missed: Counter[str] = Counter()
    kept: list[bool] = []
    left = 0
    for answer in answers:
        path = folder / Path(answer["file"]).name
        if not path.exists():
            print(f"{name}: no {path.name}")
            continue
        raw = path.read_bytes()
        dataset = dcmread(BytesIO(raw), force=True)
        everything = list(values(dataset))
        for planted in answer["planted"]:
            well = is_done(dataset, everything, planted)
            done.append(well)
            missed[planted["profile"]] += not well
            left += is_telling(planted["value"]) and planted["value"].encode() in raw
        kept += [str(element_value(dataset, each["tag"])) == each["value"] for each in answer["retain"]]
    share(f"{name}: required actions done", done)
    share(f"{name}: of the keep-list kept", kept)
    print(
        f"{name}: values of {FEWEST_TELLING} letters and more that are still in the bytes: {left}; missed by action: {dict(+missed)}"
    )


def is_telling(value: str) -> bool:
    return len(value) >= FEWEST_TELLING and any(letter.isalpha() for letter in value)


def is_done(dataset: Dataset, everything: list[str], planted: dict[str, Any]) -> bool:
    """By PS3.15 annex E: what is removed is not there; what is emptied, replaced or renamed is there without its value."""
    value = str(planted["value"])
    if planted["where"] != "root":
        return not any(value in each for each in everything)
    tag, profile = int(planted["tag"], 16), planted["profile"]
    if tag not in dataset:
        return "X" in profile.split("/") or profile == "Z"
    now = str(dataset[tag].value)
    if profile == "X" or value == now or (is_telling(value) and value in now):
        return False
    return bool(now) or "Z" in profile.split("/")


def values(dataset: Dataset) -> Iterator[str]:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from values(item)
        elif element.tag != 0x7FE00010:
            raw = element.value
            yield raw.decode("latin-1") if isinstance(raw, bytes) else str(raw)


def element_value(dataset: Dataset, tag: str) -> Any:
    return dataset[int(tag, 16)].value if int(tag, 16) in dataset else None


def collected_films(folder: Path, reader: RapidReader) -> None:
    """As files have them; a name is covered where nothing but one grey is left of its box."""
    covered, kept = [], []
    for line in (folder / "pixel_answers.jsonl").read_text().splitlines():
        answer = json.loads(line)
        stored = InProcessDecoder().decode(folder / answer["file"]).stored
        film, _ = cover_writing(stored, reader, inverted=answer["photometric"] == "MONOCHROME1")
        for each in answer["boxes"]:
            left, top, right, bottom = each["box"]
            box = film[top:bottom, left:right]
            if each["phi"]:
                covered.append(int(np.ptp(box)) == 0)
            else:
                kept.append(np.array_equal(box, stored[top:bottom, left:right]))
    share("collected films: lines of identity covered", covered)
    share("collected films: markers kept", kept)


def chest_films(folder: Path, films: int, reader: RapidReader) -> None:
    """Public chest films: names were taken off them before, so what is covered is anatomy, or writing of no name."""
    rows = [row for row in csv.DictReader((folder / "manifest.csv").open()) if row["split"] == "test"]
    covered, area = [], []
    for row in rows:
        with Image.open(folder / row["file"]) as image:
            if min(image.size) < FEWEST_PX:
                continue
            grey = np.array(image.convert("L"))
        film, covers = cover_writing(grey, reader, inverted=False)
        covered.append(bool(covers))
        area.append(float((film != grey).mean()))
        if len(covered) == films:
            break
    share("chest films without names: something covered", covered)
    print(f"of their pixels covered: mean {100 * float(np.mean(area)):.3f} %, most {100 * max(area):.2f} %")


def written_films(films: int, seed: int, reader: RapidReader) -> None:
    """A phantom's chest with a name block in four typefaces, six heights and four contrasts; and with markers."""
    random = np.random.default_rng(seed)
    covered: dict[str, list[bool]] = {"full contrast": [], "three tenths of the range": []}
    for number in range(films):
        contrast = (1.0, 0.3)[number % 2]
        how = lettering(random, contrast)
        lines = tuple(random.choice(NAMES, 3, replace=False)) if number % 4 else HEADER
        stored = written(lines, how)
        film, _ = cover_writing(stored, reader, inverted=False)
        ink = stored != bare_film()
        for line in range(len(lines)):
            top = how.row + line * round(1.4 * how.height_px)
            rows = slice(top, top + round(1.35 * how.height_px))
            name = "full contrast" if number % 2 == 0 else "three tenths of the range"
            covered[name].append(most_gone(film[rows], stored[rows], ink[rows]))
            if not covered[name][-1]:
                print(f"missed: {lines[line]} in film {number}, {how}")
    for name, hits in covered.items():
        share(f"written films, {name}: lines covered", hits)
    kept = []
    for number in range(films):
        how = lettering(random, 1.0)
        stored = written((MARKERS[number % len(MARKERS)],), how)
        film, _ = cover_writing(stored, reader, inverted=False)
        ink = stored != bare_film()
        kept.append(bool(np.array_equal(film[ink], stored[ink])))
        if not kept[-1]:
            print(f"lost: {MARKERS[number % len(MARKERS)]} in film {number}, {how}")
    share("written films: markers kept", kept)
    start = time.perf_counter()
    cover_writing(bare_film(), reader, inverted=False)
    print(f"one look at {bare_film().shape}: {time.perf_counter() - start:.1f} s")
    assert all(is_marker(each) for each in MARKERS)


def lettering(random: np.random.Generator, contrast: float) -> Lettering:
    height = int(random.choice((10, 12, 14, 18, 28, 40)))
    face = str(random.choice(tuple(TYPEFACES)))
    return Lettering(height, face, contrast, int(random.integers(8, 300)), int(random.integers(8, 700)))


def most_gone(film: NDArray[Any], stored: NDArray[Any], ink: NDArray[np.bool_]) -> bool:
    """Of a line's ink at least 98 % is under a cover."""
    changed = film[ink] != stored[ink]
    dark = stored[ink] == film.min()
    return bool((changed | dark).mean() >= 0.98)


def share(name: str, hits: list[bool]) -> None:
    if not hits:
        return
    low, high = (100 * bound for bound in wilson(sum(hits), len(hits)))
    print(
        f"{name}: {sum(hits)} of {len(hits)} = {100 * sum(hits) / len(hits):.2f} % ({low:.2f} to {high:.2f})",
        flush=True,
    )


if __name__ == "__main__":
    main()
