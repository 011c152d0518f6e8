"""Rows of the prediction log to columns per cell, oldest first: what a statistic may take."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from wetread.domain.quality import CellKey
from wetread.evaluation.inputs import Flags, Floats
from wetread.evaluation.slices import age_band
from wetread.monitoring.prediction_log import CONFLICT, PredictionRow

__all__ = ["CellColumns", "cell_columns"]

_CHANGED = {"accepted": 0.0, "kept": 0.0, "edited": 1.0, "deleted": 1.0}
Texts = np.typing.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class CellColumns:
    """(n,) each, by day and study key. `truth` is 0, 1 or NaN (no definite label); `stated` is 1 where the report states the finding, 0 where it denies or does not mention it,
    NaN where it leaves it open; `own` what the reader said before the AI was shown, "" for nothing; `edited` NaN without a draft; `changed` 1 where the draft's sentence on the finding was edited or deleted, NaN where it had none; `minutes` from receipt to signature."""

    studies: Texts
    patients: Texts
    days: Texts
    labels: Texts
    sources: Texts
    truth: Floats
    stated: Floats
    probability: Floats
    raw: Floats
    called: Flags
    truth_probability: Floats
    edited: Floats
    changed: Floats
    minutes: Floats
    sex: Texts
    age: Texts
    view: Texts
    own: Texts

    def __len__(self) -> int:
        return len(self.studies)

    def where(self, chosen: Flags) -> "CellColumns":
        return CellColumns(*(getattr(self, each.name)[chosen] for each in fields(self)))

    def since(self, day: str) -> "CellColumns":
        """Studies received on this day (ISO) or later."""
        return self.where(self.days >= day)

    def after(self, day: str) -> "CellColumns":
        return self.where(self.days > day)

    def before(self, day: str) -> "CellColumns":
        return self.where(self.days < day)

    @property
    def labelled(self) -> Flags:
        return ~np.isnan(self.truth)

    @property
    def sampled(self) -> bool:
        """True where not every study was to be ascertained: then plain shares are biased."""
        return bool((self.truth_probability < 1).any())

    @property
    def conflicting(self) -> int:
        return int((self.sources == CONFLICT).sum())

    def first_of_each_patient(self) -> "CellColumns":
        """One study a patient, the oldest: what tests of independent cases take."""
        _, first = np.unique(self.patients, return_index=True)
        chosen = np.zeros(len(self), dtype=np.bool_)
        chosen[first] = True
        return self.where(chosen)


def cell_columns(rows: Iterable[PredictionRow], unmentioned_as: str = "negative") -> dict[CellKey, CellColumns]:
    """Cells by key, sorted. `unmentioned_as` "negative" or "ignore": what a finding that a report does not mention counts as.

    Raises ValueError on a study twice in a cell, on a probability outside 0..1, on a truth probability outside (0, 1].
    """
    if unmentioned_as not in ("negative", "ignore"):
        raise ValueError(f"a finding not mentioned counts as negative or is ignored, not {unmentioned_as!r}")
    cells: dict[CellKey, list[PredictionRow]] = defaultdict(list)
    for row in rows:
        scanner = f"{row.manufacturer} {row.scanner}".strip() or "unnamed"
        cells[CellKey(row.site, scanner, row.finding, row.model)].append(row)
    order = sorted(cells, key=lambda each: (each.site, each.scanner, each.finding, each.model))
    return {key: _columns(cells[key], unmentioned_as) for key in order}


def _columns(rows: list[PredictionRow], unmentioned_as: str) -> CellColumns:
    rows = sorted(rows, key=lambda each: (each.date, each.study))
    studies = np.array([each.study for each in rows], dtype=np.str_)
    if len(np.unique(studies)) < len(studies):
        raise ValueError("a study stands in one cell once: the same read was logged twice")
    probability = np.array([each.probability for each in rows], dtype=np.float64)
    chance = np.array([each.truth_probability for each in rows], dtype=np.float64)
    if not ((probability >= 0) & (probability <= 1)).all() or not ((chance > 0) & (chance <= 1)).all():
        raise ValueError("probabilities lie in 0..1, the chance of a truth above 0: was a raw score logged?")
    values = {"positive": 1.0, "negative": 0.0}
    not_mentioned = {"negative": 0.0, "ignore": np.nan}[unmentioned_as]
    labels = [each.label for each in rows]
    return CellColumns(
        studies=studies,
        patients=np.array([each.patient or f"study:{each.study}" for each in rows], dtype=np.str_),
        days=np.array([each.date for each in rows], dtype=np.str_),
        labels=np.array(labels, dtype=np.str_),
        sources=np.array([each.label_source for each in rows], dtype=np.str_),
        truth=np.array([not_mentioned if each == "not_mentioned" else values.get(each, np.nan) for each in labels]),
        stated=np.array([0.0 if each == "not_mentioned" else values.get(each, np.nan) for each in labels]),
        probability=probability,
        raw=np.array([each.raw_score for each in rows], dtype=np.float64),
        called=probability >= np.array([each.threshold for each in rows]),
        truth_probability=chance,
        edited=np.array([np.nan if each.edited is None else float(each.edited) for each in rows]),
        changed=np.array([_CHANGED.get(each.sentence, np.nan) for each in rows]),
        minutes=np.array([each.turnaround_min for each in rows], dtype=np.float64),
        sex=np.array([each.sex for each in rows], dtype=np.str_),
        age=np.array([age_band(each.age) for each in rows], dtype=np.str_),
        view=np.array([each.view for each in rows], dtype=np.str_),
        own=np.array([each.own_label for each in rows], dtype=np.str_),
    )
