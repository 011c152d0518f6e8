"""Receivers of pages on free loopback ports: a real SMTP server (aiosmtpd), an HTTP receiver and an MLLP listener. Each can be told how to behave.

`mode` is one of accept, busy (try later), refuse (never), deaf (takes the page, then dies before it answers), loud (accepts with a very long answer, a mail server without a goodbye). Every answer repeats what came in: nothing of it may come back in an error.
"""

import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass
class Receiver:
    """`arrivals` holds what was taken, parsed: a mail, (headers, fields), or segments."""

    mode: str = "accept"
    port: int = 0
    arrivals: list[Any] = field(default_factory=list)


class _MailHandler:
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self._receiver.mode == "busy":
            return f"451 try later {address}"
        if self._receiver.mode == "refuse":
            return f"550 no such person {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content, policy=default)
        mail["X-Envelope-To"] = ",".join(envelope.rcpt_tos)
        self._receiver.arrivals.append(mail)
        if self._receiver.mode == "deaf":
            server.transport.abort()
        return "250 queued " + ("x" * 400 if self._receiver.mode == "loud" else "")

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self._receiver.mode == "loud":
            server.transport.abort()
        return "221 Bye"


def _login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"pager", b"right")
    return AuthResult(success=known, handled=False)


class _Controller(Controller):
    """On any free port, and with TLS from the first byte: the original can start neither."""

    @property
    def bound_port(self) -> int:
        port: int = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        return port

    def _trigger_server(self) -> None:
        socket.create_connection(("127.0.0.1", self.bound_port), timeout=5).close()


@contextmanager
def smtp_server(
    starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, *, login: bool = False
) -> Iterator[Receiver]:
    receiver = Receiver()
    controller = _Controller(
        _MailHandler(receiver),
        hostname="127.0.0.1",
        port=0,
        ready_timeout=60,
        ssl_context=tls,
        tls_context=starttls,
        require_starttls=starttls is not None,
        authenticator=_login if login else None,
        auth_required=login,
    )
    controller.start()
    receiver.port = controller.bound_port
    try:
        yield receiver
    finally:
        controller.stop()


def _http_handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    statuses = {"busy": 503, "refuse": 400, "redirect": 307, "slow down": 429}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status = statuses.get(receiver.mode, 201)
            if status == 201:
                receiver.arrivals.append((dict(self.headers), _fields(self.headers.get_content_type(), body), body))
            if receiver.mode == "deaf":
                self.close_connection = True
                return
            answer = body * 50 if receiver.mode == "loud" else body
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            if status in (429, 503):
                self.send_header("Retry-After", "7")
            if status == 307:
                self.send_header("Location", f"http://127.0.0.1:{receiver.port}/elsewhere")
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler


def _fields(content_type: str, body: bytes) -> Any:
    if content_type.endswith("json"):
        return json.loads(body)
    return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body)))


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is no news."""


@contextmanager
def http_receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver()
    server = _HttpServer(("127.0.0.1", 0), _http_handler(receiver))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    with _serving(server, receiver):
        yield receiver


class _TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is no news."""


@contextmanager
def mllp_listener(tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            received = b""
            while not received.endswith(b"\x1c\r"):
                chunk = self.request.recv(65536)
                if not chunk:
                    return
                received += chunk
            self._answer(received)

        def _answer(self, received: bytes) -> None:
            assert received.count(b"\x0b") == received.count(b"\x1c") == 1
            text = received[1:-2].decode()
            control_id = text.split("\r")[0].split("|")[9]
            if receiver.mode in ("accept", "deaf", "loud", "stranger"):
                receiver.arrivals.append(text)
            if receiver.mode == "deaf":
                return
            code = {"busy": "AE", "refuse": "AR"}.get(receiver.mode, "AA")
            control_id = "SOMETHINGELSE" if receiver.mode == "stranger" else control_id
            echo = text.replace("\r", " ") * (5 if receiver.mode == "loud" else 1)
            ack = f"MSH|^~\\&|EHR||WETREAD||20260101||ACK|1|P|2.5.1\rMSA|{code}|{control_id}|{echo}\r"
            self.wfile.write(b"\x0b" + ack.encode() + b"\x1c\r")

    server = _TcpServer(("127.0.0.1", port), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    with _serving(server, receiver):
        yield receiver


@contextmanager
def _serving(server: socketserver.BaseServer, receiver: Receiver) -> Iterator[None]:
    receiver.port = server.server_address[1]  # type: ignore[index, assignment]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def hanging_up_port() -> Iterator[int]:
    """A port that takes connections and ends them at once."""
    receiver = Receiver()
    server = _TcpServer(("127.0.0.1", 0), socketserver.BaseRequestHandler)
    with _serving(server, receiver):
        yield receiver.port


@contextmanager
def dripping_port() -> Iterator[int]:
    """A port that answers with one byte every 50 ms and never comes to an end."""

    class Drip(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while not ended.wait(0.05):
                self.request.sendall(b"2")

    ended, receiver = threading.Event(), Receiver()
    server = _TcpServer(("127.0.0.1", 0), Drip)
    with _serving(server, receiver):
        yield receiver.port
        ended.set()
