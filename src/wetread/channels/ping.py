"""The dead man's ping: a watcher outside hears from us while escalation runs, and rings when it does not (as Healthchecks.io and its kin do)."""

from wetread.channels.http import HttpPeer, HttpPoster

__all__ = ["DeadMansPing"]


class DeadMansPing:
    """`ping()` returns once the watcher has heard it; raises TransientError or PermanentError. It carries no information but that it came."""

    def __init__(self, peer: HttpPeer) -> None:
        self._poster = HttpPoster(peer)

    def ping(self) -> None:
        self._poster.post(b"", {}, method="GET")
