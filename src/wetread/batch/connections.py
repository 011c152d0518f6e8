"""An archive asked over several connections at once, patiently: who says that it is busy is left alone for a while and asked again."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from wetread.domain.errors import TransientError
from wetread.ports.archive import Archive

__all__ = ["AWAY_PAUSES_S", "BROKEN_PAUSES_S", "Connections", "pause_before"]

AWAY_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""Before each further try of an archive that is busy (HTTP 429, 503) or does not answer."""
BROKEN_PAUSES_S = (1.0, 2.0, 4.0)
"""Where it answers, and with an error or half of what was asked for: that hangs on what was asked for as often as on the archive."""
_LONGEST_WAIT_S = 300.0
_LOOK_EVERY_S = 0.2
_BROKEN = ("receiver_failed", "broke_off")
_OURS = ("storage_full",)


def pause_before(error: TransientError, tries: int) -> float | None:
    """Seconds to wait before the next try after so many; None where that is no help, or was tried often enough. What the archive asks for counts, up to five minutes."""
    pauses = () if error.code in _OURS else BROKEN_PAUSES_S if error.code in _BROKEN else AWAY_PAUSES_S
    return max(pauses[tries - 1], min(error.retry_after_s, _LONGEST_WAIT_S)) if tries <= len(pauses) else None


class Connections:
    """`size` threads, each with an archive of its own from `connect`. Questions are answered in whatever order. Ask and answer from one thread; `close` lets go of what is under way."""

    def __init__(self, connect: Callable[[], Archive], size: int) -> None:
        self.size = size
        self._questions: SimpleQueue[tuple[int, Callable[[Archive], Any]]] = SimpleQueue()
        self._answers: SimpleQueue[tuple[int, Any]] = SimpleQueue()
        self._closed = threading.Event()
        # daemons: an archive that is silent does not keep a program from ending
        for archive in [connect() for _ in range(size)]:
            threading.Thread(target=self._work, args=(archive,), daemon=True).start()

    def ask(self, number: int, question: Callable[[Archive], object]) -> None:
        self._questions.put((number, question))

    def answer(self, *, wait: bool, stopped: Callable[[], bool] = lambda: False) -> tuple[int, Any] | None:
        """The number of a question, and what came of it: an answer, or the exception it ended with. None: nothing yet, or stopped while it waited. Never wait where nothing was asked."""
        while True:
            try:
                return self._answers.get(block=wait, timeout=_LOOK_EVERY_S)
            except Empty:
                if not wait or stopped():
                    return None

    def close(self) -> None:
        self._closed.set()

    def _work(self, archive: Archive) -> None:
        while not self._closed.is_set():
            try:
                number, question = self._questions.get(timeout=_LOOK_EVERY_S)
            except Empty:
                continue
            try:
                answer = self._patiently(archive, question)
            except Exception as error:  # noqa: BLE001 - told to who asked
                answer = error
            self._answers.put((number, answer))

    def _patiently(self, archive: Archive, question: Callable[[Archive], object]) -> object:
        tries = 1
        while True:
            try:
                return question(archive)
            except TransientError as error:
                pause_s = pause_before(error, tries)
                if pause_s is None or self._closed.wait(pause_s):
                    raise
                tries += 1
