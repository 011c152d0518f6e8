"""Translates a decoded frame into a small 8-bit greyscale PNG for people (ISO/IEC 15948); the pixels are square again."""

from struct import pack
from zlib import compress, crc32

import numpy as np

from wetread.dicom.frame import Frame
from wetread.inference.resample import area_average

__all__ = ["png_of", "shown_size"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png_of(frame: Frame, *, max_side_px: int) -> bytes:
    """The frame through its display table, never enlarged, long side at most `max_side_px`."""
    rows, columns = shown_size(frame, max_side_px)
    shown = area_average(frame.stored, frame.display, rows, columns)
    grey = (shown * np.float32(255.0) + np.float32(0.5)).astype(np.uint8)
    lines = np.zeros((rows, columns + 1), np.uint8)  # each line starts with filter type 0
    lines[:, 1:] = grey
    header = pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    body = compress(lines.tobytes(), 3)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def shown_size(frame: Frame, max_side_px: int) -> tuple[int, int]:
    """Rows and columns of the picture, in the film's true proportions."""
    height, width = frame.rows * frame.row_spacing, frame.columns * frame.column_spacing
    scale = min(max_side_px / max(height, width), frame.rows / height, frame.columns / width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + kind + data + pack(">I", crc32(data, crc32(kind)))
