"""The network address of a neighbour that we call, for the audit log: what the name in the settings stands for now."""

import socket
import time
from collections.abc import Callable
from typing import Any

from wetread.domain.ip import ip_of

__all__ = ["NeighbourAddress"]

_KNOWN_FOR_S = 60.0


class NeighbourAddress:
    """Called, gives the address of `host`: itself where it is one, else as the resolver of this machine says, asked again after a minute. "" for a name that stands for several addresses, or none: which one answered is then not known."""

    def __init__(
        self,
        host: str,
        look_up: Callable[[str, None], list[Any]] = socket.getaddrinfo,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host, self._look_up, self._now_s = host, look_up, now_s
        self._known, self._until_s = "", float("-inf")

    def __call__(self) -> str:
        if given := ip_of(self._host):
            return str(given)
        if self._now_s() >= self._until_s:
            self._known, self._until_s = self._found(), self._now_s() + _KNOWN_FOR_S
        return self._known

    def _found(self) -> str:
        try:
            told = {str(address[0]) for *_, address in self._look_up(self._host, None)}
        except (OSError, UnicodeError):
            return ""
        return told.pop() if len(told) == 1 else ""
