"""The embedded dispatcher: wakes the workers of its own process; those of others look often."""

import threading
import time
from collections.abc import Sequence

from wetread.ports.dispatcher import DispatchState, Wake

__all__ = ["Bell"]

_MOST = 1_000


class Bell:
    """`ports.dispatcher.Dispatcher` of one process. Without a second process there is nobody who could take over what is never done."""

    poll_s = 0.2

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self._waiting: list[Wake] = []
        self._taken: list[Wake] = []

    def announce(self, wakes: Sequence[Wake]) -> None:
        with self._rung:
            self._waiting = [*self._waiting, *wakes][-_MOST:]
            self._rung.notify(len(wakes))

    def wait(self, timeout_s: float) -> Sequence[Wake]:
        until_s = time.monotonic() + timeout_s
        with self._rung:
            while not self._waiting:
                left_s = until_s - time.monotonic()
                if left_s <= 0 or not self._rung.wait(left_s):
                    return ()
            first = max(self._waiting, key=lambda each: each.priority)
            self._waiting.remove(first)
            self._taken.append(first)
            return (first,)

    def done(self, wakes: Sequence[Wake]) -> None:
        with self._rung:
            self._taken = [each for each in self._taken if each not in wakes]

    def state(self) -> DispatchState:
        with self._rung:
            return DispatchState("embedded", up=True, waiting=len(self._waiting), pending=len(self._taken))

    def close(self) -> None:
        """Nothing is held."""
