"""A folder of DICOM files and one CSV beside them: the way to bring films of one's own.

Columns: `file` (relative to the folder) and `PatientID`; optional ViewPosition, PatientSex, PatientAge (PS3.5 AS, or years), Rows, Columns, split; and one
column per finding, named as in wetread.domain.finding, with CheXpert's cells: 1, 0, -1, blank. PatientID becomes a digest: it groups films and is not carried further.
A digest of a guessable id can be guessed; it is no de-identification.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from wetread.learning.datasets.labelled_film import DatasetError, LabelledFilm
from wetread.learning.datasets.tables import Row, find_tables, rows, sex
from wetread.learning.datasets.vocabulary import Unmapped, four_states, vocabulary

__all__ = ["read_dicom_folder"]

_OPTIONAL = {"ViewPosition", "PatientSex", "PatientAge", "Rows", "Columns", "split"}


def read_dicom_folder(root: Path, unmapped: Unmapped | None = None) -> Iterator[LabelledFilm]:
    """All films of the folder's only CSV. Raises DatasetError, also for a file that is not in the folder."""
    unmapped = Unmapped() if unmapped is None else unmapped
    tables = find_tables(root, "*.csv")
    if len(tables) != 1:
        raise DatasetError(
            f"Expected one CSV in the folder, found {len(tables)}. Leave one, with the columns file and PatientID."
        )
    for row in rows(tables[0], ("file", "PatientID")):
        yield _film(root, row, unmapped)


def _film(root: Path, row: Row, unmapped: Unmapped) -> LabelledFilm:
    known = vocabulary("dicom-folder")
    other = row.cells.keys() - known.findings.keys() - _OPTIONAL - {"file", "PatientID"}
    file = _file(root, row)
    return LabelledFilm(
        file=file,
        dataset="dicom-folder",
        image_id=file,
        patient_id=f"dicom-folder:{hashlib.sha256(row.given('PatientID').encode()).hexdigest()[:16]}",
        labels=four_states(row, known, other, unmapped),
        view_position=row.text("ViewPosition"),
        patient_sex=sex(row.text("PatientSex")),
        patient_age_years=row.age_years("PatientAge"),
        split=row.text("split"),
        source_pixels=row.short_side_px("Rows", "Columns"),
    )


def _file(root: Path, row: Row) -> str:
    path = PurePosixPath(row.given("file"))
    if path.is_absolute() or ".." in path.parts or not (root / path).is_file():
        raise row.malformed("file", "the path of a file inside the folder, relative to it")
    return path.as_posix()
