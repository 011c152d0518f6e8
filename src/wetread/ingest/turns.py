"""A loop that does what is due until it is told to stop."""

import logging
from collections.abc import Callable
from threading import Event

from wetread.domain.errors import WetreadError

__all__ = ["in_turns"]

_LOG = logging.getLogger(__name__)


def in_turns(turn: Callable[[], bool], stopped: Event, *, idle_s: float = 1.0) -> None:
    """`turn` says whether it did anything; after one that did not there is a pause.

    A bug sets `stopped` for everybody: the process ends, is started again, and where it ends again and again nobody shows life any more, which is an alarm.
    """
    while not stopped.is_set():
        try:
            worked = turn()
        except WetreadError as error:
            _LOG.warning("turn_failed code=%s", error.code)
            worked = False
        except Exception as error:  # noqa: BLE001 - its message could quote a patient: only its kind is told
            _LOG.error("turn_crashed error=%s", type(error).__name__)
            stopped.set()
            return
        if not worked:
            stopped.wait(idle_s)
