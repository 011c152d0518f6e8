"""Notes whether films can be looked at: where no decoding process can be started each is sent back to its sender, the door looks well, and nobody else would hear of it."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.study import InstanceHeader
from wetread.ingest.reception import Inspector
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.neighbours import note_asked

__all__ = ["DECODER", "NotedInspector"]

DECODER = "decoder"
"""Its name among those that are asked (`ports.neighbours`)."""
_AGAIN_AFTER = timedelta(minutes=1)
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class NotedInspector:
    """Any number of threads may ask at once. Writes when films can be looked at again, and once a minute while they cannot; the first answer of a process counts, too, for the one before it may have ended in trouble."""

    inspector: Inspector
    database: Database
    clock: Clock
    _works: bool | None = field(default=None, init=False)
    _noted_at: datetime | None = field(default=None, init=False)

    def inspect(self, path: Path) -> InstanceHeader:
        try:
            header = self.inspector.inspect(path)
        except TransientError as error:
            if error.code == "decoder_unavailable":
                self._note(answered=False)
            raise
        except PermanentError:
            self._note(answered=True)
            raise
        self._note(answered=True)
        return header

    def _note(self, *, answered: bool) -> None:
        if answered and self._works:
            return
        now = self.clock.now()
        if self._works is answered and self._noted_at is not None and abs(now - self._noted_at) < _AGAIN_AFTER:
            return
        try:
            with self.database.begin() as unit:
                note_asked(unit, DECODER, now, answered=answered)
                unit.commit()
        except TransientError as error:
            _LOG.warning("decoder_unnoted code=%s", error.code)
            return
        self._works, self._noted_at = answered, now
