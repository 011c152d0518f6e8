"""RSNA Pneumonia Detection Challenge 2018 (Shih et al., Radiology: AI 2019): stage_2_train_labels.csv, stage_2_detailed_class_info.csv, stage_2_train_images/*.dcm.

Radiologists drew boxes around opacities suspicious for pneumonia: Target 1 is POSITIVE for lung opacity and, being a suspicion, UNCERTAIN for pneumonia; Target 0 is
NEGATIVE for both. `patientId` names a film. The films are NIH ChestX-ray14's: with pneumonia-challenge-dataset-mappings_2018.json beside the tables the patient
is NIH's (`nih:1`), so that merged manifests cannot leak; without it each film stands for a patient of its own.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from wetread.domain.finding import FindingName
from wetread.learning.datasets.labelled_film import Box, DatasetError, Label, LabelledFilm
from wetread.learning.datasets.tables import Row, find_table, rows
from wetread.learning.datasets.vocabulary import Unmapped, vocabulary

__all__ = ["read_rsna"]

_SIDE_PX = 1024
_POSITIVE_CLASS = "Lung Opacity"
_MAPPING = "pneumonia-challenge-dataset-mappings_2018.json"
_CORNER = ("x", "y", "width", "height")


def read_rsna(root: Path, unmapped: Unmapped | None = None) -> Iterator[LabelledFilm]:
    """All films, boxes in their 1024 x 1024 pixels. Raises DatasetError, also where the two tables contradict each other."""
    classes = _classes(root, Unmapped() if unmapped is None else unmapped)
    patients = _patients(root / _MAPPING)
    found: dict[str, list[Row]] = {}
    for row in rows(find_table(root, "stage_2_train_labels.csv"), ("patientId", "Target", *_CORNER)):
        found.setdefault(row.given("patientId"), []).append(row)
    for image, table in found.items():
        yield LabelledFilm(
            file=f"stage_2_train_images/{image}.dcm",
            dataset="rsna",
            image_id=image,
            patient_id=patients.get(image, f"rsna:{image}"),
            labels=_labels(table, classes.get(image, "")),
            boxes=tuple(_box(row) for row in table if _target(row)),
            source_pixels=_SIDE_PX,
        )


def _classes(root: Path, unmapped: Unmapped) -> dict[str, str]:
    table = rows(find_table(root, "stage_2_detailed_class_info.csv"), ("patientId", "class"))
    classes = {row.given("patientId"): row.given("class") for row in table}
    unmapped.update(name for name in classes.values() if name not in vocabulary("rsna").normal | {_POSITIVE_CLASS})
    return classes


def _target(row: Row) -> bool:
    if row.text("Target") not in ("0", "1"):
        raise row.malformed("Target", "0 or 1")
    return row.text("Target") == "1"


def _labels(table: list[Row], name: str) -> dict[FindingName, Label]:
    positive = {_target(row) for row in table}
    if positive != {name == _POSITIVE_CLASS}:
        raise table[0].malformed("Target", "the same finding as in stage_2_detailed_class_info.csv")
    if name == _POSITIVE_CLASS:
        return {FindingName.PNEUMONIA: Label.UNCERTAIN, FindingName.LUNG_OPACITY: Label.POSITIVE}
    return {FindingName.PNEUMONIA: Label.NEGATIVE, FindingName.LUNG_OPACITY: Label.NEGATIVE}


def _box(row: Row) -> Box:
    column, line, width, height = map(row.number_of, _CORNER)
    return Box(FindingName.LUNG_OPACITY, line, column, height, width, _SIDE_PX, _SIDE_PX)


def _patients(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        entries = json.loads(path.read_text("utf-8"))
        return {entry["subset_img_id"]: f"nih:{int(entry['img_id'].split('_')[0])}" for entry in entries}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DatasetError(
            f"{path.name} is not the challenge's list of subset_img_id and img_id. Fetch it again, or remove it."
        ) from None
