"""VinDr-CXR (Nguyen et al., Scientific Data 2022), in its PhysioNet and its Kaggle layout.

PhysioNet: annotations/image_labels_{train,test}.csv (a row per film and reader, 0/1 per class; test is one consensus row) and annotations_{train,test}.csv
(boxes, by reader). Kaggle (VinBigData): train.csv alone, a row per box or `No finding`. Every reader was asked about every class, so nothing is UNMENTIONED: POSITIVE
if more than half of the readers marked it, NEGATIVE if none did, UNCERTAIN between. No patient ids are published: each film stands for a patient of its own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wetread.domain.finding import FindingName
from wetread.learning.datasets.labelled_film import Box, Label, LabelledFilm
from wetread.learning.datasets.tables import Row, find_table, find_tables, rows
from wetread.learning.datasets.vocabulary import Unmapped, vocabulary

__all__ = ["read_vindr"]

_CONSENSUS = "consensus"
_CORNERS = ("x_min", "y_min", "x_max", "y_max")
_BOX_REQUIRED = ("image_id", "class_name", *_CORNERS)


@dataclass(slots=True)
class _Reading:
    """What the readers of one film marked; findings they could have marked."""

    asked: set[FindingName] = field(default_factory=set)
    marks: dict[str, set[FindingName]] = field(default_factory=dict)
    boxes: list[Box] = field(default_factory=list)

    def labels(self) -> dict[FindingName, Label]:
        return {name: self._label(name) for name in FindingName if name in self.asked}

    def _label(self, name: FindingName) -> Label:
        votes = sum(name in marked for marked in self.marks.values())
        if votes == 0:
            return Label.NEGATIVE
        return Label.POSITIVE if 2 * votes > len(self.marks) else Label.UNCERTAIN


def read_vindr(root: Path, unmapped: Unmapped | None = None) -> Iterator[LabelledFilm]:
    """All films. Boxes are in the pixels of the DICOM file (frame 0 x 0), one per reader who drew it. Raises DatasetError."""
    unmapped = Unmapped() if unmapped is None else unmapped
    physionet = find_tables(root, "annotations/image_labels_*.csv")
    for labels in physionet:
        split = "test" if "_test" in labels.name else "train"
        readings = _global(rows(labels, ("image_id",)), unmapped)
        _add_boxes(readings, rows(find_table(root, f"annotations/annotations_{split}.csv"), _BOX_REQUIRED))
        yield from _films(readings, split)
    if not physionet:
        yield from _films(_local(rows(find_table(root, "train.csv"), (*_BOX_REQUIRED, "rad_id")), unmapped), "train")


def _films(readings: dict[str, _Reading], split: str) -> Iterator[LabelledFilm]:
    for image, reading in readings.items():
        yield LabelledFilm(
            file=f"{split}/{image}.dicom",
            dataset="vindr",
            image_id=image,
            patient_id=f"vindr:{image}",
            labels=reading.labels(),
            boxes=tuple(reading.boxes),
            split=split,
        )


def _global(table: Iterable[Row], unmapped: Unmapped) -> dict[str, _Reading]:
    readings: dict[str, _Reading] = {}
    for row in table:
        reading = readings.setdefault(row.given("image_id"), _Reading())
        marked = reading.marks.setdefault(row.text("rad_id") or _CONSENSUS, set())
        for word in row.cells.keys() - {"image_id", "rad_id"}:
            names = vocabulary("vindr").findings.get(word, ())
            reading.asked.update(names)
            if _marked(row, word):
                marked.update(names)
                _count(word, unmapped)
    return readings


def _marked(row: Row, word: str) -> bool:
    value = row.number_of(word)
    if value not in (0, 1):
        raise row.malformed(word, "0 or 1")
    return value == 1


def _count(word: str, unmapped: Unmapped) -> None:
    known = vocabulary("vindr")
    unmapped.update([] if word in known.findings or word in known.normal else [word])


def _local(table: Iterable[Row], unmapped: Unmapped) -> dict[str, _Reading]:
    readings: dict[str, _Reading] = {}
    asked = {name for word in _KAGGLE_CLASSES for name in vocabulary("vindr").findings.get(word, ())}
    for row in table:
        reading = readings.setdefault(row.given("image_id"), _Reading(asked=asked))
        marked = reading.marks.setdefault(row.given("rad_id"), set())
        marked.update(vocabulary("vindr").findings.get(row.given("class_name"), ()))
        _count(row.given("class_name"), unmapped)
        reading.boxes.extend(_box(row))
    return readings


_KAGGLE_CLASSES = (
    "Atelectasis", "Cardiomegaly", "Consolidation", "Infiltration", "Lung Opacity", "Nodule/Mass", "Pleural effusion",
    "Pleural thickening", "Pneumothorax", "Pulmonary fibrosis",
)  # fmt: skip


def _add_boxes(readings: dict[str, _Reading], table: Iterable[Row]) -> None:
    for row in table:
        if row.given("image_id") not in readings:
            raise row.malformed("image_id", "a film of the table of image labels")
        readings[row.given("image_id")].boxes.extend(_box(row))


def _box(row: Row) -> list[Box]:
    names = vocabulary("vindr").findings.get(row.given("class_name"), ())
    if not names:
        return []
    left, top, right, bottom = map(row.number_of, _CORNERS)
    if right <= left or bottom <= top:
        raise row.malformed("x_max", "a box with a positive width and height")
    return [Box(name, top, left, bottom - top, right - left, reader=row.text("rad_id")) for name in names]
