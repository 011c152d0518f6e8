"""Fetched copies of earlier films are dropped when their time is up and nobody reads what they were fetched for."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from wetread.domain.archive_feed import FetchedCopy
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.study_state import READABLE, StudyState
from wetread.ingest.fault_points import reach
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.file_store import FileStore
from wetread.ports.vault import Vault

__all__ = ["CopyRetention"]

_LOG = logging.getLogger(__name__)
_WAITED_FOR = READABLE | {StudyState.RECEIVED, StudyState.NEW_IMAGES}
_FRESH_S = 3600.0
"""Bytes that were written so recently may belong to an arrival whose rows are not there yet."""


@dataclass(frozen=True, slots=True)
class CopyRetention:
    database: Database
    vault: Vault
    files: FileStore
    clock: Clock
    days: float

    def sweep(self, limit: int = 100) -> int:
        """How many copies were dropped. Killed anywhere, the next one goes on."""
        before = self.clock.now() - timedelta(days=self.days)
        with self.database.begin(write=False) as unit:
            old = [each for each in unit.copies(before=before, limit=limit) if not _is_needed(unit, each)]
        return sum(self._dropped(copy) for copy in old)

    def _dropped(self, copy: FetchedCopy) -> bool:
        """One that cannot be dropped stays, and keeps no other."""
        try:
            self._drop(copy)
        except PermanentError as error:
            _LOG.error("copy_stays study=%s code=%s", copy.study_key, error.code)
            return False
        return True

    def _drop(self, copy: FetchedCopy) -> None:
        """The vault's commit lies inside the working one, as when it came: a crash in between leaves a row that is dropped again, never an identity that nobody knows of."""
        with self.database.begin() as unit:
            if unit.copy(copy.study_key) is None or _is_needed(unit, copy):
                return
            unnamed = unit.drop_copy(copy.study_key)
            unit.audit(AuditEvent("prior.drop", "wetread", study_key=copy.study_key), self.clock.now())
            self.vault.drop(copy.study_key)
            reach("copy_before_commit")
            unit.commit()
        for sha256 in unnamed:
            self.files.remove(sha256, unless_newer_s=_FRESH_S)


def _is_needed(unit: UnitOfWork, copy: FetchedCopy) -> bool:
    """While a person has yet to read the study that it hangs beside."""
    waiting = unit.find_study(copy.fetched_for)
    return waiting is not None and waiting.state in _WAITED_FOR
