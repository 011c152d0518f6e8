"""Translates what a decoding child answers into what the parent may use, and decides that it is nonsense wherever it could be a lie.

A child that a file took over can send anything: every number is checked against the memory file, which is sealed first so that it can change no more.
"""

import fcntl
import mmap
import os
import re
from typing import TYPE_CHECKING, Any

from wetread.domain.errors import HostileInput, PermanentError, UnsuitableImage

if TYPE_CHECKING:
    from wetread.ports.decoder import DecodedImage

__all__ = ["aligned", "count_of", "error_of", "image_of", "picture_of", "sealed_size"]

_ALIGNMENT = 64

_CODE = re.compile(r"[a-z0-9_]{1,40}")
_LONGEST_TEXT = 300
_LARGEST_PICTURE_BYTES = 64 << 20
_MOST_HALVINGS = 32  # levels of a JPEG 2000 wavelet


def error_of(answer: dict[str, Any]) -> PermanentError:
    """The refusal a child reports; raises ValueError (or KeyError) where it is not one."""
    kind, code, message = (str(answer[key]) for key in ("error", "code", "message"))
    if _CODE.fullmatch(code) is None or not message.isprintable() or len(message) > _LONGEST_TEXT:
        raise ValueError("not an error")
    return (HostileInput if kind == "hostile" else UnsuitableImage)(message, code=code)


def image_of(answer: Any, memory: int) -> "DecodedImage":
    """Map the memory file, after sealing it so that the child can change it no more; raises ValueError where the answer does not fit it."""
    import numpy as np

    from wetread.ports.decoder import DecodedImage

    whole_rows, whole_columns, rows, columns = (
        count_of(answer[key]) for key in ("rows", "columns", "stored_rows", "stored_columns")
    )
    width, entries, offset = (count_of(answer[key]) for key in ("bytes_per_pixel", "display_entries", "display_offset"))
    size = sealed_size(memory)
    if width not in (1, 2) or offset % 4 or rows * columns * width > offset or offset + 4 * entries != size:
        raise ValueError("not an image")
    if not any((rows, columns) == (-(-whole_rows >> n), -(-whole_columns >> n)) for n in range(_MOST_HALVINGS + 1)):
        raise ValueError("not an image")
    view = mmap.mmap(memory, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
    flat = (
        np.frombuffer(view, np.uint8, rows * columns) if width == 1 else np.frombuffer(view, np.uint16, rows * columns)
    )
    stored = flat.reshape(rows, columns)
    display = np.frombuffer(view, np.float32, entries, offset)
    if entries <= int(stored.max()) or not np.isfinite(display).all():
        raise ValueError("not an image")
    row_spacing, column_spacing = (_spacing(answer[key]) for key in ("row_spacing", "column_spacing"))
    return DecodedImage(stored, display, row_spacing, column_spacing, whole_rows, whole_columns)


def picture_of(answer: Any, memory: int) -> bytes:
    """The PNG in the memory file; raises ValueError where it is not one."""
    size = count_of(answer["bytes"])
    if size != sealed_size(memory) or size > _LARGEST_PICTURE_BYTES:
        raise ValueError("not a picture")
    picture = os.pread(memory, size, 0)
    if not picture.startswith(b"\x89PNG\r\n\x1a\n"):
        raise ValueError("not a picture")
    return picture


def aligned(end: int) -> int:
    """Where the block begins in the memory file that follows one which ends there."""
    return -(-end // _ALIGNMENT) * _ALIGNMENT


def sealed_size(memory: int) -> int:
    fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
    return os.fstat(memory).st_size


def count_of(value: Any) -> int:
    if type(value) is not int or not 0 < value <= 1 << 40:
        raise ValueError("not a count")
    return value


def _spacing(value: Any) -> float:
    if type(value) is not float or not 0.0 < value < 1e6:
        raise ValueError("not a spacing")
    return value
