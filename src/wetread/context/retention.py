"""Removes record snippets past their retention, once an hour, whatever else goes on."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from wetread.domain.errors import WetreadError
from wetread.ports.clock import Clock
from wetread.ports.snippet_store import SnippetStore

__all__ = ["Retention"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retention:
    """`open_store` gives None while there is no snippet database: then nothing is to be done, and none is made."""

    open_store: Callable[[], SnippetStore | None]
    kept: timedelta
    clock: Clock

    def run(self, stop: threading.Event, *, every_s: float = 3600.0) -> None:
        """Now and then until `stop` is set; a database that is down is tried again the next time."""
        while not stop.is_set():
            try:
                self.run_once()
            except WetreadError as error:
                _LOG.warning("snippets_not_purged code=%s", error.code)
            stop.wait(every_s)

    def run_once(self) -> int:
        """How many sources were removed."""
        store = self.open_store()
        if store is None:
            return 0
        removed = store.purge(self.clock.now() - self.kept)
        if removed:
            _LOG.info("snippets_purged sources=%d", removed)
        return removed
