"""The twin of the Notifier port: keeps what it was given, and can be down, refuse, or die after taking a page."""

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.page import PageMessage, refuse_identity

__all__ = ["MemoryNotifier"]


class MemoryNotifier:
    """`sent` holds every page taken, repeats included, as (message, address, key); `rung` each key once, as a receiver that knows its keys would ring.

    `down`, `refusals` and `deaf` count down: that many calls fail transiently, are refused, or are taken while the answer gets lost.
    """

    def __init__(
        self, name: str = "memory", *, carries_phi: bool = False, down: int = 0, refusals: int = 0, deaf: int = 0
    ) -> None:
        self.name = name
        self.carries_phi = carries_phi
        self.down = down
        self.refusals = refusals
        self.deaf = deaf
        self.attempts = 0
        self.sent: list[tuple[PageMessage, str, str]] = []

    @property
    def rung(self) -> dict[str, PageMessage]:
        return {key: message for message, _, key in reversed(self.sent)}

    def send(self, message: PageMessage, address: str, key: str) -> str:
        self.attempts += 1
        refuse_identity(message, carries_phi=self.carries_phi)
        if self.down > 0:
            self.down -= 1
            raise TransientError("the receiver is down", code="receiver_unreachable")
        if self.refusals > 0:
            self.refusals -= 1
            raise PermanentError("the receiver refuses the page", code="page_refused")
        self.sent.append((message, address, key))
        if self.deaf > 0:
            self.deaf -= 1
            raise TransientError("the receiver went away before it answered", code="receiver_unreachable")
        return "recorded"
