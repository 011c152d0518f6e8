"""What a cell is held against: its first studies, frozen once and never refitted, so that slow drift cannot move its own yardstick."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from wetread.domain.errors import PermanentError
from wetread.domain.quality import CellKey, FrozenCell, QualityReference
from wetread.evaluation.drift import freeze_bins
from wetread.monitoring.columns import CellColumns

__all__ = ["freeze", "frozen_with"]


def frozen_with(reference: QualityReference, cells: Mapping[CellKey, CellColumns], studies: int) -> QualityReference:
    """The reference with every cell that is not in it yet and has `studies` studies: its oldest ones, to the end of the day on which there are enough."""
    known = {each.key for each in reference.cells}
    new = [
        freeze(key, columns, studies) for key, columns in cells.items() if key not in known and len(columns) >= studies
    ]
    return replace(reference, cells=(*reference.cells, *new)) if new else reference


def freeze(key: CellKey, columns: CellColumns, studies: int) -> FrozenCell:
    """The first `studies` of (n,) columns and the rest of their last day. Raises ValueError when there are fewer."""
    if len(columns) < studies:
        raise ValueError(f"{len(columns)} studies cannot give a reference of {studies}")
    last_day = str(columns.days[studies - 1])
    first = columns.where(columns.days <= last_day)
    scores = first.first_of_each_patient().raw
    positive, decided = first.truth == 1, first.called & ~np.isnan(first.stated)
    try:
        bins = freeze_bins(scores)
        edges, counts = bins.edges, bins.counts
    except PermanentError:  # fewer than ten patients a bin: no index, the rest is frozen all the same
        edges, counts = (), ()
    return FrozenCell(
        key=key,
        first_day=str(first.days[0]),
        last_day=last_day,
        edges=edges,
        counts=counts if len(counts) > 1 else (),
        scores=tuple(float(each) for each in np.sort(scores)),
        missed=int((positive & ~first.called).sum()),
        positives=int(positive.sum()),
        overridden=int((decided & (first.stated == 0)).sum()),
        called=int(decided.sum()),
    )
