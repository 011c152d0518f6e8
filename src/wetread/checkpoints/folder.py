"""The second place: a folder that the working database's keeper should not be able to change: another machine's share, a write-once mount."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from wetread.checkpoints.note import Checkpoint, read_note
from wetread.checkpoints.write_once import write_once
from wetread.domain.errors import PermanentError, TransientError

__all__ = ["CheckpointFolder"]

_SUFFIX = ".checkpoint"
_MOST_BYTES = 4096


class CheckpointFolder:
    """`public_keys`: 32 raw bytes each, of the key that signs here and of those that did before it; asked for anew at each reading, as a key may be rotated. One file per size, written once and never over another."""

    def __init__(self, folder: Path, public_keys: Callable[[], Sequence[bytes]]) -> None:
        self.folder = folder
        self._public_keys = public_keys

    def keep(self, checkpoint: Checkpoint, note: str) -> bool:
        """False when one of this size is there already. Raises TransientError when the folder cannot be written."""
        try:
            return write_once(self.folder / f"{checkpoint.size:016d}{_SUFFIX}", note.encode())
        except OSError as error:
            raise TransientError(
                f"the folder for audit checkpoints cannot be written ({error.strerror}): make room or give access",
                code="checkpoints_unwritable",
            ) from error

    def newest_size(self) -> int:
        """By the names alone, which need no key to read; 0 for none."""
        names = (file.name.removesuffix(_SUFFIX) for file in self._files())
        return max((int(name) for name in names if name.isascii() and name.isdigit()), default=0)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{_SUFFIX}")) if self.folder.is_dir() else []

    def all(self) -> Iterator[Checkpoint]:
        """By size. Raises PermanentError(code='bad_checkpoint') at the first that this key did not sign or that lies under another's name."""
        files = self._files()
        keys = self._public_keys() if files else ()  # after the listing: what lies there was signed by one of these
        for file in files:
            with file.open(encoding="utf-8", errors="replace") as text:
                checkpoint = _read(text.read(_MOST_BYTES), file.name, keys)
            if file.name != f"{checkpoint.size:016d}{_SUFFIX}":
                raise PermanentError(f"{file.name} holds another checkpoint than its name says", code="bad_checkpoint")
            yield checkpoint

    def note_covering(self, sequence: int) -> tuple[Checkpoint, str] | None:
        """The smallest checkpoint that covers this record, with its text."""
        for checkpoint in self.all():
            if checkpoint.size >= sequence:
                return checkpoint, (self.folder / f"{checkpoint.size:016d}{_SUFFIX}").read_text("utf-8")
        return None


def _read(note: str, name: str, keys: Sequence[bytes]) -> Checkpoint:
    """Raises as `CheckpointFolder.all`."""
    problem = "no public key to check it with"
    for key in keys:
        try:
            return read_note(note, key)
        except PermanentError as error:
            problem = str(error)
    raise PermanentError(f"{name}: {problem}", code="bad_checkpoint")
