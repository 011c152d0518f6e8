"""A heat map's cells on the stored image's pixels."""

import numpy as np
from numpy.typing import NDArray

from wetread.domain.analysis import HeatMaps
from wetread.domain.heat import hot_cells

__all__ = ["hot_pixels"]


def hot_pixels(heat: HeatMaps, index: int, rows: int, columns: int) -> NDArray[np.bool_]:
    """bool (rows, columns) of the stored image: the cells that the box of the analysis' finding at `index` goes round."""
    cells = heat.rows * heat.columns
    cam = np.frombuffer(heat.values, "<f2", cells, 2 * cells * index).reshape(heat.rows, heat.columns)
    mask = np.zeros((rows, columns), np.bool_)
    extent = heat.extent
    row_px = (extent.row_stop - extent.row_start) / heat.rows
    column_px = (extent.column_stop - extent.column_start) / heat.columns
    for row, column in hot_cells(cam.tolist()):
        top, left = extent.row_start + row * row_px, extent.column_start + column * column_px
        mask[_from(top) : _from(top + row_px), _from(left) : _from(left + column_px)] = True
    return mask


def _from(edge: float) -> int:
    """A cell's edge as a pixel index; what lies outside the image is cut off."""
    return max(0, round(edge))
