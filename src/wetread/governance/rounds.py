"""A thread of a worker that does one thing now and then, and lives on whatever happens to it."""

import logging
from collections.abc import Callable
from threading import Event

from wetread.domain.errors import WetreadError

__all__ = ["in_rounds"]


def in_rounds(once: Callable[[], object], stop: Event, every_s: float, log: logging.Logger, failed: str) -> None:
    """Until `stop` is set; what fails is a line in the log, `failed` its first word, and tried again the next time."""
    while not stop.wait(every_s):
        try:
            once()
        except WetreadError as error:
            log.warning("%s code=%s", failed, error.code)
        except Exception as error:  # noqa: BLE001 - the thread must live on; its text could quote a row
            log.error("%s error=%s", failed, type(error).__name__)
