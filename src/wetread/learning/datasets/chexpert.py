"""CheXpert (Irvin et al., AAAI 2019) and CheXpert Plus (Chambon et al., 2024, arXiv:2405.19538).

CheXpert: train.csv, valid.csv (and test.csv); a row per film, 1 stated present, 0 stated absent, -1 uncertain, blank unmentioned. valid and test were read
by radiologists. CheXpert Plus: df_chexpert_plus_*.csv for the films and chexbert_labels/{report,impression}_fixed.json, one JSON object a line, for the labels.
`No Finding` is a conclusion of the labeller from the other columns, not an observation: it is counted as unmapped and denies nothing.
"""

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from wetread.domain.finding import FindingName
from wetread.learning.datasets.labelled_film import DatasetError, Label, LabelledFilm
from wetread.learning.datasets.tables import Row, find_table, rows, sex
from wetread.learning.datasets.vocabulary import Unmapped, four_states, vocabulary

__all__ = ["read_chexpert", "read_chexpert_plus"]

_REQUIRED = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *vocabulary("chexpert").findings)
_PLUS_REQUIRED = ("path_to_image", "frontal_lateral", "ap_pa", "deid_patient_id", "age", "sex", "split")
_TABLES = ("train", "valid", "test")


def read_chexpert(root: Path, unmapped: Unmapped | None = None) -> Iterator[LabelledFilm]:
    """All films of train.csv, valid.csv and, where there, test.csv; `file` is without the leading `CheXpert-v1.0*/`. Raises DatasetError."""
    unmapped = Unmapped() if unmapped is None else unmapped
    find_table(root, *(f"{name}.csv" for name in _TABLES))
    for split in _TABLES:
        for path in (path for path in (root / f"{split}.csv", root / f"{split}.csv.gz") if path.is_file()):
            for row in rows(path, _REQUIRED):
                yield _film(row, split, unmapped)


def _film(row: Row, split: str, unmapped: Unmapped) -> LabelledFilm:
    parts = PurePosixPath(row.given("Path")).parts
    file = PurePosixPath(*parts[1:] if parts[0].startswith("CheXpert-v1.0") else parts)
    return LabelledFilm(
        file=file.as_posix(),
        dataset="chexpert",
        image_id=file.as_posix(),
        patient_id=f"chexpert:{_patient(row, 'Path', file)}",
        labels=four_states(row, vocabulary("chexpert"), ("No Finding",), unmapped),
        view_position=_view(row.text("Frontal/Lateral"), row.text("AP/PA")),
        patient_sex=sex(row.text("Sex")),
        patient_age_years=row.age_years("Age"),
        split=split,
    )


def _patient(row: Row, column: str, file: PurePosixPath) -> str:
    for part in file.parts:
        if part.startswith("patient"):
            return part
    raise row.malformed(column, "a path with a folder patientNNNNN")


def _view(frontal_lateral: str, ap_pa: str) -> str:
    return "LATERAL" if frontal_lateral == "Lateral" else ap_pa


def read_chexpert_plus(root: Path, unmapped: Unmapped | None = None) -> Iterator[LabelledFilm]:
    """All films; one without a line in the label file gets no labels. Patients are CheXpert's own, so the ids are too. Raises DatasetError."""
    unmapped = Unmapped() if unmapped is None else unmapped
    labels = _plus_labels(find_table(root / "chexbert_labels", "report_fixed.json", "impression_fixed.json"), unmapped)
    for row in rows(find_table(root, "df_chexpert_plus_*.csv"), _PLUS_REQUIRED):
        file = row.given("path_to_image")
        yield LabelledFilm(
            file=file,
            dataset="chexpert-plus",
            image_id=file,
            patient_id=f"chexpert:{row.given('deid_patient_id')}",
            labels=labels.get(file, {}),
            view_position=_view(row.text("frontal_lateral"), row.text("ap_pa")),
            patient_sex=sex(row.text("sex")),
            patient_age_years=row.age_years("age"),
            split=row.text("split"),
        )


def _plus_labels(path: Path, unmapped: Unmapped) -> dict[str, dict[FindingName, Label]]:
    found = {}
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            row = _plus_row(path.name, number, line)
            found[row.given("path_to_image")] = four_states(row, vocabulary("chexpert"), ("No Finding",), unmapped)
    return found


def _plus_row(table: str, number: int, line: str) -> Row:
    try:
        entries = json.loads(line)
        cells = {str(key): "" if value is None else str(value) for key, value in entries.items()}
    except (ValueError, AttributeError):
        raise DatasetError(f"{table}, row {number}: not a JSON object. Fetch the file again.") from None
    return Row(table, number, {key: "" if value == "nan" else value for key, value in cells.items()})
