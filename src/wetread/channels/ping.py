"""The dead man's ping: a watcher outside hears from us while escalation runs, and rings when it does not (as Healthchecks.io and its kin do)."""

from wetread.channels.bounded import within
from wetread.channels.http import HttpPeer, HttpPoster

__all__ = ["DeadMansPing"]


class DeadMansPing:
    """`ping()` returns once the watcher has heard it; raises TransientError or PermanentError within `limit_s`. It says nothing but that it came."""

    def __init__(self, peer: HttpPeer, limit_s: float = 10.0) -> None:
        self._poster = HttpPoster(peer)
        self._limit_s = limit_s

    def ping(self) -> None:
        within(self._limit_s, lambda: str(self._poster.post(b"", {}, method="GET")))
