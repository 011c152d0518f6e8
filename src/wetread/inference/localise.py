"""Where a finding is: a box and a side from its class-activation map (Zhou et al., CVPR 2016), in image coordinates."""

from typing import TYPE_CHECKING

from wetread.domain.analysis import Region

if TYPE_CHECKING:
    from numpy import bool_, float32
    from numpy.typing import NDArray

__all__ = ["hot_region", "laterality"]

_HOT_FRACTION = 0.5
"""A cell is hot when it holds at least this fraction of the map's peak above its median (0 = median, 1 = peak)."""

_ONE_SIDED_SHARE = 0.7
"""Share of the hot evidence that must lie in one half of the image before a side is named."""


def _hot(cam: "NDArray[float32]") -> "NDArray[bool_]":
    import numpy as np

    low, peak = float(np.median(cam)), float(cam.max())
    return np.asarray(cam >= low + _HOT_FRACTION * (peak - low))


def hot_region(cam: "NDArray[float32]", extent: Region, image_rows: int, image_columns: int) -> Region | None:
    """Bounding box of the hot cells joined to the peak cell, clipped to the image; None when it lies in the padding.

    `cam` float32 (row, column); `extent` is the part of the image plane that the grid covers (it may reach beyond the image).
    """
    import numpy as np

    member = _around_peak(_hot(cam), divmod(int(np.argmax(cam)), cam.shape[1]))
    rows, columns = np.flatnonzero(member.any(axis=1)), np.flatnonzero(member.any(axis=0))
    row_px = (extent.row_stop - extent.row_start) / cam.shape[0]
    column_px = (extent.column_stop - extent.column_start) / cam.shape[1]
    region = Region(
        max(0, round(extent.row_start + int(rows[0]) * row_px)),
        min(image_rows, round(extent.row_start + (int(rows[-1]) + 1) * row_px)),
        max(0, round(extent.column_start + int(columns[0]) * column_px)),
        min(image_columns, round(extent.column_start + (int(columns[-1]) + 1) * column_px)),
    )
    empty = region.row_stop <= region.row_start or region.column_stop <= region.column_start
    return None if empty else region


def _around_peak(hot: "NDArray[bool_]", peak: tuple[int, int]) -> "NDArray[bool_]":
    """The 4-connected component of hot cells that holds the peak. The grid is a few dozen cells, so a plain walk is enough."""
    import numpy as np

    member = np.zeros_like(hot)
    todo = [peak]
    while todo:
        row, column = todo.pop()
        inside = 0 <= row < hot.shape[0] and 0 <= column < hot.shape[1]
        if inside and hot[row, column] and not member[row, column]:
            member[row, column] = True
            todo += [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    return member


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
