"""One film of any dataset, and the four things a dataset can say about a finding.

A finding missing from `labels` is a fifth thing: the dataset (or this film's annotation) was never asked about it, and no policy makes a target of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName

__all__ = ["Box", "DatasetError", "Label", "LabelledFilm"]


class DatasetError(PermanentError):
    """The dataset folder or manifest is not what its format says. Names files, rows and columns, never a cell's content."""

    code = "dataset"


class Label(StrEnum):
    """CheXpert's four states (Irvin et al., AAAI 2019): 1, 0, -1 and blank."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    UNCERTAIN = "uncertain"
    UNMENTIONED = "unmentioned"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of a frame of `frame_rows_px` x `frame_columns_px`; 0 x 0: the pixels of the film's own file.

    `reader` is the dataset's pseudonym of who drew it, empty if not told.
    """

    finding: FindingName
    row_px: float
    column_px: float
    height_px: float
    width_px: float
    frame_rows_px: int = 0
    frame_columns_px: int = 0
    reader: str = ""


@dataclass(frozen=True, slots=True)
class LabelledFilm:
    """One film. `file` is relative to the dataset's root; `patient_id` is unique across datasets (`nih:1`).

    `source_pixels` is the short side of the file in pixels, 0 if the tables do not tell; `split` is the publisher's (or ours), empty if none.
    """

    file: str
    dataset: str
    image_id: str
    patient_id: str
    labels: Mapping[FindingName, Label]
    view_position: str = ""
    patient_sex: str = ""
    patient_age_years: float | None = None
    boxes: tuple[Box, ...] = ()
    split: str = ""
    source_pixels: int = 0
