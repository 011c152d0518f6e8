"""Signs of life of worker processes."""

import logging
import time
from contextlib import suppress
from pathlib import Path

from wetread.domain.process_name import process_name

__all__ = ["Heartbeats"]

_LOG = logging.getLogger(__name__)
_SILENT_S = 30.0
_DEAD_S = 86_400.0


class Heartbeats:
    """One file for each worker process, touched at most every second. Readiness asks whether any is fresh."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mine = folder / f"worker-{process_name()}"
        self._last = 0.0

    def beat(self) -> None:
        if time.monotonic() - self._last < 1.0:
            return
        try:
            self._show()
        except OSError as error:  # a disk that takes no file: readiness says so, the films that can be read are read
            _LOG.warning("beat_missed error=%s", error.strerror)
        self._last = time.monotonic()

    def _show(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._last:
            self._forget_the_dead()
        self._mine.touch()

    def end(self) -> None:
        with suppress(OSError):
            self._mine.unlink(missing_ok=True)

    def problem(self) -> str:
        """What readiness says of the workers: "" while one lives."""
        beats = self._beats()
        if not beats:
            return "no worker has started yet"
        age_s = time.time() - max(beats.values())
        return "" if age_s < _SILENT_S else f"no worker has been heard of for {age_s:.0f} s"

    def _beats(self) -> dict[Path, float]:
        """A worker that ends takes its file away, also while we look."""
        found = {}
        for each in self._folder.glob("worker-*"):
            with suppress(FileNotFoundError):
                found[each] = each.stat().st_mtime
        return found

    def _forget_the_dead(self) -> None:
        """Those that were killed leave their files, under names that never come again where each start is a new container."""
        for each, at in self._beats().items():
            if time.time() - at > _DEAD_S:
                each.unlink(missing_ok=True)
