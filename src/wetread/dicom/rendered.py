"""A decoded frame as the picture that a caller asked for (PS3.18 §8.3.5.1): window, part, size, JPEG or PNG. Runs only inside the sandbox child."""

from math import floor

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from wetread.dicom.frame import Frame
from wetread.dicom.render import png_grey
from wetread.domain.errors import UnsuitableImage
from wetread.inference.resample import area_average
from wetread.ports.instance_forms import Rendering

__all__ = ["LARGEST_SIDE_PX", "picture"]

LARGEST_SIDE_PX = 8192
_JPEG = imagecodecs.jpeg8_encode


def picture(frame: Frame, wanted: Rendering) -> bytes:
    """8-bit greyscale; pixels that are not square become square. Raises UnsuitableImage('no_such_region')."""
    part, (high, wide) = _part(frame, wanted.region)
    rows, columns = _size(high, wide, wanted.viewport)
    grey = _scaled(part, frame, rows, columns)
    if wanted.mirrored[0]:
        grey = grey[:, ::-1]
    if wanted.mirrored[1]:
        grey = grey[::-1]
    grey = np.ascontiguousarray(grey)
    return png_grey(grey) if wanted.media_type == "image/png" else bytes(_JPEG(grey, level=wanted.quality))


def _part(
    frame: Frame, region: tuple[int, int, int, int] | None
) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], tuple[float, float]]:
    """The stored values to show, and their size in square pixels."""
    left, top, width, height = region or (0, 0, frame.columns, frame.rows)
    stored = frame.stored[top : top + height, left : left + width]
    if not stored.size:
        raise UnsuitableImage("That part lies outside the image.", code="no_such_region")
    square = min(frame.row_spacing, frame.column_spacing)
    return stored, (stored.shape[0] * frame.row_spacing / square, stored.shape[1] * frame.column_spacing / square)


def _size(high: float, wide: float, viewport: tuple[int, int] | None) -> tuple[int, int]:
    """Rows and columns: as large as fits, or the image's own; never beyond LARGEST_SIDE_PX."""
    within = viewport or (LARGEST_SIDE_PX, LARGEST_SIDE_PX)
    scale = min(within[0] / wide, within[1] / high)
    scale = scale if viewport else min(1.0, scale)
    return max(1, floor(high * scale + 1e-9)), max(1, floor(wide * scale + 1e-9))


def _scaled(stored: NDArray[np.uint8] | NDArray[np.uint16], frame: Frame, rows: int, columns: int) -> NDArray[np.uint8]:
    """Averaged over areas where it gets smaller, interpolated where it gets larger."""
    small_rows, small_columns = min(rows, stored.shape[0]), min(columns, stored.shape[1])
    values = area_average(stored.copy(), frame.display, small_rows, small_columns)
    grey: NDArray[np.uint8] = (np.clip(values, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    if (rows, columns) == grey.shape:
        return grey
    across = _between(values, columns, axis=1)
    return np.asarray(np.clip(_between(across, rows, axis=0), 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def _between(values: NDArray[np.float32], count: int, *, axis: int) -> NDArray[np.float32]:
    """Linear interpolation along one axis, pixel centres kept."""
    held = values.shape[axis]
    at = np.clip((np.arange(count, dtype=np.float32) + 0.5) * (held / count) - 0.5, 0, held - 1)
    low = np.minimum(at.astype(np.int64), max(held - 2, 0))
    weight = (at - low).astype(np.float32)
    weight = weight[:, None] if axis == 0 else weight[None, :]
    first, second = np.take(values, low, axis), np.take(values, np.minimum(low + 1, held - 1), axis)
    return np.asarray(first + (second - first) * weight)
