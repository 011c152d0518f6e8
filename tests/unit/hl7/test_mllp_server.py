"""The MLLP door is bounded in every way, answers what is no frame, and never holds a good sender up for a bad one."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from ipaddress import IPv4Network

import pytest
from neighbours.certificate import Certificates, make_certificates
from neighbours.process import listens
from stow_front import until

from wetread.hl7.mllp_server import MllpLimits, MllpServer

HERE = (IPv4Network("127.0.0.0/8"),)
LIMITS = MllpLimits(message_bytes=1000, connections=4, connections_per_peer=3, idle_s=600, message_s=600)


def echo(message: bytes, peer: str) -> bytes:
    return b"took " + message


def no(peer: str, words: str) -> bytes:
    return b"no: " + words.encode()


@contextmanager
def listening(
    limits: MllpLimits = LIMITS,
    networks: tuple[IPv4Network, ...] = HERE,
    tls: ssl.SSLContext | None = None,
    answer: Callable[[bytes, str], bytes] = echo,
    turned_away: Callable[[str, str], None] = lambda peer, code: None,
) -> Iterator[MllpServer]:
    server = MllpServer("127.0.0.1", 0, answer, no, networks, limits, tls, turned_away)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(60)
        assert not thread.is_alive()


def connected(server: MllpServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=60)


def everything(connection: socket.socket) -> bytes:
    received = b""
    try:
        while chunk := connection.recv(4096):
            received += chunk
    except ConnectionError:
        pass
    return received


def said(server: MllpServer, *pieces: bytes) -> bytes:
    """All that comes back until the door closes."""
    with connected(server) as connection:
        for piece in pieces:
            connection.sendall(piece)
        with suppress(OSError):  # a door that refuses may have hung up already
            connection.shutdown(socket.SHUT_WR)
        return everything(connection)


def test_messages_of_one_connection_are_answered_in_turn() -> None:
    with listening() as server:
        assert said(server, b"\x0bone\x1c\r\x0btwo\x1c\r\r\n\x0bth", b"ree\x1c", b"\r") == (
            b"\x0btook one\x1c\r\x0btook two\x1c\r\x0btook three\x1c\r"
        )


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"MSH|^~\\&|no start\x1c\r", b"begins with a start block"),
        (b"GET / HTTP/1.1\r\n\r\n", b"begins with a start block"),
        (b"\x16\x03\x01\x02\x00", b"begins with a start block"),
        (b"\x0bone\x0btwo\x1c\r", b"began within another"),
        (b"\x0b" + b"x" * 2000, b"too long"),
        (b"\x0b" + b"x" * 1001 + b"\x1c\r", b"too long"),
    ],
)
def test_what_is_no_frame_is_answered_and_the_connection_ends(sent: bytes, words: bytes) -> None:
    with listening() as server:
        with connected(server) as connection:
            connection.sendall(sent)
            answer = everything(connection)
        assert answer.startswith(b"\x0bno: ")
        assert words in answer
        assert said(server, b"\x0bafter\x1c\r") == b"\x0btook after\x1c\r"


def test_a_message_that_never_ends_holds_a_place_only_so_long() -> None:
    with listening(replace(LIMITS, message_s=0.5)) as server, connected(server) as slow:
        slow.sendall(b"\x0bbeg")
        assert everything(slow) == b""


def test_a_peer_has_only_so_many_places_and_gets_them_back() -> None:
    told = list[tuple[str, str]]()
    with listening(turned_away=lambda *each: told.append(each)) as server:
        held = [connected(server) for _ in range(3)]
        for each in held:
            each.sendall(b"\x0bx\x1c\r")
            assert each.recv(100) == b"\x0btook x\x1c\r"
        with connected(server) as one_more:
            assert everything(one_more) == b""
        for each in held:
            each.close()
        until(lambda: said(server, b"\x0bnow\x1c\r") != b"")
    assert set(told) == {("127.0.0.1", "full")}


def test_an_address_that_is_not_listed_is_shut_out() -> None:
    told = list[tuple[str, str]]()
    elsewhere = (IPv4Network("10.0.0.0/8"),)
    with (
        listening(networks=elsewhere, turned_away=lambda *each: told.append(each)) as server,
        connected(server) as stranger,
    ):
        assert everything(stranger) == b""
    assert told == [("127.0.0.1", "unlisted")]


def test_a_message_that_is_being_taken_is_answered_before_the_door_closes() -> None:
    started, closes = threading.Event(), threading.Event()

    def slowly(message: bytes, peer: str) -> bytes:
        started.set()
        assert closes.wait(60)
        return b"done"

    with listening(answer=slowly) as server:
        connection = connected(server)
        connection.sendall(b"\x0bx\x1c\r")
        assert started.wait(60)
        port = server.port
        server.stop()
        until(lambda: not listens(port))
        closes.set()
        assert everything(connection) == b"\x0bdone\x1c\r"
        connection.close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def test_with_tls_nothing_is_taken_in_clear_nor_from_who_has_no_certificate(certificates: Certificates) -> None:
    client = ssl.create_default_context(cafile=str(certificates.trusted))

    def answered(server: MllpServer) -> bytes:
        try:
            with client.wrap_socket(connected(server), server_hostname="127.0.0.1") as connection:
                connection.sendall(b"\x0bx\x1c\r")
                return connection.recv(100)
        except OSError:
            return b"refused"

    told = list[tuple[str, str]]()
    with listening(tls=certificates.asking(), turned_away=lambda *each: told.append(each)) as server:
        assert b"took" not in said(server, b"\x0bclear\x1c\r")
        assert answered(server) == b"refused"
        client.load_cert_chain(certificates.client)
        assert answered(server) == b"\x0btook x\x1c\r"
    assert told == [("127.0.0.1", "tls_failed")] * 2
