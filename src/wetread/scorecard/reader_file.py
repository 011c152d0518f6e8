"""A reader study and LUNA16's files, as tables: one row per read, one row per mark."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wetread.domain.errors import PermanentError
from wetread.evaluation.detection import Mark
from wetread.evaluation.inputs import Floats
from wetread.evaluation.reader_design import reader_design

__all__ = ["Luna16", "ReaderTable", "read_luna16", "read_reader_study"]

ReaderTable = tuple[Floats, Floats, tuple[str, ...], tuple[str, ...]]
"""(modality, reader, case) ratings, NaN where not read; (case,) truth; names of modalities and readers."""

Luna16 = tuple[tuple[Mark, ...], tuple[tuple[str, str], ...], tuple[str, ...]]
"""Marks, (scan, lesion) pairs and scans, ready for `froc`."""


def read_reader_study(path: Path) -> ReaderTable:
    """CSV with the columns modality, reader, case, truth (0/1) and rating; readers read all cases, or groups of them cases of their own, in every modality.

    Raises PermanentError 'bad_reader_study' naming what is missing, doubled or at odds, or why the design is none that can be analysed.
    """
    rows = _rows(path, ("modality", "reader", "case", "truth", "rating"), "bad_reader_study")
    modalities, readers, cases = (sorted({row[name] for row in rows}) for name in ("modality", "reader", "case"))
    ratings = np.full((len(modalities), len(readers), len(cases)), np.nan)
    truth = np.full(len(cases), np.nan)
    places = [{name: n for n, name in enumerate(names)} for names in (modalities, readers, cases)]
    for number, row in enumerate(rows, 2):
        at = places[0][row["modality"]], places[1][row["reader"]], places[2][row["case"]]
        said = _number(row["truth"], path, number)
        if not np.isnan(ratings[at]):
            raise _bad(path, number, "this reader read this case in this modality before")
        if not np.isnan(truth[at[2]]) and truth[at[2]] != said:
            raise _bad(path, number, "this case had another truth before")
        ratings[at], truth[at[2]] = _number(row["rating"], path, number), said
    try:
        reader_design(~np.isnan(ratings), modalities, readers)
    except PermanentError as error:
        raise PermanentError(f"{path.name}: {error}", code=error.code) from error
    return ratings, truth, tuple(modalities), tuple(readers)


def read_luna16(annotations: Path, candidates: Path, scans: Path) -> Luna16:
    """LUNA16's annotations.csv (seriesuid, coordX, coordY, coordZ, diameter_mm), a result file (seriesuid, coordX, coordY, coordZ, probability) and seriesuids.csv.

    A mark hits the nearest nodule within whose radius it lies. Raises PermanentError 'bad_luna16'.
    """
    known = tuple(
        dict.fromkeys(
            line.strip()
            for line in _text(scans, "bad_luna16").splitlines()
            if line.strip() and line.strip() != "seriesuid"
        )
    )
    place = ("coordX", "coordY", "coordZ")
    nodules: dict[str, list[tuple[Floats, float, str]]] = {}
    lesions = []
    for number, row in enumerate(_rows(annotations, ("seriesuid", *place, "diameter_mm"), "bad_luna16"), 2):
        name = str(number)
        at = np.array([_number(row[each], annotations, number) for each in place])
        nodules.setdefault(row["seriesuid"], []).append(
            (at, _number(row["diameter_mm"], annotations, number) / 2, name)
        )
        lesions.append((row["seriesuid"], name))
    marks = []
    for number, row in enumerate(_rows(candidates, ("seriesuid", *place, "probability"), "bad_luna16"), 2):
        at = np.array([_number(row[each], candidates, number) for each in place])
        near = [
            (float(np.linalg.norm(at - centre)), name)
            for centre, radius, name in nodules.get(row["seriesuid"], [])
            if np.linalg.norm(at - centre) <= radius
        ]
        marks.append(
            Mark(row["seriesuid"], _number(row["probability"], candidates, number), min(near)[1] if near else "")
        )
    strangers = sorted({scan for scan, _ in lesions} | {each.scan for each in marks} - set(known))
    missing = [each for each in strangers if each not in known]
    if missing:
        raise PermanentError(
            f"{scans.name} does not list {len(missing)} scans that have nodules or marks", code="bad_luna16"
        )
    return tuple(marks), tuple(lesions), known


def _rows(path: Path, columns: Sequence[str], code: str) -> list[dict[str, str]]:
    reader = csv.DictReader(_text(path, code).splitlines())
    missing = [each for each in columns if each not in (reader.fieldnames or ())]
    if missing:
        raise PermanentError(f"{path.name} lacks the columns {', '.join(missing)}", code=code)
    return [{name: (row[name] or "").strip() for name in columns} for row in reader]


def _text(path: Path, code: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PermanentError(f"{path.name} cannot be read ({type(error).__name__})", code=code) from None


def _number(text: str, path: Path, row: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise _bad(path, row, "a number is missing or is none")
    return value


def _bad(path: Path, row: int, what: str) -> PermanentError:
    return PermanentError(
        f"{path.name}, row {row}: {what}", code="bad_reader_study" if "read" in what or "case" in what else "bad_table"
    )
