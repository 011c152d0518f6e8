"""Removes what is past its retention (record snippets, orders), once an hour, whatever else goes on."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from wetread.domain.errors import WetreadError
from wetread.ports.clock import Clock

__all__ = ["Purged", "Retention"]

_LOG = logging.getLogger(__name__)


class Purged(Protocol):
    def purge(self, before: datetime) -> int:
        """How many were removed that are older."""
        ...


@dataclass(frozen=True, slots=True)
class Retention:
    """`open_store` gives None while there is nothing to purge: then nothing is made to be purged. `what` is kept so long; `each` of it is counted."""

    open_store: Callable[[], Purged | None]
    kept: timedelta
    clock: Clock
    what: str = "snippets"
    each: str = "sources"

    def run(self, stop: threading.Event, *, every_s: float = 3600.0) -> None:
        """Now and then until `stop` is set; a database that is down is tried again the next time."""
        while not stop.is_set():
            try:
                self.run_once()
            except WetreadError as error:
                _LOG.warning("%s_not_purged code=%s", self.what, error.code)
            stop.wait(every_s)

    def run_once(self) -> int:
        """How many were removed."""
        store = self.open_store()
        if store is None:
            return 0
        removed = store.purge(self.clock.now() - self.kept)
        if removed:
            _LOG.info("%s_purged %s=%d", self.what, self.each, removed)
        return removed
