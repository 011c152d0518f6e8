"""Decides whether two Part 10 files hold the same data set: byte for byte after the file meta information (PS3.10 §7.1), which every door writes in its own words."""

from pathlib import Path
from struct import unpack_from

__all__ = ["holds_same_dataset"]

_GROUP_LENGTH = b"\x02\x00\x00\x00UL\x04\x00"
_HEAD_BYTES = 144
_PIECE_BYTES = 1 << 20


def holds_same_dataset(one: Path, other: Path) -> bool:
    """False as well when either does not say where its file meta information ends. Compare the transfer syntaxes, too."""
    with one.open("rb") as first, other.open("rb") as second:
        starts = [_dataset_start(file.read(_HEAD_BYTES)) for file in (first, second)]
        if None in starts:
            return False
        for file, start in zip((first, second), starts, strict=True):
            file.seek(start or 0)
        piece = b"-"
        while piece:
            piece = first.read(_PIECE_BYTES)
            if piece != second.read(_PIECE_BYTES):
                return False
    return True


def _dataset_start(head: bytes) -> int | None:
    if len(head) < _HEAD_BYTES or head[128:140] != b"DICM" + _GROUP_LENGTH:
        return None
    (length,) = unpack_from("<I", head, 140)
    return _HEAD_BYTES + int(length)
