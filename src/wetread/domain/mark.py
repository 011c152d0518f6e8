"""What a person lays on a film: measurements, and arrows with words. In the film's own coordinates, so that numbers are made anew wherever they are shown."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wetread.domain.identifiers import InstanceKey, StudyKey

__all__ = ["POINTS", "FilmMarks", "Mark", "MarkKind", "ReaderMarks"]


class MarkKind(StrEnum):
    RULER = "ruler"
    ANGLE = "angle"
    RATIO = "ratio"
    """Cardiothoracic: two widths, the heart's first."""
    ARROW = "arrow"


POINTS = {MarkKind.RULER: 2, MarkKind.ANGLE: 3, MarkKind.RATIO: 4, MarkKind.ARROW: 2}


@dataclass(frozen=True, slots=True)
class Mark:
    """`points` are (column, row) of stored pixels, (0, 0) the corner of the first; `text` stands beside an arrow and may name anybody."""

    kind: MarkKind
    points: tuple[tuple[float, float], ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class FilmMarks:
    instance_key: InstanceKey
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class ReaderMarks:
    """One person's marks on one study while report `version` was written (1: before there is any)."""

    study_key: StudyKey
    reader_id: str
    reader_name: str
    version: int
    saved_at: datetime
    films: tuple[FilmMarks, ...]
