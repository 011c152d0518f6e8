"""A request's head has one meaning or none, and its body ends where it ends."""

import socket
from collections.abc import Iterator
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wetread.web.problems import Refusal
from wetread.web.stow_http import MAX_HEAD_BYTES, Pace, PaceMeter, SocketBody, parse_head, take_head

GOOD = b"POST /dicom-web/studies?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"


def with_fields(*lines: bytes, first: bytes = b"POST /s HTTP/1.1") -> bytes:
    return b"\r\n".join([first, b"Host: a", *lines]) + b"\r\n\r\n"


def test_a_head_is_read() -> None:
    head = parse_head(GOOD)
    assert (head.method, head.path, head.keeps_alive) == ("POST", "/dicom-web/studies", True)
    assert head.headers == {"host": "a", "content-length": "5"}


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (400, with_fields(b"Content-Length: 5", b"Transfer-Encoding: chunked")),
        (400, with_fields(b"Content-Length: 5", b"Content-Length: 5")),
        (400, with_fields(b"Content-Length: 5, 5")),
        (400, with_fields(b"Content-Length: +5")),
        (400, with_fields(b"Content-Length: 0x5")),
        (400, with_fields(b"Content-Length: -5")),
        (400, with_fields(b"Content-Length: " + b"9" * 19)),
        (400, with_fields("Content-Length: ٥".encode())),
        (400, with_fields(b"Transfer-Encoding: gzip, chunked")),
        (400, with_fields(b"Transfer-Encoding: xchunked")),
        (400, with_fields(b"Transfer-Encoding: chunked", first=b"POST /s HTTP/1.0")),
        (400, with_fields(b"Content-Length : 5")),
        (400, with_fields(b"Content-Length: 5", b" folded: x")),
        (400, with_fields(b"Content-Length: 5", b"X: a\x00b")),
        (400, with_fields(b"Content-Length: 5", b"X: a\nY: b")),
        (400, with_fields(b"Content-Length: 5", b"X: a\rb")),
        (400, with_fields(b"Content-Length: 5", b"Host: b")),
        (400, with_fields(b"Content-Length: 5", b"no colon")),
        (400, with_fields(*[b"X%d: 1" % n for n in range(101)], b"Content-Length: 5")),
        (400, b"POST /s HTTP/1.1\r\nContent-Length: 5\r\n\r\n"),
        (400, with_fields(b"Content-Length: 5", first=b"POST  /s HTTP/1.1")),
        (400, with_fields(b"Content-Length: 5", first=b"POST /s HTTP/2.0")),
        (400, with_fields(b"Content-Length: 5", first=b"POST http://a/s HTTP/1.1")),
        (400, with_fields(b"Content-Length: 5", first=b"post /s HTTP/1.1")),
        (411, with_fields()),
        (417, with_fields(b"Content-Length: 5", b"Expect: the worst")),
    ],
)
def test_what_two_servers_might_read_differently_is_refused(status: int, raw: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_head(raw)
    assert refusal.value.status == status


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_head_or_a_refusal(noise: bytes) -> None:
    for raw in (noise + b"\r\n\r\n", with_fields(noise), with_fields(b"Content-Length: 5", noise)):
        try:
            head = parse_head(raw)
        except Refusal:
            continue
        assert head.headers["content-length"].isdecimal() or head.headers["transfer-encoding"] == "chunked"


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (GOOD, True),
        (with_fields(b"Content-Length: 5", b"Connection: close"), False),
        (with_fields(b"Content-Length: 5", b"Connection: Keep-Alive, Close"), False),
        (with_fields(b"Content-Length: 5", b"Connection: keep-alive", first=b"POST /s HTTP/1.0"), False),
    ],
)
def test_a_connection_is_kept_only_where_both_sides_say_so(raw: bytes, kept: bool) -> None:
    assert parse_head(raw).keeps_alive is kept


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    yield ours, theirs
    ours.close()
    theirs.close()


Pair = tuple[socket.socket, socket.socket]


def test_not_a_byte_after_the_head_is_taken(pair: Pair) -> None:
    ours, theirs = pair
    theirs.sendall(GOOD + b"12345GET / HTTP/1.1")
    assert take_head(ours) == GOOD
    assert ours.recv(100) == b"12345GET / HTTP/1.1"


@pytest.mark.parametrize("cut", [1, 10, len(GOOD) - 1, len(GOOD) - 2, len(GOOD) - 3])
def test_a_head_may_come_in_pieces(pair: Pair, cut: int) -> None:
    ours, theirs = pair
    theirs.sendall(GOOD[:cut])
    reader = Thread(target=lambda: heads.append(take_head(ours)))
    heads: list[bytes] = []
    reader.start()
    theirs.sendall(GOOD[cut:] + b"rest")
    reader.join()
    assert heads == [GOOD]
    assert ours.recv(100) == b"rest"


def test_an_endless_head_is_refused(pair: Pair) -> None:
    ours, theirs = pair
    theirs.sendall(b"POST /s HTTP/1.1\r\nX: " + b"x" * MAX_HEAD_BYTES)
    with pytest.raises(Refusal) as refusal:
        take_head(ours)
    assert refusal.value.status == 431


def read_body(sock: socket.socket, *fields: bytes) -> tuple[bytes, SocketBody]:
    body = SocketBody(sock, parse_head(with_fields(*fields)), Pace(idle_s=5))
    received, buffer = bytearray(), bytearray(7)
    while size := body.readinto(memoryview(buffer)):
        received += buffer[:size]
    return bytes(received), body


def test_a_body_ends_after_its_length(pair: Pair) -> None:
    ours, theirs = pair
    theirs.sendall(b"0123456789next")
    content, body = read_body(ours, b"Content-Length: 10")
    assert (content, body.exhausted) == (b"0123456789", True)
    assert ours.recv(100) == b"next"


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6))
def test_a_chunked_body_ends_after_its_last_chunk(chunks: list[bytes]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        framed = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(each), each) for each in chunks)
        theirs.sendall(framed + b"0\r\n\r\nnext")
        content, body = read_body(ours, b"Transfer-Encoding: chunked")
        assert (content, body.exhausted) == (b"".join(chunks), True)
        assert ours.recv(100) == b"next"


@pytest.mark.parametrize(
    "framed",
    [b"5\n12345\r\n0\r\n\r\n", b"-5\r\n", b"0x5\r\n", b" 5\r\n", b"fffffffff\r\n", b"5\r\n12345X\r\n", b"x" * 300,
     b"0\r\nTrailer: 1\r\n\r\n", b"\r\n", b"5;" + b"x" * 300 + b"\r\n"],
)  # fmt: skip
def test_bad_chunks_are_refused(pair: Pair, framed: bytes) -> None:
    ours, theirs = pair
    theirs.sendall(framed)
    with pytest.raises(Refusal) as refusal:
        read_body(ours, b"Transfer-Encoding: chunked")
    assert refusal.value.status == 400


@pytest.mark.parametrize("fields", [b"Content-Length: 10", b"Transfer-Encoding: chunked"])
def test_a_body_cut_short_is_no_body(pair: Pair, fields: bytes) -> None:
    ours, theirs = pair
    theirs.sendall(b"5\r\n123")
    theirs.close()
    with pytest.raises(ConnectionError):
        read_body(ours, fields)


def test_continue_is_said_when_the_body_is_wanted_and_not_before(pair: Pair) -> None:
    ours, theirs = pair
    body = SocketBody(ours, parse_head(with_fields(b"Content-Length: 2", b"Expect: 100-continue")), Pace())
    theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        theirs.recv(100)
    theirs.sendall(b"ab")
    assert body.readinto(memoryview(bytearray(9))) == 2
    assert theirs.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_a_silent_sender_is_given_up(pair: Pair) -> None:
    body = SocketBody(pair[0], parse_head(with_fields(b"Content-Length: 2")), Pace(idle_s=0.01))
    with pytest.raises(Refusal) as refusal:
        body.readinto(memoryview(bytearray(9)))
    assert refusal.value.status == 408


def test_a_trickling_sender_is_given_up_after_the_grace_period() -> None:
    now = [0.0]
    meter = PaceMeter(Pace(grace_s=30, least_bytes_per_s=1000), lambda: now[0])
    meter.count(1)
    now[0] = 30.0
    meter.count(1)
    meter.count(40_000)
    now[0] = 40.0
    meter.count(1)
    now[0] = 41.0
    with pytest.raises(Refusal):
        meter.count(1)
