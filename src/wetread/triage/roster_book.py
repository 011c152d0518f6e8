"""The roster file as it is now: read again whenever it changes, and the last good one kept while it is broken, also over a restart."""

import logging
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock

from wetread.domain.errors import PermanentError
from wetread.triage.roster import Roster
from wetread.triage.roster_file import load_roster, parse_roster, roster_text

__all__ = ["RosterBook"]

_LOG = logging.getLogger(__name__)
_NONE = "no roster is configured (setting roster_file): critical results are on the worklist only, and ring nobody"
_State = tuple[int, ...]


class RosterBook:
    """Safe to ask from several threads. An edit counts from the next question on; no restart.

    `keep` is where a copy of the last good roster lies: a process that starts while the file is broken pages by that.
    """

    def __init__(self, path: Path | None, keep: Path | None = None) -> None:
        self._path, self._keep, self._lock = path, keep, Lock()
        self._roster: Roster | None = None
        self._read_as: _State | None = None
        self._problem = _NONE if path is None else ""

    def current(self) -> tuple[Roster | None, str]:
        """The newest good roster (None when there has been none) and what is wrong, '' when nothing is. Never raises: whatever is wrong with the file, people must be paged."""
        with self._lock:
            if self._path is not None:
                self._refresh(self._path)
            return self._roster, self._problem

    def _refresh(self, path: Path) -> None:
        try:
            state = _state(path)
            if state == self._read_as:
                return
            self._read_as = (
                None  # a file that could not be opened (too many are open) may be whole, and nobody will touch it
            )
            text = roster_text(path)
            self._read_as = state
            self._roster, self._problem = parse_roster(text, path.name), ""
        except OSError as error:
            self._read_as = None
            self._broken(f"the roster file {path} cannot be read ({error.strerror})")
        except PermanentError as error:
            self._broken(str(error))
        except Exception as error:  # noqa: BLE001 - a file that breaks its own reader is a broken file
            self._broken(f"the roster file cannot be read ({type(error).__name__})")
        else:
            self._remember(text)

    def _broken(self, what: str) -> None:
        self._roster = self._roster or self._kept()
        still = (
            f"the last good roster ({self._roster.roster_version}) stays in force"
            if self._roster
            else "nobody can be paged"
        )
        self._problem = f"{what}: {still}"

    def _kept(self) -> Roster | None:
        try:
            return load_roster(self._keep) if self._keep and self._keep.exists() else None
        except Exception as error:  # noqa: BLE001 - the copy is a help, never a condition
            _LOG.error("kept_roster_unreadable error=%s", type(error).__name__)
            return None

    def _remember(self, text: str) -> None:
        """For its owner only: it holds telephone numbers."""
        if self._keep is None:
            return
        try:
            with NamedTemporaryFile(
                "w", encoding="utf-8", dir=self._keep.parent, prefix=".roster", delete=False
            ) as file:
                file.write(text)
            Path(file.name).replace(self._keep)
        except OSError as error:
            _LOG.error("roster_not_kept error=%s", type(error).__name__)


def _state(path: Path) -> _State:
    """Changes with the content, and when a file that could not be read becomes readable."""
    status = path.stat()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size
