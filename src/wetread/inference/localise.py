"""Where a finding is: a box and a side from its class-activation map (Zhou et al., CVPR 2016), in image coordinates."""

from typing import TYPE_CHECKING

from wetread.domain.analysis import Region
from wetread.domain.heat import hot_cells, hot_from

if TYPE_CHECKING:
    from numpy import bool_, float32
    from numpy.typing import NDArray

__all__ = ["hot_region", "laterality"]

_ONE_SIDED_SHARE = 0.7
"""Share of the hot evidence that must lie in one half of the image before a side is named."""


def _hot(cam: "NDArray[float32]") -> "NDArray[bool_]":
    import numpy as np

    return np.asarray(cam >= hot_from(float(np.median(cam)), float(cam.max())))


def hot_region(cam: "NDArray[float32]", extent: Region, image_rows: int, image_columns: int) -> Region | None:
    """Bounding box of the hot cells joined to the peak cell, clipped to the image; None when it lies in the padding.

    `cam` float32 (row, column); `extent` is the part of the image plane that the grid covers (it may reach beyond the image).
    """
    rows, columns = (sorted(places) for places in zip(*hot_cells(cam.tolist()), strict=True))
    row_px = (extent.row_stop - extent.row_start) / cam.shape[0]
    column_px = (extent.column_stop - extent.column_start) / cam.shape[1]
    region = Region(
        max(0, round(extent.row_start + rows[0] * row_px)),
        min(image_rows, round(extent.row_start + (rows[-1] + 1) * row_px)),
        max(0, round(extent.column_start + columns[0] * column_px)),
        min(image_columns, round(extent.column_start + (columns[-1] + 1) * column_px)),
    )
    empty = region.row_stop <= region.row_start or region.column_stop <= region.column_start
    return None if empty else region


def laterality(cam: "NDArray[float32]", patient_orientation: tuple[str, ...]) -> str:
    """'left', 'right' or 'bilateral': the patient's side of the hot evidence.

    PS3.3 C.7.6.1.1.1: the first PatientOrientation value says where columns lead; 'L' (or absent, the usual display) means the image's right is the patient's left.
    """
    import numpy as np

    evidence = np.where(_hot(cam), cam - float(np.median(cam)), 0.0)
    middle = cam.shape[1] / 2
    centres = np.arange(cam.shape[1]) + 0.5
    per_column = evidence.sum(axis=0)
    total = float(per_column.sum())
    if total <= 0:
        return ""
    image_right = float(per_column[centres > middle].sum() + 0.5 * per_column[centres == middle].sum()) / total
    mirrored = bool(patient_orientation) and patient_orientation[0].upper().startswith("R")
    patient_left = 1.0 - image_right if mirrored else image_right
    if patient_left >= _ONE_SIDED_SHARE:
        return "left"
    return "right" if patient_left <= 1.0 - _ONE_SIDED_SHARE else "bilateral"
