"""What is said of a web service or a receiver that does not answer: which of the usual mistakes it is, by real sockets and real certificates."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from neighbours.certificate import Certificates, make_certificates
from neighbours.process import free_port

from wetread.channels.reach import reach_http, reach_tcp
from wetread.channels.smtp import SmtpNotifier, SmtpServer
from wetread.domain.errors import WetreadError
from wetread.domain.page import PageMessage
from wetread.domain.priority import Priority


class _Nothing(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@contextmanager
def served(folder: Path, certificate: str) -> Iterator[tuple[Certificates, int]]:
    made = make_certificates(folder)
    with HTTPServer(("127.0.0.1", 0), _Nothing) as server:
        context = {"right": made.server, "stranger": made.stranger, "expired": made.expired}[certificate]()
        # the handshake is each connection's own: a client that ends it ends no server
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made, server.server_port
        server.shutdown()


def by_http(port: int, ca_file: Path | None) -> str:
    return reach_http(f"https://127.0.0.1:{port}/", 20, ca_file)


def by_tcp(port: int, ca_file: Path | None) -> str:
    return reach_tcp("127.0.0.1", port, 20, tls=True, ca_file=ca_file)


def by_mail(port: int, ca_file: Path | None) -> str:
    channel = SmtpNotifier("mail", SmtpServer("127.0.0.1", port, "tls", ca_file=ca_file), "wetread@hospital.example")
    page = PageMessage("a", "b", "http://h/", Priority.STAT, "main", None, 0, datetime(2026, 3, 1, tzinfo=UTC))
    return channel.send(page, "dev@hospital.example", "key")


@pytest.mark.parametrize("reach", [by_http, by_tcp, by_mail])
@pytest.mark.parametrize(
    ("certificate", "trusted", "says"),
    [
        ("expired", True, "has expired: renew it there"),
        ("stranger", True, "is for another host: correct the address"),
        ("right", False, "is of an authority that is not trusted: check ca_file"),
    ],
)
def test_a_certificate_that_does_not_hold(
    tmp_path: Path, reach: Callable[[int, Path | None], str], certificate: str, trusted: bool, says: str
) -> None:
    with served(tmp_path, certificate) as (made, port), pytest.raises(WetreadError) as refused:
        reach(port, made.trusted if trusted else None)
    assert says in str(refused.value)


@pytest.mark.parametrize("reach", [by_http, by_tcp])
def test_nobody_listens_or_not_in_tls(reach: Callable[[int, Path | None], str]) -> None:
    with pytest.raises(WetreadError, match="nobody listens there: is it running, and is the port right"):
        reach(free_port(), None)
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def talk() -> None:
            # whoever finds no TLS may hang up by a reset
            with plain.accept()[0] as caller, suppress(ConnectionResetError):
                caller.sendall(b"220 mail\r\n")
                while caller.recv(4096):
                    pass

        talking = threading.Thread(target=talk)
        talking.start()
        with pytest.raises(WetreadError, match="does it speak TLS at this port"):
            reach(plain.getsockname()[1], None)
        talking.join()


def test_a_host_without_an_address() -> None:
    with pytest.raises(WetreadError, match="its host has no address: correct the name"):
        reach_http("https://no-such-host.invalid/")
    with pytest.raises(WetreadError, match="its host has no address: correct the name"):
        reach_tcp("no-such-host.invalid", 25)
