"""The pager's loop: sweep every second, send as pages are queued, and once a minute look ahead, look for silence, and tell the outside that we live."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from wetread.domain.errors import WetreadError
from wetread.domain.page import Page
from wetread.paging.send import Sender
from wetread.paging.signs import SENDING, SWEEP, Vital
from wetread.paging.sweep import Sweep

__all__ = ["Chore", "Pager"]

_LOG = logging.getLogger(__name__)
_SENDERS = 4
"""Pages under way at once: a channel that hangs until its timeout holds up one of them."""
_LOOK_UP_S = 1.0
"""The main thread wakes so often: Python runs a signal's handler only there, and a signal that came to another thread, or a moment before a wait, wakes nobody."""


@dataclass(frozen=True, slots=True)
class Chore:
    """Something done now and then. It may fail; it is said and tried again."""

    name: str
    every_s: float
    act: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Pager:
    """Sweep, sending and each chore have a thread of their own: a slow one never holds up the others. `vital` is told what was done."""

    sweep: Sweep
    sender: Sender
    chores: tuple[Chore, ...]
    vital: Vital = field(default_factory=Vital)

    def run(self, stop: threading.Event, *, sweep_every_s: float = 1.0) -> None:
        """Until `stop` is set. Pages under way are finished first; a chore is left where it is: what it had not committed never was."""
        slots = threading.Semaphore(_SENDERS)
        with ThreadPoolExecutor(_SENDERS) as pool:
            rounds = [
                partial(_every, stop, sweep_every_s, "sweep", self._sweep),
                partial(_every, stop, sweep_every_s / 2, "send", partial(self._send, pool, slots)),
            ]
            chores = [partial(_every, stop, chore.every_s, chore.name, chore.act) for chore in self.chores]
            threads = [threading.Thread(target=each, daemon=True) for each in (*rounds, *chores)]
            for thread in threads:
                thread.start()
            while not stop.wait(_LOOK_UP_S):
                continue
            for thread in threads[: len(rounds)]:
                thread.join()

    def _sweep(self) -> None:
        self.sweep.run_once()
        self.vital.note(SWEEP)

    def _send(self, pool: ThreadPoolExecutor, slots: threading.Semaphore) -> None:
        if _dispatch(self.sender, pool, slots):
            self.vital.note(SENDING)


def _dispatch(sender: Sender, pool: ThreadPoolExecutor, slots: threading.Semaphore) -> bool:
    """Claim no more pages than can be sent at once: one that waits here would lose its lease. False when no hand was free."""

    def send(page: Page) -> None:
        try:
            sender.send(page)
        finally:
            slots.release()

    asked = False
    while slots.acquire(blocking=False):
        page = None
        try:
            page = sender.claim()
        finally:
            if page is None:
                slots.release()
        asked = True
        if page is None:
            break
        pool.submit(send, page)
    return asked


def _every(stop: threading.Event, pause_s: float, name: str, act: Callable[[], object]) -> None:
    """Never ends by an error: what pages people must outlive everything but its process."""
    while not stop.is_set():
        started = time.monotonic()
        try:
            act()
        except WetreadError as error:
            _LOG.warning("%s_waits code=%s", name, error.code)
        except Exception as error:  # noqa: BLE001 - see above; the name goes to the log, the text could quote data
            _LOG.error("%s_crashed error=%s", name, type(error).__name__)
        stop.wait(max(0.05, pause_s - (time.monotonic() - started)))
