"""Reads the film manifest and the teacher's soft targets, and turns report labels into targets.

Labels of NIH ChestX-ray14 (Wang et al., CVPR 2017) were text-mined from reports; `rsna_class` is the radiologists' reading
of the RSNA 2018 challenge. A target that nobody gave is NaN and is left out of the loss.
"""

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wetread.domain.errors import PermanentError

__all__ = [
    "COMMON_PX",
    "FINDINGS",
    "LUNG_OPACITY",
    "NIH_LABELS",
    "Box",
    "Film",
    "boxes",
    "learnable",
    "manifest_hash",
    "read_manifest",
    "read_teacher",
    "targets",
]

NIH_LABELS = (
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax",
    "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening", "Hernia",
)  # fmt: skip
LUNG_OPACITY = "lung_opacity"
FINDINGS = (*(label.lower() for label in NIH_LABELS), LUNG_OPACITY)
COMMON_PX = 128
"""Films that exist only at this short side come at natural prevalence (complete consecutive patients)."""
_BOX_PX = 1024
_PNEUMONIA = NIH_LABELS.index("Pneumonia")
_RSNA_POSITIVE = "Lung Opacity"
_COLUMNS = frozenset(
    {
        "file", "dataset", "image_id", "patient_id", "view_position", "labels", "split", "source_pixels", "rsna_class",
        "nih_boxes", "rsna_boxes",
    }
)  # fmt: skip


Box = tuple[float, float, float, float]
"""(column, row, width, height)"""


@dataclass(frozen=True, slots=True)
class Film:
    """One row of the manifest. Boxes stay the source's JSON text, in 1024 x 1024 pixels. Sex and age may be absent."""

    file: str
    dataset: str
    image_id: str
    patient_id: str
    view_position: str
    labels: frozenset[str]
    split: str
    source_pixels: int
    rsna_class: str
    nih_boxes: str
    rsna_boxes: str
    patient_sex: str = ""
    patient_age_years: int | None = None

    @property
    def is_nih(self) -> bool:
        return self.dataset.startswith("NIH")


def read_manifest(path: Path) -> list[Film]:
    """All films of `manifest.csv`, in its order; raises PermanentError(code='bad_manifest') that names the line and the problem."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            missing = _COLUMNS.difference(reader.fieldnames or ())
            if missing:
                raise _bad(path, f"it has no column {', '.join(sorted(missing))}")
            return [_numbered(path, reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or f"not a CSV file ({error})"
        raise _bad(path, reason) from error


def _bad(path: Path, problem: str) -> PermanentError:
    return PermanentError(f"manifest {path}: {problem}", code="bad_manifest")


def _numbered(path: Path, line: int, row: dict[str, str]) -> Film:
    try:
        film = _film(row)
        boxes(film)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise _bad(path, f"line {line} cannot be understood ({type(error).__name__}: {error})") from error
    return film


def _film(row: dict[str, str]) -> Film:
    return Film(
        file=row["file"],
        dataset=row["dataset"],
        image_id=row["image_id"],
        patient_id=f"{row['dataset'].split()[0]}:{row['patient_id']}",
        view_position=row["view_position"],
        labels=frozenset(row["labels"].split("|")),
        split=row["split"],
        source_pixels=int(row["source_pixels"]),
        rsna_class=row["rsna_class"],
        nih_boxes=row["nih_boxes"],
        rsna_boxes=row["rsna_boxes"],
        patient_sex=row.get("patient_sex", ""),
        patient_age_years=int(age) if (age := row.get("patient_age_years")) else None,
    )


def manifest_hash(path: Path) -> str:
    """SHA-256 of the manifest file: the name of the data a run used."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def targets(films: list[Film]) -> NDArray[np.float32]:
    """(film, finding) 1 stated present, 0 absent, NaN unknown, in the order of FINDINGS."""
    table = np.full((len(films), len(FINDINGS)), np.nan, np.float32)
    for index, film in enumerate(films):
        if film.is_nih:
            table[index, :-1] = [label in film.labels for label in NIH_LABELS]
        if film.rsna_class:
            table[index, -1] = film.rsna_class == _RSNA_POSITIVE
    return table


def learnable(films: list[Film]) -> NDArray[np.float32]:
    """`targets` without those that would teach the source instead of the disease.

    Nearly all pneumonia films were picked by others and exist larger than the common size. On common films "no pneumonia" is true
    but gives the source away: a reader taught with it told the sources apart (AUROC 0.88 on val) and hardly pneumonia.
    """
    table = targets(films)
    common = np.array([film.source_pixels <= COMMON_PX for film in films])
    table[common, _PNEUMONIA] = np.nan
    return table


def boxes(film: Film) -> dict[int, list[Box]]:
    """{finding: [(column, row, width, height) in 0..1 of the square film]}; an opacity's box also for the labels it explains."""
    found: dict[int, list[Box]] = {}
    names = {label.lower(): index for index, label in enumerate(NIH_LABELS)} | {"infiltrate": 3}
    rows = [(names[row[0].lower()], row[1:5]) for row in json.loads(film.nih_boxes or "[]")]
    for label in (LUNG_OPACITY, "Infiltration", "Consolidation", "Pneumonia"):
        if label == LUNG_OPACITY or label in film.labels:
            rows += [(FINDINGS.index(label.lower()), row[:4]) for row in json.loads(film.rsna_boxes or "[]")]
    for finding, (column, row, width, height) in rows:
        found.setdefault(finding, []).append((column / _BOX_PX, row / _BOX_PX, width / _BOX_PX, height / _BOX_PX))
    return found


def read_teacher(path: Path, films: list[Film]) -> NDArray[np.float32]:
    """(film, finding) probabilities of the reference CheXNet, NaN where it has not read the film (or the finding)."""
    with path.open(newline="") as stream:
        rows = {row["image_id"]: [float(row[label]) for label in NIH_LABELS] for row in csv.DictReader(stream)}
    table = np.full((len(films), len(FINDINGS)), np.nan, np.float32)
    for index, film in enumerate(films):
        if film.is_nih and film.image_id in rows:
            table[index, :-1] = rows[film.image_id]
    return table
