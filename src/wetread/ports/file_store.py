"""Where the bytes of instances live: named by the sha256 of what they hold, durable before anybody is told so."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

__all__ = ["FileStore", "IncomingFile", "StoredFile"]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Where bytes ended up. `original_sha256` differs from `sha256` when the preamble was zeroed (CVE-2019-11687)."""

    sha256: str
    original_sha256: str
    size_bytes: int
    path: Path


class IncomingFile(Protocol):
    """A file being received. Exactly one of `keep` and `discard` ends it; leaving it without `keep` discards it."""

    path: Path

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Append; the running hash follows. Raises TransientError(code='storage_full') when the disk is full."""
        ...

    def flush(self) -> None:
        """Make what was written readable at `path` (no durability promised)."""
        ...

    def keep(self) -> StoredFile:
        """fsync the file, rename it to its hash, fsync the folder: after this the bytes survive power loss.

        Raises TransientError(code='storage_full'). Where fsync fails otherwise (EIO) the process ends: nobody knows what the disk holds, so trying again could acknowledge lost bytes.
        """
        ...

    def discard(self) -> None:
        """Remove it; harmless after `keep` or a second time."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class FileStore(Protocol):
    def receive(self) -> IncomingFile:
        """A new empty incoming file in the store's own quarantine folder; names never come from the sender."""
        ...

    def path_of(self, sha256: str) -> Path:
        """Where stored bytes lie; raises PermanentError(code='bytes_missing') when they do not."""
        ...

    def stored(self) -> Iterator[str]:
        """The sha256 of everything stored, for the scrubber."""
        ...

    def verify(self, sha256: str) -> bool:
        """Hash the stored bytes again; False when they rotted. Raises PermanentError(code='bytes_missing')."""
        ...

    def remove(self, sha256: str, *, unless_newer_s: float) -> bool:
        """Remove stored bytes, unless they were stored, or stored again, in the last `unless_newer_s`: an arrival may be about to name them. False when they stay, or are not there."""
        ...

    def sweep(self, older_than_s: float) -> int:
        """Remove incoming files whose process has ended, and any that nobody wrote to for `older_than_s`; returns how many. Safe beside those who receive."""
        ...

    def erase(self, sha256: str) -> bool:
        """Remove stored bytes of a study that is being erased, durably; False when there are none. Nobody may be about to name them."""
        ...
