"""The one manifest format of all datasets: CSV, a version in every row, a column per finding, nothing decided that a policy should decide."""

import csv
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from wetread.domain.finding import FindingName
from wetread.learning.datasets.labelled_film import Box, Label, LabelledFilm
from wetread.learning.datasets.splits import check_patients
from wetread.learning.datasets.tables import Row, rows

__all__ = ["VERSION", "read_manifest", "write_manifest"]

VERSION = "wetread-films-1"
_LABEL = "label."
_TEXTS = ("file", "dataset", "image_id", "patient_id", "view_position", "patient_sex", "split")
_COLUMNS = ("version", *_TEXTS, "patient_age_years", "source_pixels", "boxes", *(_LABEL + name for name in FindingName))


def write_manifest(path: Path, films: Iterable[LabelledFilm]) -> None:
    """Writes the manifest whole or not at all; an empty label cell: the dataset was not asked about this finding."""
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, _COLUMNS)
        writer.writeheader()
        writer.writerows(map(_cells, films))
    unfinished.replace(path)


def _cells(film: LabelledFilm) -> dict[str, str]:
    cells = {name: getattr(film, name) for name in _TEXTS}
    age = film.patient_age_years
    return {
        **cells,
        "version": VERSION,
        "patient_age_years": "" if age is None else repr(age),
        "source_pixels": str(film.source_pixels),
        "boxes": json.dumps([asdict(box) for box in film.boxes]) if film.boxes else "",
        **{_LABEL + name: label for name, label in film.labels.items()},
    }


def read_manifest(path: Path) -> list[LabelledFilm]:
    """All films, in order; raises DatasetError for another version, a malformed row (numbered), or a patient in two splits."""
    films = list(_films(path))
    check_patients(films)
    return films


def _films(path: Path) -> Iterator[LabelledFilm]:
    for row in rows(path, _COLUMNS):
        if row.cells["version"] != VERSION:
            raise row.malformed("version", VERSION)
        yield _film(row)


def _film(row: Row) -> LabelledFilm:
    return LabelledFilm(
        **{name: row.cells[name] for name in _TEXTS},
        labels={name: _label(row, name) for name in FindingName if row.cells[_LABEL + name]},
        patient_age_years=row.optional_number("patient_age_years"),
        source_pixels=int(row.number_of("source_pixels")),
        boxes=_boxes(row),
    )


def _label(row: Row, name: FindingName) -> Label:
    try:
        return Label(row.cells[_LABEL + name])
    except ValueError:
        raise row.malformed(_LABEL + name, "positive, negative, uncertain, unmentioned or nothing") from None


def _boxes(row: Row) -> tuple[Box, ...]:
    try:
        entries = json.loads(row.cells["boxes"] or "[]")
        boxes = tuple(Box(**{**entry, "finding": FindingName(entry["finding"])}) for entry in entries)
    except (ValueError, TypeError, KeyError):
        raise row.malformed("boxes", "a JSON list of boxes") from None
    if not all(isinstance(side, int | float) and math.isfinite(side) for box in boxes for side in _sides(box)):
        raise row.malformed("boxes", "finite numbers of pixels")
    return boxes


def _sides(box: Box) -> tuple[float, float, float, float]:
    return box.row_px, box.column_px, box.height_px, box.width_px
