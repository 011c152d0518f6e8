"""The MLLP door: a thread for each connection, everything bounded: who, how many, how long, how much (HL7 v2 implementation guide, appendix C)."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from wetread.domain.acting_from import acting_from

__all__ = ["MllpLimits", "MllpServer"]

_LOG = logging.getLogger(__name__)
_START, _END = b"\x0b", b"\x1c\r"
_POLL_S = 0.2
_DRAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class MllpLimits:
    """`idle_s` between two messages, `message_s` for one from its first byte to its last, and for a TLS handshake."""

    message_bytes: int = 1024 * 1024
    connections: int = 32
    connections_per_peer: int = 8
    idle_s: float = 300.0
    message_s: float = 30.0


class _NoFrame(Exception):
    """What came is no frame; the words are for the answer."""


class MllpServer:
    """Listens from the start (`port` 0 picks a free one). `answer(message, peer)` and `refuse(peer, words)` give the bytes to send back, without their frame; `turned_away(peer, code)` is told of a connection that was closed before a message."""

    def __init__(
        self,
        host: str,
        port: int,
        answer: Callable[[bytes, str], bytes],
        refuse: Callable[[str, str], bytes],
        networks: Iterable[IPv4Network | IPv6Network],
        limits: MllpLimits,
        tls: ssl.SSLContext | None = None,
        turned_away: Callable[[str, str], None] = lambda peer, code: None,
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=64)
        self._listener.settimeout(_POLL_S)
        self._answer, self._refuse, self._turned_away = answer, refuse, turned_away
        self._networks, self._limits, self._tls = tuple(networks), limits, tls
        self._stop, self._turn = threading.Event(), threading.Lock()
        self._open: dict[threading.Thread, str] = {}

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def serve(self, beat: Callable[[], None] = lambda: None) -> None:
        """Until `stop`; then messages that are being taken are still answered."""
        with self._listener:
            while not self._stop.is_set():
                beat()
                with suppress(TimeoutError):
                    connection, address = self._listener.accept()
                    self._admit(connection, str(address[0]))
        for thread in list(self._open):
            thread.join(self._limits.message_s)

    def stop(self) -> None:
        self._stop.set()

    def _admit(self, connection: socket.socket, peer: str) -> None:
        with self._turn:
            mine = sum(each == peer for each in self._open.values())
            full = len(self._open) >= self._limits.connections or mine >= self._limits.connections_per_peer
            known = any(ip_address(peer) in network for network in self._networks)
            thread = threading.Thread(target=self._run, args=(connection, peer), daemon=True)
            if known and not full:
                self._open[thread] = peer
        if known and not full:
            thread.start()
            return
        connection.close()
        self._turned_away(peer, "full" if known else "unlisted")

    def _run(self, connection: socket.socket, peer: str) -> None:
        try:
            with acting_from(peer), self._secured(connection, peer) as secured:
                self._talk(secured, peer)
        except OSError as error:  # a peer that hangs up, is too slow, or fails the handshake
            _LOG.info("hl7_connection_ended peer=%s error=%s", peer, type(error).__name__)
        finally:
            with self._turn:
                del self._open[threading.current_thread()]

    def _secured(self, connection: socket.socket, peer: str) -> socket.socket:
        try:
            return _secured(connection, self._tls, self._limits.message_s)
        except ssl.SSLError:
            self._turned_away(peer, "tls_failed")
            raise

    def _talk(self, connection: socket.socket, peer: str) -> None:
        received = b""
        while True:
            try:
                message, received = self._read(connection, received)
            except _NoFrame as error:
                connection.sendall(_framed(self._refuse(peer, str(error))))
                _drain(connection)
                return
            if message is None:
                return
            connection.settimeout(self._limits.message_s)
            connection.sendall(_framed(self._answer(message, peer)))

    def _read(self, connection: socket.socket, received: bytes) -> tuple[bytes | None, bytes]:
        """The next message and what came behind it; None when the peer has gone, or nothing came for too long. Raises _NoFrame, TimeoutError."""
        received = received.lstrip(b"\r\n")
        ends = time.monotonic() + (self._limits.message_s if received else self._limits.idle_s)
        data = bytearray(received)
        while True:
            end = data.find(_END)
            _check(data, end, self._limits.message_bytes)
            if end >= 0:
                return bytes(data[1:end]), bytes(data[end + len(_END) :])
            chunk = self._receive(connection, ends, idle=not data)
            if not chunk:
                return None, b""
            if not data:
                chunk = chunk.lstrip(b"\r\n")
                ends = time.monotonic() + self._limits.message_s if chunk else ends
            data += chunk

    def _receive(self, connection: socket.socket, ends: float, *, idle: bool) -> bytes:
        """b"" at the end; while idle, looks now and then whether the server stops."""
        while True:
            left_s = ends - time.monotonic()
            if left_s <= 0 or (idle and self._stop.is_set()):
                if idle:
                    return b""
                raise TimeoutError
            connection.settimeout(min(left_s, _POLL_S) if idle else left_s)
            try:
                return connection.recv(65536)
            except TimeoutError:
                if not idle:
                    raise


def _drain(connection: socket.socket) -> None:
    """Read on for a moment: a connection that is closed over unread bytes takes the answer down with it (RFC 9293 §3.10.4)."""
    connection.shutdown(socket.SHUT_WR)
    ends = time.monotonic() + _DRAIN_S
    while (left_s := ends - time.monotonic()) > 0:
        connection.settimeout(left_s)
        if not connection.recv(65536):
            return


def _check(data: bytearray, end: int, most: int) -> None:
    if data and not data.startswith(_START):
        raise _NoFrame("a message begins with a start block (0x0B)")
    if data.find(_START, 1, end if end >= 0 else len(data)) > 0:
        raise _NoFrame("a message began within another")
    if (end if end >= 0 else len(data)) > most + len(_START):
        raise _NoFrame("the message is too long")


def _framed(answer: bytes) -> bytes:
    return _START + answer + _END


def _secured(connection: socket.socket, tls: ssl.SSLContext | None, timeout_s: float) -> socket.socket:
    connection.settimeout(timeout_s)
    if tls is None:
        return connection
    try:
        return tls.wrap_socket(connection, server_side=True)
    except BaseException:
        connection.close()
        raise
