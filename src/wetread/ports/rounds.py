"""A thread that does one thing now and then, and lives on whatever happens to it."""

import logging
from collections.abc import Callable
from threading import Event

from wetread.domain.errors import WetreadError

__all__ = ["in_rounds"]


def in_rounds(
    once: Callable[[], object],
    stop: Event,
    every_s: float,
    log: logging.Logger,
    waits: str,
    failed: str = "",
    *,
    at_once: bool = False,
) -> None:
    """Until `stop` is set; what fails is a line in the log and tried again the next time: `waits` is the first word of what may pass or a person can mend, `failed` (else the same) of what is a bug."""
    ended = stop.is_set() if at_once else stop.wait(every_s)
    while not ended:
        try:
            once()
        except (WetreadError, OSError) as error:
            log.warning("%s code=%s", waits, getattr(error, "code", type(error).__name__))
        except Exception as error:  # noqa: BLE001 - the thread must live on; its text could quote a row
            log.error("%s error=%s", failed or waits, type(error).__name__)
        ended = stop.wait(every_s)
