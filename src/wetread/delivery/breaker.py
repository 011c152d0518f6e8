"""A receiver that does not answer is left alone for a while: each try would hold a worker for a whole timeout, with films waiting behind it."""

import time
from collections.abc import Callable

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.resting import Resting
from wetread.ports.sink import ReportPackage, Sink

__all__ = ["Breaker"]

_ANSWERS = ("commitment_awaited", "commitment_failed")
"""What a receiver that works may say."""


class Breaker:
    """A sink before a sink: after failures it rests as `Resting` says; then one delivery is tried.

    While it rests, deliveries fail at once (TransientError 'receiver_resting') and stay in the backlog. A refusal is an answer too. One per worker process.
    """

    def __init__(self, sink: Sink, now_s: Callable[[], float] = time.monotonic) -> None:
        self.name = sink.name
        self._sink = sink
        self._resting = Resting(now_s)

    def deliver(self, package: ReportPackage) -> str:
        if self._resting.rests:
            raise TransientError(
                f"the receiver of {self.name} does not answer: it is left to rest", code="receiver_resting"
            )
        try:
            receipt = self._sink.deliver(package)
        except TransientError as error:
            if error.code not in _ANSWERS:
                self._resting.failed()
            raise
        except PermanentError:
            self._resting.answered()
            raise
        self._resting.answered()
        return receipt
