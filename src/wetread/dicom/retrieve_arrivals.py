"""What an archive sends us while we retrieve, held to what it listed before: nothing else is taken, nothing twice, nothing without bounds. Counts of sub-operations are its word; these are what came."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from wetread.domain.archive import ArchivedInstance, Unretrieved
from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.ports.archive import Inbox
from wetread.ports.file_store import IncomingFile

__all__ = ["Arrivals"]

_STORED, _TRY_LATER, _NOT_ASKED = 0x0000, 0xA700, 0xA900
_MOST_UNASKED = 16


@dataclass
class Arrivals:
    """Of one retrieve; several threads may take. `error` ends it."""

    inbox: Inbox
    listed: Iterable[ArchivedInstance]
    total_bytes: int
    archive: str
    error: WetreadError | None = None
    handed_over: int = 0
    _unasked: int = 0
    _left: dict[str, ArchivedInstance] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._left = {each.sop_instance_uid: each for each in self.listed}

    def take(self, file: IncomingFile, sop_class_uid: str, sop_instance_uid: str) -> int:
        """The C-STORE status. The file is handed over or discarded."""
        with self._lock:
            wanted = self._left.get(sop_instance_uid)
            if self.error or wanted is None or wanted.sop_class_uid not in ("", sop_class_uid):
                file.discard()
                return self._not_asked() if not self.error else _TRY_LATER
            file.flush()
            self.total_bytes -= file.path.stat().st_size
            try:
                if self.total_bytes < 0:
                    raise PermanentError(
                        f"{self.archive} sends more bytes than one retrieve may have", code="too_large"
                    )
                self.inbox.hand_over(file, wanted)
            except WetreadError as error:
                file.discard()
                self.error = error
                return _TRY_LATER
            del self._left[sop_instance_uid]
            self.handed_over += 1
            return _STORED

    def lost(self, error: Exception) -> int:
        """Something did not even become a file."""
        with self._lock:
            if isinstance(error, PermanentError):
                self._unasked += 1
                return _NOT_ASKED
            self.error = self.error or TransientError("what the archive sends cannot be kept now", code="storage_full")
            return _TRY_LATER

    def missing(self, code: str, reason: str) -> tuple[Unretrieved, ...]:
        """What was listed and did not come."""
        with self._lock:
            return tuple(Unretrieved(each.locator, code, reason) for each in self._left.values())

    def _not_asked(self) -> int:
        """An instance that came into the study meanwhile is no reason to stop; many are."""
        self._unasked += 1
        if self._unasked > _MOST_UNASKED:
            self.error = PermanentError(f"{self.archive} sends what was not asked for", code="not_asked")
        return _NOT_ASKED
