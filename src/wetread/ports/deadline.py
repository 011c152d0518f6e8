"""By when whoever asked wants the answer: set where a call comes in, read where something slow is begun. Clock: time.monotonic()."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["answer_by", "answering_by"]

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
