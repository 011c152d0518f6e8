"""How a connection to the DIMSE door begins: in TLS where the door speaks it (PS3.15 B.12), else with a PDU. Who begins wrongly is told so in their own protocol, and nobody is waited for longer than ARTIM."""

import socket
import ssl
import time
from contextlib import suppress

__all__ = ["GreetingRefused", "NothingSaid", "first_byte", "greeted"]

_HANDSHAKE, _ASSOCIATE_RQ = b"\x16", b"\x01"
"""The first byte of a TLS record (RFC 8446 §5.1) and of an A-ASSOCIATE-RQ (PS3.8 §9.3.2)."""
_HANDSHAKE_FAILURE = bytes((0x15, 0x03, 0x01, 0, 2, 2, 40))
"""A fatal alert."""
_ASSOCIATE_RJ = bytes((0x03, 0, 0, 0, 0, 4, 0, 1, 1, 1))
"""Rejected for good by the service user, no reason given: DICOM has no word for "speak TLS"."""
_ABORT = bytes((0x07, 0, 0, 0, 0, 4, 0, 0, 2, 1))
"""A-ABORT by the service provider: unrecognized PDU (PS3.8 §9.3.8)."""
_LAST_PDU_TYPE = 0x07
_DRAIN_S = 1.0
_DRAINED_BYTES = 64 * 1024


class NothingSaid(Exception):
    """Closed before a byte: who only looks whether somebody listens, as a load balancer does."""


class GreetingRefused(Exception):
    """`code` says why: tls_at_plain_port, plain_at_tls_port, not_dicom, silent, or what OpenSSL calls it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def greeted(connection: socket.socket, tls: ssl.SSLContext | None, artim_s: float) -> socket.socket:
    """The connection, in TLS where there is `tls`. Raises NothingSaid, GreetingRefused or OSError; the caller closes it then."""
    usual_s = connection.gettimeout()
    first = first_byte(connection, artim_s)
    try:
        if tls is None and first == _HANDSHAKE:
            _tell(connection, _HANDSHAKE_FAILURE, "tls_at_plain_port")
        if tls is None and not 0 < first[0] <= _LAST_PDU_TYPE:
            _tell(connection, _ABORT, "not_dicom")
        if tls is not None and first == _ASSOCIATE_RQ:
            _tell(connection, _ASSOCIATE_RJ, "plain_at_tls_port")
        secured = connection if tls is None else tls.wrap_socket(connection, server_side=True)
    except TimeoutError:
        raise GreetingRefused("silent") from None
    except ssl.SSLError as error:
        raise GreetingRefused(f"tls_{(error.reason or 'failed').lower()}") from None
    secured.settimeout(usual_s)
    return secured


def first_byte(connection: socket.socket, artim_s: float) -> bytes:
    """It is still to be read. Raises NothingSaid, or GreetingRefused 'silent'."""
    connection.settimeout(artim_s)
    try:
        first = connection.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        raise GreetingRefused("silent") from None
    except ConnectionResetError:
        raise NothingSaid from None
    if not first:
        raise NothingSaid
    return first


def _tell(connection: socket.socket, words: bytes, code: str) -> None:
    with suppress(OSError):
        connection.sendall(words)
        connection.shutdown(socket.SHUT_WR)
        _drain(connection)
    raise GreetingRefused(code)


def _drain(connection: socket.socket) -> None:
    """Read on for a moment: a connection that is closed over unread bytes takes the answer down with it (RFC 9293 §3.10.4)."""
    ends, left = time.monotonic() + _DRAIN_S, _DRAINED_BYTES
    while left > 0 and (left_s := ends - time.monotonic()) > 0:
        connection.settimeout(left_s)
        received = len(connection.recv(8192))
        left -= received or left
