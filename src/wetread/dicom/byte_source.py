"""Reads a file in small windows, and inflates within a bound, so that no declared length ever decides what is allocated."""

import os
import zlib
from typing import Protocol

from wetread.dicom.limits import Limits
from wetread.domain.errors import HostileInput

__all__ = ["ByteSource", "BytesSource", "FileSource", "inflate"]

_FIRST_WINDOW = 32 * 1024
_NEXT_WINDOW = 4 * 1024
_INFLATE_STEP = 256 * 1024


class ByteSource(Protocol):
    size: int

    def read(self, position: int, length: int) -> bytes:
        """Exactly `length` bytes; raises HostileInput('truncated') where the file ends sooner."""
        ...

    def read_into(self, position: int, target: memoryview) -> None:
        """Fill `target` from `position`; raises HostileInput('truncated')."""
        ...


class BytesSource:
    """Bytes already in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, position: int, length: int) -> bytes:
        """Exactly `length` bytes; raises HostileInput('truncated')."""
        if position + length > self.size:
            raise HostileInput("The file ends inside an element; ask the sender to send it again.", code="truncated")
        return self._data[position : position + length]

    def read_into(self, position: int, target: memoryview) -> None:
        """Fill `target` from `position`; raises HostileInput('truncated')."""
        target[:] = self.read(position, len(target))


class FileSource:
    """A regular file by descriptor, read with pread: the descriptor's own position is never used."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size
        self._window = os.pread(descriptor, _FIRST_WINDOW, 0)
        self._start = 0

    def read(self, position: int, length: int) -> bytes:
        """Exactly `length` bytes; raises HostileInput('truncated')."""
        if position + length > self.size:
            raise HostileInput("The file ends inside an element; ask the sender to send it again.", code="truncated")
        offset = position - self._start
        if offset < 0 or offset + length > len(self._window):
            self._window = os.pread(self._descriptor, max(length, _NEXT_WINDOW), position)
            self._start, offset = position, 0
        found = self._window[offset : offset + length]
        if len(found) != length:
            raise HostileInput("The file changed while it was read.", code="truncated")
        return found

    def read_into(self, position: int, target: memoryview) -> None:
        """Fill `target` from `position`; raises HostileInput('truncated')."""
        done = 0
        while done < len(target):
            step = os.preadv(self._descriptor, [target[done:]], position + done)
            if step == 0:
                raise HostileInput("The file ends inside its pixel data.", code="truncated")
            done += step


def inflate(source: ByteSource, start: int, limits: Limits) -> bytes:
    """The deflated data set from `start` on (PS3.5 §A.5), at most `inflated_bytes` and `inflate_ratio` times its compressed size.

    Raises HostileInput('deflate_bomb' or 'bad_deflate').
    """
    packed_size = source.size - start
    cap = min(limits.inflated_bytes, max(1 << 20, packed_size * limits.inflate_ratio))
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    pieces: list[bytes] = []
    total, position = 0, start
    while not engine.eof and position < source.size:
        step = min(_INFLATE_STEP, source.size - position)
        piece = _inflate_step(engine, source.read(position, step), cap - total + 1)
        position += step
        pieces.append(piece)
        total += len(piece)
        if total > cap or engine.unconsumed_tail:
            raise HostileInput("The deflated data set is far larger than its file.", code="deflate_bomb")
    if not engine.eof:
        raise HostileInput("The deflated data set ends early; ask the sender to send it again.", code="truncated")
    if len(engine.unused_data) + source.size - position > 8:  # some writers leave a gzip trailer
        raise HostileInput("Bytes follow the deflated data set.", code="trailing_bytes")
    return b"".join(pieces)


def _inflate_step(engine: "zlib._Decompress", packed: bytes, room: int) -> bytes:
    try:
        return engine.decompress(packed, room)
    except zlib.error as error:
        raise HostileInput("The deflated data set is damaged.", code="bad_deflate") from error
