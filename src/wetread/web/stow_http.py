"""Reads one HTTP/1.1 request from a blocking socket, strictly (RFC 9112) and never a byte too many: what follows on the connection may belong to another server.

The head is peeked at and taken up to its empty line; the body is read straight into the caller's buffer, by Content-Length or in chunks, with a limit on every wait.
"""

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from wetread.web.problems import Refusal

__all__ = ["MAX_HEAD_BYTES", "Head", "Pace", "PaceMeter", "SocketBody", "parse_head", "take_head", "too_slow"]

MAX_HEAD_BYTES = 16 * 1024
_MAX_FIELDS = 100
_MAX_CHUNK_LINE_BYTES = 256
_REQUEST_LINE = re.compile(r"([A-Z]{1,16}) (/[\x21-\x7e]*) HTTP/1\.([01])")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\x80-\xff\t]*)")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\x20-\x7e\t]*)?\r\n")
_SINGLE = {"host", "content-length", "transfer-encoding", "content-type", "content-encoding", "authorization", "expect"}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Head:
    """A request's head: `path` without query, `fields` as sent (names in lower case), `headers` the last of each name."""

    method: str
    path: str
    fields: tuple[tuple[str, str], ...]
    http_1_1: bool

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.fields)

    @property
    def keeps_alive(self) -> bool:
        return self.http_1_1 and "close" not in self.headers.get("connection", "").lower()


@dataclass(frozen=True, slots=True)
class Pace:
    """How slow a sender may be: silent for `idle_s`, and after `grace_s` on average below `least_bytes_per_s`."""

    idle_s: float = 30.0
    grace_s: float = 30.0
    least_bytes_per_s: float = 4096.0


class PaceMeter:
    """Counts what came since it was made."""

    def __init__(self, pace: Pace, now_s: Callable[[], float] = monotonic) -> None:
        self._pace = pace
        self._now_s = now_s
        self._began_s = now_s()
        self._received_bytes = 0

    def count(self, received_bytes: int) -> None:
        """Raises Refusal 408 when the sender has become too slow."""
        self._received_bytes += received_bytes
        elapsed_s = self._now_s() - self._began_s
        if elapsed_s > self._pace.grace_s and self._received_bytes < elapsed_s * self._pace.least_bytes_per_s:
            raise too_slow()


def too_slow() -> Refusal:
    return Refusal(408, "too_slow", "the body comes too slowly: check the network, then send again")


def parse_head(raw: bytes) -> Head:
    """`raw` ends with the empty line. Raises Refusal 400 for anything two servers might read differently."""
    first, *lines = raw.decode("latin-1").split("\r\n")[:-2]
    request_line = _REQUEST_LINE.fullmatch(first)
    fields = tuple(_field(line) for line in lines[: _MAX_FIELDS + 1])
    names = [name for name, _ in fields]
    if request_line is None or len(lines) > _MAX_FIELDS or any(names.count(name) > 1 for name in _SINGLE):
        raise _malformed()
    head = Head(request_line[1], request_line[2].partition("?")[0], fields, request_line[3] == "1")
    _check_framing(head)
    return head


def _field(line: str) -> tuple[str, str]:
    match = _FIELD.fullmatch(line)
    if match is None:
        raise _malformed()
    return match[1].lower(), match[2].strip(" \t")


def _check_framing(head: Head) -> None:
    """RFC 9112 §6: one way to find the end of the body, or none."""
    headers = head.headers
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None and (coding.lower() != "chunked" or length is not None or not head.http_1_1):
        raise _malformed()
    if length is not None and not re.fullmatch("[0-9]{1,18}", length):
        raise _malformed()
    if head.http_1_1 and "host" not in headers:
        raise _malformed()
    if coding is None and length is None:
        raise Refusal(411, "length_required", "say how long the body is: Content-Length or chunks")
    if headers.get("expect", "100-continue").lower() != "100-continue":
        raise Refusal(417, "expectation", "only Expect: 100-continue can be met")


def _malformed() -> Refusal:
    return Refusal(400, "malformed_request", "the request cannot be read one way only")


def take_head(sock: socket.socket) -> bytes:
    """The head's bytes, with its empty line, and not one more. Raises ConnectionError when the peer leaves, Refusal 431 or TimeoutError."""
    taken = bytearray()
    while len(taken) < MAX_HEAD_BYTES:
        seen = sock.recv(MAX_HEAD_BYTES - len(taken), socket.MSG_PEEK)
        if not seen:
            raise ConnectionError("the connection ended within a head")
        end = (bytes(taken[-3:]) + seen).find(b"\r\n\r\n")
        whole = end >= 0
        taken += _take(sock, end + 4 - len(taken[-3:]) if whole else len(seen))
        if whole:
            return bytes(taken)
    raise Refusal(431, "head_too_large", f"a request's head may hold {MAX_HEAD_BYTES} bytes")


def _take(sock: socket.socket, size: int) -> bytes:
    """Bytes that a peek has shown to be there."""
    data = sock.recv(size, socket.MSG_WAITALL)
    if len(data) != size:
        raise ConnectionError("the connection ended")
    return data


class SocketBody:
    """The body of `head` on `sock` (`stow.Body`). Says 100 Continue when somebody first wants it."""

    def __init__(self, sock: socket.socket, head: Head, pace: Pace) -> None:
        self._sock = sock
        self._meter = PaceMeter(pace)
        self._chunked = "transfer-encoding" in head.headers
        self._left = 0 if self._chunked else int(head.headers["content-length"])
        self._first_chunk = True
        self.exhausted = not self._chunked and self._left == 0
        self._expects = "expect" in head.headers
        sock.settimeout(pace.idle_s)

    def readinto(self, buffer: memoryview) -> int:
        if self.exhausted:
            return 0
        if self._expects:
            self._expects = False
            self._sock.sendall(_CONTINUE)
        try:
            return self._read(buffer)
        except TimeoutError:
            raise too_slow() from None

    def _read(self, buffer: memoryview) -> int:
        if self._left == 0:
            self._left = self._next_chunk()
            if self.exhausted:
                return 0
        received = self._sock.recv_into(buffer, min(len(buffer), self._left))
        if received == 0:
            raise ConnectionError("the connection ended within a body")
        self._left -= received
        self.exhausted = self._left == 0 and not self._chunked
        self._meter.count(received)
        return received

    def _next_chunk(self) -> int:
        """The size of the next chunk (RFC 9112 §7.1); 0 at the end, after an empty trailer."""
        if not self._first_chunk and self._take_line() != b"\r\n":
            raise _malformed()
        self._first_chunk = False
        match = _CHUNK_LINE.fullmatch(self._take_line())
        if match is None:
            raise _malformed()
        size = int(match[1], 16)
        if size == 0:
            if self._take_line() != b"\r\n":
                raise Refusal(400, "trailers", "trailers after the last chunk are not taken")
            self.exhausted = True
        return size

    def _take_line(self) -> bytes:
        taken = bytearray()
        while len(taken) < _MAX_CHUNK_LINE_BYTES:
            seen = self._sock.recv(_MAX_CHUNK_LINE_BYTES - len(taken), socket.MSG_PEEK)
            if not seen:
                raise ConnectionError("the connection ended within a body")
            end = seen.find(b"\n")
            taken += _take(self._sock, end + 1 if end >= 0 else len(seen))
            self._meter.count(0)
            if end >= 0:
                return bytes(taken)
        raise _malformed()
