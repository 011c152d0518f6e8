"""A process that asks a neighbour again and again, until it is stopped."""

import logging
import signal
from collections.abc import Callable
from threading import Event

from wetread.domain.errors import PermanentError, TransientError

__all__ = ["ask_until_stopped"]

_LOG = logging.getLogger(__name__)
_LONGEST_REST_S = 300.0


def ask_until_stopped(what: str, run_once: Callable[[], None], every_s: float) -> None:
    """`what` names it in the log. A neighbour that cannot be used is left to rest, twice as long each time up to 5 min: what stands open stays in the backlog."""
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    rest_s = every_s
    while not stopped.wait(rest_s):
        try:
            run_once()
            rest_s = every_s
        except (TransientError, PermanentError) as error:
            rest_s = max(every_s, min(_LONGEST_REST_S, 2 * rest_s))
            _LOG.warning("%s_waits code=%s next_in_s=%.0f", what, error.code, rest_s)
