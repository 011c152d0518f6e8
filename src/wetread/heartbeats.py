"""Signs of life of worker processes."""

import os
import time
from pathlib import Path

__all__ = ["Heartbeats"]

_SILENT_S = 30.0


class Heartbeats:
    """One file for each worker process, touched at most every second. Readiness asks whether any is fresh."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mine = folder / f"worker-{os.getpid()}"
        self._last = 0.0

    def beat(self) -> None:
        if time.monotonic() - self._last < 1.0:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._mine.touch()
        self._last = time.monotonic()

    def end(self) -> None:
        self._mine.unlink(missing_ok=True)

    def problem(self) -> str:
        """What readiness says of the workers: "" while one lives."""
        beats = [each.stat().st_mtime for each in self._folder.glob("worker-*")]
        if not beats:
            return "no worker has started yet"
        age_s = time.time() - max(beats)
        return "" if age_s < _SILENT_S else f"no worker has been heard of for {age_s:.0f} s"
