"""By when whoever asked wants the answer: set where a call comes in, read where something slow is begun. Clock: time.monotonic()."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar, cast

__all__ = ["answer_by", "answering_by", "within"]

_T = TypeVar("_T")

_UNTIL: ContextVar[float] = ContextVar("answer_by", default=math.inf)


@contextmanager
def answering_by(until: float) -> Iterator[None]:
    """For what is done inside, on this thread."""
    token = _UNTIL.set(until)
    try:
        yield
    finally:
        _UNTIL.reset(token)


def answer_by() -> float:
    """Infinite where nobody said."""
    return _UNTIL.get()


def within(limit_s: float, call: Callable[[], _T]) -> _T:
    """What `call` answers or raises; raises TimeoutError when it is not done in time. It then goes on in its own thread, and nobody waits for it."""
    outcome: SimpleQueue[tuple[_T | None, Exception | None]] = SimpleQueue()

    def attempt() -> None:
        try:
            outcome.put((call(), None))
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            outcome.put((None, error))

    Thread(target=attempt, name="within", daemon=True).start()
    try:
        result, error = outcome.get(timeout=limit_s)
    except Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return cast(_T, result)
