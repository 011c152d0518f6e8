"""The only connections of a confined drafting service: a child process, told one address before the doors close, connects to it and hands the socket over (unix(7), SCM_RIGHTS).

seccomp cannot judge addresses, so the process that parses answers may not connect at all, and the process that may connect parses nothing: it is asked by one byte whose
value does not matter. The service can have more connections to the one server, and no other.
"""

import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import NoReturn, Protocol

from wetread.composers.endpoint import Address
from wetread.domain.errors import PermanentError

__all__ = ["Dial", "Direct", "Relay", "start_relay"]

_CONNECT_S = 2.0


class Dial(Protocol):
    def __call__(self, within_s: float) -> socket.socket:
        """A stream connected to the one server; raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Direct:
    """Connects from this process: for one that is not confined."""

    addresses: tuple[Address, ...]

    def __call__(self, within_s: float) -> socket.socket:
        return _connected(self.addresses, within_s)


@dataclass(frozen=True, slots=True)
class Relay:
    """Connects by the child. When the child is gone every call raises OSError."""

    pid: int
    _control: socket.socket = field(repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __call__(self, within_s: float) -> socket.socket:
        """One at a time; the child always answers within its own limit, so that question and answer stay in step."""
        if not self._lock.acquire(timeout=within_s):
            raise TimeoutError("the relay is busy")
        try:
            self._control.sendall(b"?")
            answer, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
        finally:
            self._lock.release()
        if not descriptors:
            raise ConnectionError("the server cannot be reached" if answer else "the relay is gone")
        return socket.socket(fileno=descriptors[0])

    def close(self) -> None:
        """End the child and wait for it."""
        self._control.close()
        os.waitpid(self.pid, 0)


def start_relay(addresses: tuple[Address, ...], confine: Callable[[], None]) -> Relay:
    """Fork; call while this process has one thread. `confine` is run in the child before it serves. Raises PermanentError 'relay_failed' when the child does not start."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        _be_the_relay(theirs, addresses, confine)
    theirs.close()
    ours.settimeout(_CONNECT_S * 5)
    if ours.recv(1) != b"!":
        os.waitpid(pid, 0)
        raise PermanentError("the relay to the language model server did not start", code="relay_failed")
    return Relay(pid, ours)


def _be_the_relay(control: socket.socket, addresses: tuple[Address, ...], confine: Callable[[], None]) -> NoReturn:
    """Lives until the service's end of `control` closes: a stopping service may still need it."""
    status = 1
    try:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        os.closerange(3, control.fileno())
        os.closerange(control.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
        confine()
        control.sendall(b"!")
        while control.recv(1):
            _hand_over(control, addresses)
        status = 0
    finally:
        os._exit(status)


def _hand_over(control: socket.socket, addresses: tuple[Address, ...]) -> None:
    try:
        with _connected(addresses, _CONNECT_S) as connection:
            socket.send_fds(control, [b"+"], [connection.fileno()])
    except OSError:
        control.sendall(b"-")


def _connected(addresses: tuple[Address, ...], within_s: float) -> socket.socket:
    until = time.monotonic() + within_s
    for family, address in addresses:
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(max(until - time.monotonic(), 0.001))
            connection.connect(address)
        except OSError:
            connection.close()
        else:
            return connection
    raise ConnectionError("no address of the server answers")
