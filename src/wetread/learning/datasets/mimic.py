"""MIMIC-CXR-JPG (Johnson et al., 2019, arXiv:1901.07042): mimic-cxr-2*-{chexpert,split,metadata}.csv[.gz], files/pNN/pSUBJECT/sSTUDY/DICOM.jpg.

Labels belong to a study (subject_id, study_id) and pass to each of its films (dicom_id); the cells are CheXpert's: 1, 0, -1, blank.
A study without a row of labels gives films without labels. Sex and age are not in these tables.
"""

from collections.abc import Iterator
from pathlib import Path

from wetread.domain.finding import FindingName
from wetread.learning.datasets.labelled_film import Label, LabelledFilm
from wetread.learning.datasets.tables import Row, find_table, rows
from wetread.learning.datasets.vocabulary import Unmapped, four_states, vocabulary

__all__ = ["read_mimic"]

_FILM = ("dicom_id", "subject_id", "study_id")


def read_mimic(root: Path, unmapped: Unmapped | None = None) -> Iterator[LabelledFilm]:
    """All films of the metadata table joined with split and labels. Raises DatasetError."""
    labels = _labels(root, Unmapped() if unmapped is None else unmapped)
    splits = {
        row.given("dicom_id"): row.given("split")
        for row in rows(find_table(root, "mimic-cxr-2*-split.csv"), (*_FILM, "split"))
    }
    for row in rows(find_table(root, "mimic-cxr-2*-metadata.csv"), (*_FILM, "ViewPosition", "Rows", "Columns")):
        subject, study, image = row.given("subject_id"), row.given("study_id"), row.given("dicom_id")
        yield LabelledFilm(
            file=f"files/p{subject[:2]}/p{subject}/s{study}/{image}.jpg",
            dataset="mimic",
            image_id=image,
            patient_id=f"mimic:{subject}",
            labels=labels.get((subject, study), {}),
            view_position=row.text("ViewPosition"),
            split=splits.get(image, ""),
            source_pixels=row.short_side_px("Rows", "Columns"),
        )


def _labels(root: Path, unmapped: Unmapped) -> dict[tuple[str, str], dict[FindingName, Label]]:
    known = vocabulary("chexpert")
    table = rows(find_table(root, "mimic-cxr-2*-chexpert.csv"), ("subject_id", "study_id", *known.findings))
    return {_study(row): four_states(row, known, ("No Finding",), unmapped) for row in table}


def _study(row: Row) -> tuple[str, str]:
    return row.given("subject_id"), row.given("study_id")
