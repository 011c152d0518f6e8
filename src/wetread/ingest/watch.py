"""Takes files that appear in a folder, once they have stopped growing, and moves each to `done/` or `refused/`: nothing is ever deleted.

Moved files are named by the sha256 of their content, because the name a sender chose may be a patient's; beside a refused one lies a note that says why. A file that
was taken but not yet moved when the process died is taken again and found to be a duplicate.
"""

import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Event
from time import monotonic

from wetread.ingest.outcome import InstanceOutcome, Outcome
from wetread.ingest.reception import Reception
from wetread.ports.file_store import IncomingFile

__all__ = ["FolderWatch", "run_watch"]

_log = logging.getLogger(__name__)

_SENDER = "watched-folder"
_DONE, _REFUSED = "done", "refused"
_UNFINISHED = (".part", ".tmp", ".filepart")
_PIECE_BYTES = 1 << 20
_BATCH = 16
_LATER = frozenset({Outcome.STORAGE_FULL, Outcome.UNAVAILABLE})

_Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Copied:
    source: Path
    sha256: str
    file: IncomingFile


class FolderWatch:
    """`settle_s`: how long a file must have kept its size and time before it is taken."""

    def __init__(self, folder: Path, reception: Reception, *, settle_s: float = 2.0) -> None:
        self._folder = folder
        self._reception = reception
        self._settle_s = settle_s
        self._seen: dict[Path, tuple[_Signature, float]] = {}
        for name in (_DONE, _REFUSED):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def sweep(self, now_s: float) -> int:
        """Look once, at a time of a monotonic clock; returns how many files were moved."""
        found = {path: signature for path in self._candidates() if (signature := _signature(path))}
        self._seen = {path: self._first_seen(path, signature, now_s) for path, signature in found.items()}
        settled = [path for path, (_, since_s) in self._seen.items() if now_s - since_s >= self._settle_s]
        return sum(self._take(settled[at : at + _BATCH]) for at in range(0, len(settled), _BATCH))

    def _candidates(self) -> Iterator[Path]:
        for folder, folders, names in os.walk(self._folder):
            here = Path(folder)
            folders[:] = sorted(f for f in folders if here != self._folder or f not in (_DONE, _REFUSED))
            yield from (here / name for name in sorted(names) if not _is_unfinished(name))

    def _first_seen(self, path: Path, signature: _Signature, now_s: float) -> tuple[_Signature, float]:
        before = self._seen.get(path)
        return before if before is not None and before[0] == signature else (signature, now_s)

    def _take(self, paths: list[Path]) -> int:
        copied = [each for path in paths if (each := self._copy(path))]
        outcomes = self._reception.receive([each.file for each in copied], _SENDER)
        return sum(self._put_away(each, outcome) for each, outcome in zip(copied, outcomes, strict=True))

    def _copy(self, path: Path) -> _Copied | None:
        """Into the store's quarantine; None when the file went away or grew again meanwhile, or cannot be read."""
        incoming = None
        try:
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as source:
                incoming, digest = self._reception.files.receive(), sha256()
                while piece := source.read(_PIECE_BYTES):
                    incoming.write(piece)
                    digest.update(piece)
            if _signature(path) == self._seen[path][0]:
                return _Copied(path, digest.hexdigest(), incoming)
            _log.info("a file changed while it was read: it is left until it settles")
        except Exception as error:  # noqa: BLE001  (one bad file must not stop the folder; it stays where it is and is tried again)
            _log.error("a file could not be read: %s", type(error).__name__)
        if incoming is not None:
            incoming.discard()
        return None

    def _put_away(self, copied: _Copied, outcome: InstanceOutcome) -> int:
        if outcome.outcome in _LATER:
            return 0
        folder = self._folder / (_DONE if outcome.outcome.acknowledged else _REFUSED)
        if not outcome.outcome.acknowledged:
            (folder / f"{copied.sha256}.txt").write_text(f"{outcome.code}: {outcome.message}\n", encoding="utf-8")
        copied.source.replace(folder / f"{copied.sha256}.dcm")
        self._seen.pop(copied.source, None)
        return 1


def run_watch(folder: Path, reception: Reception, stopped: Event, *, poll_s: float = 1.0) -> None:
    """Until `stopped` is set."""
    watch = FolderWatch(folder, reception)
    while not stopped.wait(poll_s):
        try:
            watch.sweep(monotonic())
        except OSError as error:  # the folder may be a share that went away
            _log.error("the watched folder cannot be read: %s", error.strerror)


def _is_unfinished(name: str) -> bool:
    return name.startswith(".") or name.endswith(_UNFINISHED)


def _signature(path: Path) -> _Signature | None:
    """What changes when a file is written to; None for what is no plain file (any more)."""
    try:
        facts = path.lstat()
    except OSError:
        return None
    return (facts.st_ino, facts.st_size, facts.st_mtime_ns) if stat.S_ISREG(facts.st_mode) else None
