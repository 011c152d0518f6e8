"""HL7 messages over TCP: the minimal lower layer protocol (HL7 v2 implementation guide, appendix C) as client."""

import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.no_answer import why_no_answer

__all__ = ["MllpPeer", "exchange"]

_START, _END = b"\x0b", b"\x1c\r"
_ANSWER_LIMIT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class MllpPeer:
    """A listener. With `tls` its certificate is checked, against `ca_file` alone where one is given, and `cert_file` with `key_file` is ours, where it asks for one.

    `timeout_s` bounds the whole exchange.
    """

    host: str
    port: int = 2575
    tls: bool = False
    timeout_s: float = 10.0
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


def exchange(peer: MllpPeer, message: bytes) -> bytes:
    """Send one message in a connection of its own; returns its acknowledgement without the frame. Raises TransientError or PermanentError."""
    deadline = time.monotonic() + peer.timeout_s
    context = _tls_context(peer) if peer.tls else None
    try:
        with _connected(peer, context) as connection:
            connection.sendall(_START + message + _END)
            return _read_frame(connection, deadline)
    except ssl.SSLCertVerificationError as error:
        raise PermanentError(
            f"no trusted connection with the HL7 receiver: {why_no_answer(error)}", code="tls_failed"
        ) from None
    except OSError as error:
        raise TransientError(
            f"the HL7 receiver does not answer: {why_no_answer(error)}", code="receiver_unreachable"
        ) from None


def _tls_context(peer: MllpPeer) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(peer.ca_file.expanduser()) if peer.ca_file else None)
        if peer.cert_file:
            context.load_cert_chain(peer.cert_file.expanduser(), peer.key_file and peer.key_file.expanduser())
    except OSError as error:
        raise PermanentError(
            f"a certificate or key of the HL7 connection cannot be used ({type(error).__name__})", code="bad_settings"
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _connected(peer: MllpPeer, context: ssl.SSLContext | None) -> socket.socket:
    connection = socket.create_connection((peer.host, peer.port), timeout=peer.timeout_s)
    if context is None:
        return connection
    try:
        return context.wrap_socket(connection, server_hostname=peer.host)
    except BaseException:
        connection.close()
        raise


def _read_frame(connection: socket.socket, deadline: float) -> bytes:
    received = b""
    while _END not in received:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        connection.settimeout(left_s)
        chunk = connection.recv(4096)
        if not chunk or len(received) > _ANSWER_LIMIT_BYTES:
            raise TransientError("the HL7 receiver ended without an acknowledgement", code="receiver_unreachable")
        received += chunk
    return received.partition(_START)[2].partition(_END)[0]
