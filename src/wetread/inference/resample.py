"""Decides how a film becomes the network's input: exact area averaging of display values, proportions kept, centred on black.

The table look-up is fused into the averaging, so the full-size film is read once and never copied. The loop is C where the extension was built (`_area.c`),
numpy elsewhere, with the same result.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wetread.domain.analysis import Region
from wetread.ports.decoder import DecodedImage

__all__ = ["area_average", "average_with_numpy", "displayed_grey", "fit_long_side"]

_Stored = NDArray[np.uint8] | NDArray[np.uint16]
_BLOCK_BYTES = 1 << 22


def _compiled() -> Callable[..., None] | None:
    """The C loop; None where there was no compiler when wetread was installed: numpy gives the same numbers, slower."""
    try:
        from wetread.inference import _area
    except ImportError:
        return None
    return _area.area_average


_average_in_c = _compiled()


def area_average(stored: _Stored, display: NDArray[np.float32], out_rows: int, out_columns: int) -> NDArray[np.float32]:
    """float32 (out_rows, out_columns): each output pixel is the mean of `display[stored]` over the input area it covers, borders weighted by overlap.

    `stored` (row, column) uint8 or uint16, every value below `len(display)`; raises ValueError otherwise.
    """
    if stored.ndim != 2 or not stored.size or out_rows < 1 or out_columns < 1:
        raise ValueError("area_average needs a two-dimensional image and a positive size")
    if _average_in_c is None:
        return average_with_numpy(stored, display, out_rows, out_columns)
    out = np.empty((out_rows, out_columns), np.float32)
    source, table = np.ascontiguousarray(stored), np.ascontiguousarray(display, np.float32)
    _average_in_c(source, source.itemsize, *source.shape, table, out, out_rows, out_columns)
    return out


def average_with_numpy(
    stored: _Stored, display: NDArray[np.float32], out_rows: int, out_columns: int
) -> NDArray[np.float32]:
    """`area_average` without the extension. Blocks of rows: look up, average along columns by cumulative sums, then add into the output rows by overlap."""
    rows, columns = stored.shape
    if int(stored.max()) >= len(display):
        raise ValueError("a stored value has no entry in the display table")
    out = np.zeros((out_rows, out_columns))
    step = max(1, _BLOCK_BYTES // (8 * columns))
    for start in range(0, rows, step):
        block = stored[start : start + step]
        sums = _column_sums(display[block], out_columns)
        _add_rows(out, sums, start, rows)
    return np.asarray(out * (out_rows / rows * out_columns / columns), np.float32)


def _column_sums(values: NDArray[np.float32], out_columns: int) -> NDArray[np.float64]:
    """(row, out_column): integral of each row over each output column's span."""
    rows, columns = values.shape
    total = np.zeros((rows, columns + 1))
    np.cumsum(values, axis=1, dtype=np.float64, out=total[:, 1:])
    edges = np.arange(out_columns + 1) * (columns / out_columns)
    whole = np.minimum(edges.astype(np.int64), columns - 1)
    integral = total[:, whole] + (edges - whole) * (total[:, whole + 1] - total[:, whole])
    return np.diff(integral, axis=1)


def _add_rows(out: NDArray[np.float64], sums: NDArray[np.float64], start: int, rows: int) -> None:
    scale = out.shape[0] / rows
    for index, line in enumerate(sums, start):
        top, bottom = index * scale, (index + 1) * scale
        for target in range(int(top), min(int(np.ceil(bottom - 1e-12)), out.shape[0])):
            overlap = min(bottom, target + 1) - max(top, target)
            out[target] += line * (overlap / scale)


class _Displayed(Protocol):
    """A `DecodedImage`, or the frame that it comes from."""

    @property
    def stored(self) -> _Stored: ...
    @property
    def display(self) -> NDArray[np.float32]: ...
    @property
    def rows(self) -> int: ...
    @property
    def columns(self) -> int: ...
    @property
    def row_spacing(self) -> float: ...
    @property
    def column_spacing(self) -> float: ...


def displayed_grey(film: _Displayed, max_side_px: int) -> NDArray[np.uint8]:
    """uint8 (row, column), 0 = black: the film for people, its pixels square again, never enlarged, long side at most `max_side_px`."""
    height, width = film.rows * film.row_spacing, film.columns * film.column_spacing
    scale = min(max_side_px / max(height, width), film.rows / height, film.columns / width)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    shown = area_average(film.stored, film.display, rows, columns)
    return (shown * np.float32(255.0) + np.float32(0.5)).astype(np.uint8)


def fit_long_side(decoded: DecodedImage, side: int) -> tuple[NDArray[np.float32], Region]:
    """float32 (side, side), 0..1: the film in its true proportions, long side = `side`, centred, black around it.

    The Region is the part of the full-size image that the square covers, in its coordinates; it reaches beyond the image where black was added.
    """
    rows, columns = decoded.rows, decoded.columns
    height, width = rows * decoded.row_spacing, columns * decoded.column_spacing
    longest = max(height, width)
    out_rows, out_columns = (max(1, round(side * length / longest)) for length in (height, width))
    top, left = (side - out_rows) // 2, (side - out_columns) // 2
    square = np.zeros((side, side), np.float32)
    square[top : top + out_rows, left : left + out_columns] = area_average(
        decoded.stored, decoded.display, out_rows, out_columns
    )
    row_scale, column_scale = rows / out_rows, columns / out_columns
    extent = Region(
        row_start=round(-top * row_scale),
        row_stop=round((side - top) * row_scale),
        column_start=round(-left * column_scale),
        column_stop=round((side - left) * column_scale),
    )
    return square, extent
