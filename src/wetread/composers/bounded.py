"""No language model may hold up a draft: an answer is given up after a fixed time, whatever it hangs in, and a fault in a library is one of our errors."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread

from wetread.composers.chat import late
from wetread.domain.errors import PermanentError, TransientError, WetreadError

__all__ = ["within"]

_AT_ONCE = 8
_PLACES = BoundedSemaphore(_AT_ONCE)
"""Askings in the process that have not come back, given up or not."""


def within(limit_s: float, ask: Callable[[], str]) -> str:
    """What `ask` answers; raises what it raises, TransientError 'composer_late' when it is not done in time, 'composer_busy' when too many are not.

    An asking that is given up goes on in its own thread until it ends by itself, and no draft waits for it; the process does when it ends, for a model's library cannot be left halfway.
    """
    if limit_s <= 0:
        raise late()
    if not _PLACES.acquire(blocking=False):
        raise TransientError("too many questions to the language model are unanswered", code="composer_busy")
    outcome: SimpleQueue[str | WetreadError] = SimpleQueue()
    Thread(target=_attempt, args=(ask, outcome), name="composer").start()
    try:
        result = outcome.get(timeout=limit_s)
    except Empty:
        raise late() from None
    if isinstance(result, WetreadError):
        raise result
    return result


def _attempt(ask: Callable[[], str], outcome: "SimpleQueue[str | WetreadError]") -> None:
    said: str | WetreadError
    try:
        said = ask()
    except WetreadError as error:
        said = error
    except Exception as error:  # noqa: BLE001 - a model's library may raise anything, and its text may quote the question
        said = PermanentError(f"the language model broke ({type(error).__name__})", code="composer_broke")
    finally:
        # before the answer is given: whoever has it may ask again at once
        _PLACES.release()
    outcome.put(said)
