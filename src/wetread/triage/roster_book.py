"""The roster file as it is now: read again whenever it changes, and the last good one kept while it is broken."""

from pathlib import Path
from threading import Lock

from wetread.domain.errors import PermanentError
from wetread.triage.roster import Roster
from wetread.triage.roster_file import load_roster

__all__ = ["RosterBook"]

_NONE = "no roster is configured (setting roster_file): critical results are on the worklist only, and ring nobody"


class RosterBook:
    """Safe to ask from several threads. An edit counts from the next question on; no restart."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._lock = path, Lock()
        self._roster: Roster | None = None
        self._read_as: tuple[int, int] | None = None
        self._problem = _NONE if path is None else ""

    def current(self) -> tuple[Roster | None, str]:
        """The newest good roster (None when there has been none) and what is wrong, '' when nothing is."""
        with self._lock:
            if self._path is not None:
                self._refresh(self._path)
            return self._roster, self._problem

    def _refresh(self, path: Path) -> None:
        try:
            status = path.stat()
            state = (status.st_mtime_ns, status.st_size)
            if state == self._read_as:
                return
            self._roster, self._problem, self._read_as = load_roster(path), "", state
        except OSError as error:
            self._read_as = None
            self._problem = f"the roster file cannot be read ({type(error).__name__}){self._still()}"
        except PermanentError as error:
            self._read_as = state
            self._problem = f"{error}{self._still()}"

    def _still(self) -> str:
        return ": the last good roster stays in force" if self._roster else ": nobody can be paged"
