"""Turns films of the shipped run's manifest into the common format; that manifest stays as it is, since its digest names the data the bundle was trained on."""

import json

from wetread.domain.finding import FindingName
from wetread.learning.datasets.labelled_film import Box, Label, LabelledFilm
from wetread.learning.datasets.vocabulary import Unmapped, listed, vocabulary
from wetread.learning.manifest import Film

__all__ = ["from_shipped"]

_SIDE_PX = 1024


def from_shipped(film: Film, unmapped: Unmapped | None = None) -> LabelledFilm:
    """The same film: NIH labels as `read_nih` reads them, the RSNA reading as lung opacity."""
    unmapped = Unmapped() if unmapped is None else unmapped
    labels = listed(film.labels, vocabulary("nih"), unmapped) if film.is_nih else {}
    if film.rsna_class:
        labels[FindingName.LUNG_OPACITY] = Label.POSITIVE if film.rsna_class == "Lung Opacity" else Label.NEGATIVE
    rsna = [("", *entry[:4]) for entry in json.loads(film.rsna_boxes or "[]")]
    return LabelledFilm(
        file=film.file,
        dataset=film.dataset,
        image_id=film.image_id,
        patient_id=film.patient_id,
        labels=labels,
        view_position=film.view_position,
        boxes=tuple(box for entry in (*json.loads(film.nih_boxes or "[]"), *rsna) for box in _boxes(entry)),
        split=film.split,
        source_pixels=film.source_pixels,
    )


def _boxes(entry: tuple[str, float, float, float, float]) -> list[Box]:
    word, column, row, width, height = entry
    names = vocabulary("nih").findings[word] if word else (FindingName.LUNG_OPACITY,)
    return [Box(name, row, column, height, width, _SIDE_PX, _SIDE_PX) for name in names]
