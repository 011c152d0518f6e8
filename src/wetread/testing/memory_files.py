"""A file store for tests: real files in a folder that goes away with it, and no promise about power loss."""

from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from types import TracebackType
from typing import Self
from uuid import uuid4
from weakref import finalize

from wetread.domain.errors import PermanentError
from wetread.ports.file_store import StoredFile

__all__ = ["MemoryFileStore", "MemoryIncomingFile"]


class MemoryFileStore:
    """`ports.file_store.FileStore` for tests."""

    def __init__(self) -> None:
        self.root = Path(mkdtemp(prefix="wetread-"))
        finalize(self, rmtree, self.root, ignore_errors=True)
        self.incoming: dict[Path, MemoryIncomingFile] = {}

    def receive(self) -> "MemoryIncomingFile":
        file = MemoryIncomingFile(self, self.root / f"incoming-{uuid4().hex}")
        self.incoming[file.path] = file
        return file

    def path_of(self, sha256: str) -> Path:
        path = self.root / sha256
        if len(sha256) != 64 or not path.is_file():
            raise PermanentError("the stored bytes are gone: restore them from the archive", code="bytes_missing")
        return path

    def stored(self) -> Iterator[str]:
        return (path.name for path in self.root.iterdir() if len(path.name) == 64)

    def verify(self, sha256: str) -> bool:
        return _sha256(self.path_of(sha256).read_bytes()) == sha256

    def remove(self, sha256: str, *, unless_newer_s: float) -> bool:
        path = self.root / sha256
        if not path.is_file() or unless_newer_s > 0:
            return False
        path.unlink()
        return True

    def sweep(self, older_than_s: float) -> int:
        abandoned = list(self.incoming.values()) if older_than_s <= 0 else []
        for file in abandoned:
            file.discard()
        return len(abandoned)

    def erase(self, sha256: str) -> bool:
        there = (self.root / sha256).is_file()
        (self.root / sha256).unlink(missing_ok=True)
        return there


class MemoryIncomingFile:
    """Bytes being received."""

    def __init__(self, store: MemoryFileStore, path: Path) -> None:
        self.path = path
        self._store = store
        self._content = BytesIO()
        self.path.touch()

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        self._content.write(chunk)

    def flush(self) -> None:
        self.path.write_bytes(self._content.getvalue())

    def keep(self) -> StoredFile:
        if self.path not in self._store.incoming:
            raise ValueError("this incoming file has ended")
        original = self._content.getvalue()
        content = bytes(128) + original[128:] if original[128:132] == b"DICM" else original
        path = self._store.root / _sha256(content)
        path.write_bytes(content)
        self.discard()
        return StoredFile(path.name, _sha256(original), len(content), path)

    def discard(self) -> None:
        self._store.incoming.pop(self.path, None)
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()


def _sha256(content: bytes) -> str:
    return sha256(content).hexdigest()
