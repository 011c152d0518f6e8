"""A receiver that does not answer is left alone for a while: each try would hold a worker for a whole timeout, with films waiting behind it."""

import time
from collections.abc import Callable

from wetread.domain.errors import PermanentError, TransientError
from wetread.ports.sink import ReportPackage, Sink

__all__ = ["Breaker"]

_FAILURES = 3
_SHORTEST_REST_S, _LONGEST_REST_S = 15.0, 300.0


class Breaker:
    """A sink before a sink: after three failures in a row it rests, 15 s at first and twice as long each time up to 5 min; then one delivery is tried.

    While it rests, deliveries fail at once (TransientError 'receiver_resting') and stay in the backlog. A refusal is an answer too. One per worker process.
    """

    def __init__(self, sink: Sink, now_s: Callable[[], float] = time.monotonic) -> None:
        self.name = sink.name
        self._sink = sink
        self._now_s = now_s
        self._failures = 0
        self._rests_until_s = 0.0

    def deliver(self, package: ReportPackage) -> str:
        if self._now_s() < self._rests_until_s:
            raise TransientError(
                f"the receiver of {self.name} does not answer: it is left to rest", code="receiver_resting"
            )
        try:
            receipt = self._sink.deliver(package)
        except TransientError:
            self._failed()
            raise
        except PermanentError:
            self._failures = 0
            raise
        self._failures = 0
        return receipt

    def _failed(self) -> None:
        self._failures += 1
        if self._failures >= _FAILURES:
            rest_s = min(_LONGEST_REST_S, _SHORTEST_REST_S * 2.0 ** min(self._failures - _FAILURES, 16))
            self._rests_until_s = self._now_s() + rest_s
