"""No channel may hold up the next one: a send is given up after a fixed time, whatever it hangs in (a name server, a peer that sends one byte a minute), and a fault of ours in it is its own."""

from collections.abc import Callable

from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.domain.page import PageMessage
from wetread.ports import deadline
from wetread.ports.notifier import Notifier

__all__ = ["BoundedNotifier", "within"]


def within(limit_s: float, call: Callable[[], str]) -> str:
    """What `call` answers; raises what it raises, and TransientError when it is not done in time."""
    try:
        return deadline.within(limit_s, call)
    except WetreadError:
        raise
    except TimeoutError:
        raise TransientError(f"no answer within {limit_s:g} s", code="receiver_timeout") from None
    except Exception as error:  # noqa: BLE001 - a fault in one channel must not keep the next from being tried
        raise PermanentError(f"this channel broke ({type(error).__name__})", code="channel_broke") from None


class BoundedNotifier:
    """Another notifier with a limit on the whole of a send. A send that is given up may still arrive: its key makes it known."""

    def __init__(self, notifier: Notifier, limit_s: float) -> None:
        self.name = notifier.name
        self.carries_phi = notifier.carries_phi
        self._notifier = notifier
        self._limit_s = limit_s

    def send(self, message: PageMessage, address: str, key: str) -> str:
        return within(self._limit_s, lambda: self._notifier.send(message, address, key))
