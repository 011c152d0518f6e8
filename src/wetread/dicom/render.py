"""Translates a decoded frame into a small 8-bit greyscale PNG for people (ISO/IEC 15948); the pixels are square again."""

from struct import pack
from zlib import compress, crc32

import numpy as np
from numpy.typing import NDArray

from wetread.dicom.frame import Frame
from wetread.inference.resample import displayed_grey

__all__ = ["png_grey", "png_of"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png_of(frame: Frame, *, max_side_px: int) -> bytes:
    """The frame through its display table, never enlarged, long side at most `max_side_px`."""
    return png_grey(displayed_grey(frame, max_side_px))


def png_grey(grey: NDArray[np.uint8]) -> bytes:
    """`grey` uint8 (row, column), 0 black."""
    rows, columns = grey.shape
    lines = np.zeros((rows, columns + 1), np.uint8)  # each line starts with filter type 0
    lines[:, 1:] = grey
    header = pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    body = compress(lines.tobytes(), 3)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + kind + data + pack(">I", crc32(data, crc32(kind)))
