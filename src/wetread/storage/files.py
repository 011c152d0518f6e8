"""The content-addressed file store on a local disk: incoming/ is quarantine, everything else is named by its sha256, in 256 folders by its first two digits.

The folders are made with the store, so that keeping a file makes two things durable, the file and its folder's entry; an older store has its files a folder deeper, where they stay.

Who receives a file holds a lock on it (flock(2)), which the kernel takes back however the process ends: what lies in incoming/ without one is nobody's any more. A process id in the name would not do: containers that share
the folder count their processes apart, and ids come again. Where the locks of a network file system hold for one machine only, a sweep could remove what another machine receives: its rename then fails, nothing is acknowledged,
and it is sent again.

The preamble of a Part 10 file (PS3.10 §7.1, the 128 bytes before "DICM") may hold a program (CVE-2019-11687); it is zeroed on the way in and never read by anybody. All other
bytes are stored as received.
"""

import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from wetread.domain.disk_room import FILES_LEFT
from wetread.domain.errors import PermanentError, TransientError
from wetread.ports.file_store import StoredFile
from wetread.storage.disk_room import free_bytes, free_files
from wetread.storage.fail_stop import end_process

__all__ = ["DiskFileStore", "DiskIncomingFile", "files_in", "place_of", "sha256_of", "sync"]

_PREAMBLE = 128
_HEAD = _PREAMBLE + 4
_ZEROS = bytes(_PREAMBLE)
_MAGIC = b"DICM"
_FULL = {errno.ENOSPC, errno.EDQUOT}
_SHA256 = frozenset("0123456789abcdef")
_RECEIVING = "receiving_"
"""How a name of incoming/ begins that is locked while it is received. Those of earlier versions were not, and may be under way while this one starts."""


def files_in(root: Path) -> Iterator[Path]:
    """Everything named by its sha256 in a store's folder."""
    for places in ("??/*", "??/??/*"):
        yield from (path for path in root.glob(places) if len(path.name) == 64)


def place_of(root: Path, sha256: str) -> Path:
    """Where it is in a store's folder, or would be."""
    path = root / sha256[:2] / sha256
    deeper = path.parent / sha256[2:4] / sha256
    return deeper if not path.exists() and deeper.exists() else path


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """What a file holds, or which entries a folder has, survives power loss. Raises OSError where the disk is full; of any other failure the process ends."""
    handle = os.open(path, os.O_RDONLY)
    try:
        _fsync(handle)
    finally:
        os.close(handle)


def _fsync(handle: int) -> None:
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno in _FULL:
            raise
        end_process("film", errno.errorcode.get(error.errno or 0, "unknown"))


class DiskFileStore:
    """`root` is made with mode 0700. Rename within it is atomic, so it must lie on one file system. With less than `reserve_bytes` free no film is taken: what else lies there needs room."""

    def __init__(self, root: Path, reserve_bytes: int = 0) -> None:
        self._root, self._reserve_bytes = root, reserve_bytes
        self._incoming = root / "incoming"
        for folder in (root, self._incoming, *(root / f"{number:02x}" for number in range(256))):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync(root)

    def receive(self) -> "DiskIncomingFile":
        return DiskIncomingFile(self, self._incoming / f"{_RECEIVING}{uuid4().hex}")

    def path_of(self, sha256: str) -> Path:
        path = self._place(sha256)
        if not path.is_file():
            raise PermanentError("the stored bytes are gone: restore them from the archive", code="bytes_missing")
        return path

    def stored(self) -> Iterator[str]:
        return (path.name for path in files_in(self._root))

    def verify(self, sha256: str) -> bool:
        return sha256_of(self.path_of(sha256)) == sha256

    def remove(self, sha256: str, *, unless_newer_s: float) -> bool:
        """Moved aside first and looked at there: what is stored under this name meanwhile stays."""
        path, aside = self._place(sha256), self._incoming / uuid4().hex
        try:
            path.rename(aside)
        except FileNotFoundError:
            return False
        if _modified(aside) > time.time() - unless_newer_s:
            aside.replace(path)
            return False
        aside.unlink()
        return True

    def sweep(self, older_than_s: float) -> int:
        limit = time.time() - older_than_s  # compared with file times, which only this clock sets
        return sum(
            _unlinked_unless_held(path) if _modified(path) > limit else _unlinked(path)
            for path in self._incoming.iterdir()
        )

    def erase(self, sha256: str) -> bool:
        path = self._place(sha256)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        sync(path.parent)
        return True

    def _place(self, sha256: str) -> Path:
        if len(sha256) != 64 or not _SHA256.issuperset(sha256):
            raise PermanentError("this is no content address", code="bytes_missing")
        return place_of(self._root, sha256)

    def leave_room(self) -> None:
        """Raises OSError (ENOSPC) where a film more would leave less than the reserve."""
        if not self._reserve_bytes:
            return
        files = free_files(self._root)
        if free_bytes(self._root) < self._reserve_bytes or (files is not None and files < FILES_LEFT):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def settle(self, incoming: Path, sha256: str) -> Path:
        """Move a durable incoming file to its name. Over an equal one that is there already: the new copy was just verified, the old one was not."""
        path = self._place(sha256)
        incoming.replace(path)
        sync(path.parent)
        return path


class DiskIncomingFile:
    """A file being received, hashed as it grows. Not for two threads at once."""

    def __init__(self, store: DiskFileStore, path: Path) -> None:
        self.path = path
        self._store = store
        self._head: bytearray | None = bytearray()
        self._size_bytes = 0
        self._stored = hashlib.sha256()
        self._original = self._stored
        self._file: int | None = None
        with self._telling_full_disk():
            self._file = _opened_and_held(path)

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        rest = memoryview(chunk).cast("B")
        with self._telling_full_disk():
            if self._head is not None:
                rest = self._gather_head(self._head, rest)
            self._append(rest)

    def flush(self) -> None:
        if self._head:
            with self._telling_full_disk():
                os.pwrite(self._open_file(), self._head, 0)

    def keep(self) -> StoredFile:
        with self._telling_full_disk():
            if self._head is not None:
                self._end_head(bytes(self._head))
            _fsync(self._open_file())
            path = self._store.settle(self.path, self._stored.hexdigest())
        self._close()
        return StoredFile(self._stored.hexdigest(), self._original.hexdigest(), self._size_bytes, path)

    def discard(self) -> None:
        if self._file is not None:
            self.path.unlink(missing_ok=True)  # while it is locked: else a sweep may count it
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def _open_file(self) -> int:
        if self._file is None:
            raise ValueError("this incoming file has ended")
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _gather_head(self, head: bytearray, chunk: memoryview) -> memoryview:
        wanted = _HEAD - len(head)
        head += chunk[:wanted]
        if len(head) == _HEAD:
            self._end_head(bytes(head))
        return chunk[wanted:]

    def _end_head(self, head: bytes) -> None:
        """Decide about the preamble; only if it was zeroed are there two hashes to keep."""
        self._store.leave_room()  # once a film, and not when a probe asks whether a file can be made
        self._head = None
        if head.endswith(_MAGIC) and len(head) == _HEAD and not head.startswith(_ZEROS):
            self._original = hashlib.sha256(head)
            head = _ZEROS + _MAGIC
            self._stored.update(head)
            self._send(memoryview(head))
        else:
            self._append(memoryview(head))

    def _append(self, chunk: memoryview) -> None:
        self._stored.update(chunk)
        if self._original is not self._stored:
            self._original.update(chunk)
        self._send(chunk)

    def _send(self, chunk: memoryview) -> None:
        self._size_bytes += len(chunk)
        file = self._open_file()
        while chunk:
            chunk = chunk[os.write(file, chunk) :]

    @contextmanager
    def _telling_full_disk(self) -> Iterator[None]:
        """A full disk is worth another try later; every other failure of the disk comes through as it is."""
        try:
            yield
        except OSError as error:
            if error.errno not in _FULL:
                raise
            self.discard()
            raise TransientError(
                "the films' disk is full or nearly so: free space, then send again", code="storage_full"
            ) from error


def _opened_and_held(path: Path) -> int:
    """A new file, locked. One that a sweep found in the moment between the two is gone from its name: then another is made."""
    while True:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with suppress(OSError):  # a file system without locks: age alone tells what is abandoned there
            fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file).st_nlink:
            return file
        os.close(file)


def _unlinked_unless_held(path: Path) -> bool:
    """Remove what a process received that has ended; True when it is gone."""
    if not path.name.startswith(_RECEIVING):
        return False
    with suppress(OSError), path.open("rb") as file:  # somebody holds it, or it was kept or discarded meanwhile
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return _unlinked(path)
    return False


def _unlinked(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # it was kept or discarded meanwhile
        return inf
