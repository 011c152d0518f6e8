"""A stranger who knocks all night is written down, not once per knock."""

import threading
import time
from collections.abc import Callable

__all__ = ["OncePerHour"]

_HOUR_S = 3600.0
_REMEMBERED = 1000


class OncePerHour:
    """Of at most a thousand things: with more, what is new is not written down until an hour has passed over the older ones."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._last: dict[object, float] = {}
        self._lock = threading.Lock()

    def is_new(self, what: object) -> bool:
        now = self._now_s()
        with self._lock:
            self._last = {each: at for each, at in self._last.items() if now - at < _HOUR_S}
            new = what not in self._last and len(self._last) < _REMEMBERED
            if new:
                self._last[what] = now
        return new
