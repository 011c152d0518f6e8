"""One HTTP exchange over a socket that is given (RFC 9112): bounded in time and in bytes, no redirects, no proxy, TLS checked."""

import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer

from wetread.composers.chat import late
from wetread.composers.endpoint import Endpoint
from wetread.composers.relay import Dial
from wetread.domain.errors import PermanentError, TransientError

__all__ = ["MOST_ANSWER_BYTES", "HttpAnswer", "exchange"]

MOST_ANSWER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """`retry_after_s` is what the server asks for in whole seconds, 0 where it does not."""

    status: int
    retry_after_s: int
    body: bytes


def exchange(endpoint: Endpoint, dial: Dial, body: bytes, until: float) -> HttpAnswer:
    """POST `body` to /chat/completions and read the answer by `until` (time.monotonic()).

    Raises TransientError 'composer_unreachable' or 'composer_late', PermanentError 'composer_tls' or 'composer_too_long'; none holds address, key or text.
    """
    try:
        with _cut_off(dial(_left(until)), until) as raw, _secured(raw, endpoint) as connection:
            answer = _asked(endpoint, connection, body)
        if time.monotonic() >= until:
            raise TimeoutError  # cut off, the beginning of an answer may look like all of it
        return answer
    except ssl.SSLCertVerificationError:
        raise PermanentError("the language model server's certificate is not trusted", code="composer_tls") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= until:
            raise late() from None
        name = type(error).__name__
        raise TransientError(
            f"the language model server cannot be reached ({name})", code="composer_unreachable"
        ) from None


def _left(until: float) -> float:
    return max(until - time.monotonic(), 0.001)


@contextmanager
def _cut_off(connection: socket.socket, until: float) -> Iterator[socket.socket]:
    """At `until` the connection is shut down, whatever is being waited for: a socket's own timeout starts again with every byte."""
    connection.settimeout(_left(until))
    end = connection.dup()
    timer = Timer(_left(until), _shut, (end,))
    timer.daemon = True
    timer.start()
    try:
        yield connection
    finally:
        timer.cancel()
        timer.join()
        end.close()
        connection.close()


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster


def _secured(raw: socket.socket, endpoint: Endpoint) -> socket.socket:
    return endpoint.tls.wrap_socket(raw, server_hostname=endpoint.host) if endpoint.tls else raw


def _asked(endpoint: Endpoint, connection: socket.socket, body: bytes) -> HttpAnswer:
    client = http.client.HTTPConnection(endpoint.host, endpoint.port)
    client.sock = connection
    headers = {"Content-Type": "application/json", "Accept": "application/json", "Connection": "close"}
    if endpoint.authorization:
        headers["Authorization"] = endpoint.authorization
    client.request("POST", f"{endpoint.path}/chat/completions", body, headers)
    with client.getresponse() as answer:
        content = answer.read(MOST_ANSWER_BYTES + 1)
        if len(content) > MOST_ANSWER_BYTES:
            raise PermanentError("the language model's answer is too long", code="composer_too_long")
        if answer.length:
            raise http.client.IncompleteRead(content)
    wish = answer.headers.get("Retry-After", "")
    return HttpAnswer(answer.status, int(wish) if wish.isascii() and wish.isdigit() else 0, content)
