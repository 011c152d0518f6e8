"""PadChest (Bustos et al., Medical Image Analysis 2020): PADCHEST_chest_x_ray_images_labels_160K_*.csv, images in folders 0..54 (ImageDir).

`Labels` is a Python list as text. It names what the report states, read by physicians (27 %) or a network: the rest is UNMENTIONED, and all findings are
NEGATIVE only if the list is `normal` alone. `exclude`, an empty list or cell, and Projection EXCLUDE give a film without labels.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from wetread.domain.finding import FindingName
from wetread.learning.datasets.labelled_film import Label, LabelledFilm
from wetread.learning.datasets.tables import Row, find_table, rows, sex
from wetread.learning.datasets.vocabulary import Unmapped, listed, vocabulary

__all__ = ["read_padchest"]

_REQUIRED = ("ImageID", "ImageDir", "PatientID", "Projection", "Labels")
_LONGEST_LIST = 10_000
_OLDEST_YEARS = 120


def read_padchest(root: Path, unmapped: Unmapped | None = None) -> Iterator[LabelledFilm]:
    """All films; the age is a difference of years, of `StudyDate_DICOM` and `PatientBirth`. Raises DatasetError."""
    unmapped = Unmapped() if unmapped is None else unmapped
    for row in rows(find_table(root, "PADCHEST_chest_x_ray_images_labels*.csv"), _REQUIRED):
        image, folder = row.given("ImageID"), row.text("ImageDir")
        yield LabelledFilm(
            file=f"{folder}/{image}" if folder else image,
            dataset="padchest",
            image_id=image,
            patient_id=f"padchest:{row.given('PatientID')}",
            labels=_labels(row, unmapped),
            view_position=row.text("Projection"),
            patient_sex=sex(row.text("PatientSex_DICOM")),
            patient_age_years=_age_years(row),
            source_pixels=row.short_side_px("Rows_DICOM", "Columns_DICOM"),
        )


def _labels(row: Row, unmapped: Unmapped) -> dict[FindingName, Label]:
    if row.text("Projection") == "EXCLUDE":
        return {}
    return listed((word.strip().lower() for word in _words(row)), vocabulary("padchest"), unmapped)


def _words(row: Row) -> list[str]:
    text = row.text("Labels")
    if text in ("", "nan"):
        return []
    try:
        words = ast.literal_eval(text[:_LONGEST_LIST])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise row.malformed("Labels", "a list of words") from None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise row.malformed("Labels", "a list of words")
    return words


def _age_years(row: Row) -> float | None:
    studied, born = row.text("StudyDate_DICOM")[:4], row.optional_number("PatientBirth")
    if born is None or not studied.isdecimal():
        return None
    years = int(studied) - born
    return years if 0 <= years <= _OLDEST_YEARS else None
