"""One port: store requests in threads, everything else in uvicorn, and connections that go from one to the other."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from ipaddress import ip_network
from pathlib import Path

import pytest
from builders_ingest import House, a_file
from stow_front import RELATED, serving, until

from wetread.web.stow_listener import FrontServer

STUDIES = "/dicom-web/studies"
HEAD = f"POST {STUDIES} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {RELATED}\r\n".encode()
GET = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def front(house: House) -> Iterator[FrontServer]:
    with serving(house) as server:
        yield server


def multipart(*contents: bytes) -> bytes:
    head = b"\r\n--b\r\nContent-Type: application/dicom\r\n\r\n"
    return b"".join(head + content for content in contents) + b"\r\n--b--\r\n"


def store_request(body: bytes, *fields: bytes) -> bytes:
    return HEAD + b"".join(f + b"\r\n" for f in fields) + b"Content-Length: %d\r\n\r\n" % len(body) + body


def connect(front: FrontServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", front.port), timeout=60)


def answer(sock: socket.socket) -> tuple[int, bytes, bool]:
    """Status, body, and whether the connection goes on. Takes exactly one answer."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        one = sock.recv(1)
        assert one, "closed without an answer"
        head += one
    lines = head.decode().split("\r\n")
    fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
    body = b""
    while (left := int(fields.get("content-length", 0)) - len(body)) > 0:
        body += sock.recv(left)
    return int(lines[0].split()[1]), body, fields.get("connection") != "close"


def closed(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionError:
        return True


def left_behind(house: House) -> list[Path]:
    return list((house.files._root / "incoming").iterdir())


def rows(house: House) -> int:
    with house.database.begin(write=False) as unit:
        return len(unit.instances(house.key()))


def test_a_connection_may_store_and_then_ask_and_then_store_again(front: FrontServer, house: House) -> None:
    with connect(front) as sock:
        for sop in ("1.2.3", "1.2.4"):
            sock.sendall(store_request(multipart(a_file(sop))))
            assert answer(sock)[::2] == (200, True)
        sock.sendall(GET)
        assert answer(sock)[:2] == (200, b"hello 127.0.0.1")
        sock.sendall(store_request(multipart(a_file("1.2.5"))))
        assert answer(sock)[0] == 200
        sock.sendall(GET)
        assert answer(sock)[0] == 200
    assert rows(house) == 3


def test_requests_sent_in_one_breath_are_each_answered_in_order(front: FrontServer, house: House) -> None:
    with connect(front) as sock:
        one, two = (store_request(multipart(a_file(sop))) for sop in ("1.2.3", "1.2.4"))
        sock.sendall(one + two + GET + one + GET)
        assert [answer(sock)[0] for _ in range(5)] == [200] * 5
    assert rows(house) == 2


def test_a_request_may_come_byte_by_byte(front: FrontServer, house: House) -> None:
    with connect(front) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in store_request(multipart(a_file())) + GET:
            sock.sendall(bytes([byte]))
        assert [answer(sock)[0], answer(sock)[0]] == [200, 200]
    assert rows(house) == 1


def test_a_large_instance_arrives_byte_exact_in_chunks_and_by_length(front: FrontServer, house: House) -> None:
    content = a_file(filler=1 << 20) + bytes(range(256)) * 20_000 + b"\r\n--bb\r\n--b-"
    body = multipart(content)
    connection = HTTPConnection("127.0.0.1", front.port, timeout=60)
    pieces = (body[at : at + 100_000] for at in range(0, len(body), 100_000))
    for sent in (body, pieces):
        connection.request("POST", STUDIES, sent, {"Content-Type": RELATED})
        response = connection.getresponse()
        assert response.status == 200, response.read()
        response.read()
    connection.close()
    (kept,) = house.vault.unnamed.instances(house.key())
    assert house.files.path_of(kept.content_sha256).read_bytes() == content


def test_a_sender_may_ask_before_it_sends(front: FrontServer, house: House) -> None:
    body = multipart(a_file())
    with connect(front) as sock:
        sock.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
        assert answer(sock)[0] == 100
        sock.sendall(body)
        assert answer(sock)[0] == 200


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (413, [b"Content-Length: 4294967296"]),
        (415, [b"Content-Encoding: gzip", b"Content-Length: 10"]),
        (401, [b"Authorization: wrong", b"Content-Length: 10"]),
        (400, [b"Content-Length: 10", b"Transfer-Encoding: chunked"]),
        (411, []),
    ],
)
def test_a_hopeless_request_is_answered_before_its_body_is_sent(
    front: FrontServer, status: int, fields: list[bytes]
) -> None:
    with connect(front) as sock:
        sock.sendall(HEAD + b"".join(field + b"\r\n" for field in fields) + b"\r\n")
        assert answer(sock)[::2] == (status, False)
        assert closed(sock)


def test_a_refusal_reaches_a_sender_that_goes_on_sending(front: FrontServer) -> None:
    body = multipart(a_file(filler=1 << 19))
    with connect(front) as sock:
        sock.sendall(store_request(body, b"Authorization: wrong"))
        assert answer(sock)[0] == 401


@pytest.mark.parametrize("fields", [b"Host: evil.example\r\n", b"Host: localhost\r\nSec-Fetch-Site: cross-site\r\n"])
def test_the_guard_stands_before_the_fast_path_too(front: FrontServer, house: House, fields: bytes) -> None:
    body = multipart(a_file())
    line = f"POST {STUDIES} HTTP/1.1\r\n".encode() + fields
    with connect(front) as sock:
        sock.sendall(line + b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n" % (RELATED.encode(), len(body)) + body)
        assert answer(sock)[0] in (403, 421)
    assert rows(house) == 0


@pytest.mark.parametrize("path", ["/dicom-web/studies/1.2/series", "/dicom-web/studies/", "/dicom-web/studiesx"])
def test_other_paths_belong_to_the_application(front: FrontServer, path: str) -> None:
    with connect(front) as sock:
        sock.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
        assert answer(sock)[:2] == (404, b"Not Found")


def test_a_truncated_upload_leaves_nothing_and_the_next_sender_is_served(front: FrontServer, house: House) -> None:
    request = store_request(multipart(a_file(filler=100_000)))
    for cut in (len(HEAD) // 2, len(HEAD) + 30, len(request) // 2, len(request) - 3):
        with connect(front) as sock:
            sock.sendall(request[:cut])
    until(lambda: left_behind(house) == [])
    assert rows(house) == 0
    with connect(front) as sock:
        sock.sendall(request)
        assert answer(sock)[0] == 200


def test_a_connection_without_a_request_is_closed(house: House) -> None:
    with serving(house, head_s=0.2) as front, connect(front) as silent, connect(front) as partial:
        partial.sendall(b"GET /hel")
        assert closed(silent)
        assert closed(partial)


def test_a_sender_that_falls_silent_is_told_so_and_dropped(house: House) -> None:
    with serving(house, idle_s=0.2) as front, connect(front) as sock:
        sock.sendall(store_request(multipart(a_file(filler=1000)))[:-500])
        assert answer(sock)[::2] == (408, False)
        assert closed(sock)
        until(lambda: left_behind(house) == [])


def test_a_hundred_idle_connections_do_not_block_a_real_sender(front: FrontServer) -> None:
    idle = [connect(front) for _ in range(100)]
    for sock in idle[:50]:
        sock.sendall(b"POST /dicom-web")
    with connect(front) as sock:
        sock.sendall(store_request(multipart(a_file())))
        assert answer(sock)[0] == 200
    for sock in idle:
        sock.close()


def test_when_too_many_wait_the_oldest_silent_one_goes(house: House) -> None:
    with serving(house, max_waiting=3) as front:
        idle = [connect(front) for _ in range(4)]
        assert closed(idle[0])
        idle[3].sendall(GET)
        assert answer(idle[3])[0] == 200
        for sock in idle:
            sock.close()


def test_more_store_requests_than_threads_and_queue_are_told_to_come_back(house: House) -> None:
    with serving(house, threads=1, queued=0) as front, connect(front) as slow, connect(front) as other:
        request = store_request(multipart(a_file()))
        slow.sendall(request[:-5])
        until(lambda: left_behind(house))
        other.sendall(request)
        assert answer(other)[::2] == (503, False)
        slow.sendall(request[-5:])
        assert answer(slow)[0] == 200


def test_something_that_is_not_http_is_refused_at_once(front: FrontServer) -> None:
    with connect(front) as sock:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")
        assert answer(sock)[0] == 400


def test_a_store_request_under_way_is_finished_at_shutdown(house: House) -> None:
    request = store_request(multipart(a_file()))
    with serving(house) as front, connect(front) as sock, connect(front) as idle:
        sock.sendall(request[:-5])
        until(lambda: left_behind(house))
        front.should_exit = True
        assert closed(idle)
        sock.sendall(request[-5:])
        assert answer(sock)[0] == 200
    assert rows(house) == 1


def test_store_requests_come_in_through_the_application_too(front: FrontServer, house: House) -> None:
    """A connection that uvicorn owns, or another server in front of the same application."""
    connection = HTTPConnection("127.0.0.1", front.port, timeout=60)

    def ask(method: str, path: str, body: object = None, **fields: str) -> HTTPResponse:
        connection.request(method, path, body, {"Content-Type": RELATED, **fields})  # type: ignore[arg-type]
        response = connection.getresponse()
        response.content = response.read()  # type: ignore[attr-defined]
        return response

    assert ask("GET", "/hello").status == 200
    big = a_file("1.2.4", filler=3_000_000)
    assert ask("POST", STUDIES, multipart(a_file("1.2.3"), big)).status == 200
    assert ask("POST", f"{STUDIES}/1.2", iter([multipart(a_file("1.2.5"))])).status == 200
    assert ask("POST", f"{STUDIES}/9.9", multipart(a_file("1.2.6"))).status == 409
    assert ask("POST", STUDIES, multipart(a_file("1.2.6")), Authorization="wrong").status == 401
    connection.close()
    assert rows(house) == 3
    assert left_behind(house) == []


def test_a_truncated_upload_through_the_application_leaves_nothing(front: FrontServer, house: House) -> None:
    request = store_request(multipart(a_file(filler=200_000)))
    with connect(front) as sock:
        sock.sendall(GET)
        assert answer(sock)[0] == 200
        sock.sendall(request[:-5])
        until(lambda: left_behind(house))
    until(lambda: left_behind(house) == [])
    assert rows(house) == 0


def test_twenty_senders_of_one_instance_make_one_row(front: FrontServer, house: House) -> None:
    request = store_request(multipart(a_file(filler=50_000)))

    def send(n: int) -> int:
        with connect(front) as sock:
            if n % 4 == 0:
                sock.sendall(GET)
                answer(sock)
            sock.sendall(request)
            status, body, _ = answer(sock)
            assert "00081199" in json.loads(body)
            return status

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(send, range(20))) == [200] * 20
    assert rows(house) == 1


def test_a_sender_behind_a_proxy_that_is_named_is_known_by_its_own_address(house: House) -> None:
    from_far = store_request(multipart(a_file()), b"X-Forwarded-For: 203.0.113.9")
    with serving(house, trusted=(ip_network("127.0.0.1/32"),)) as front, connect(front) as sock:
        sock.sendall(from_far)
        assert answer(sock)[0] == 200
    with serving(house) as front, connect(front) as sock:
        sock.sendall(from_far)
        assert answer(sock)[0] == 200
        sock.sendall(store_request(multipart(a_file()), b"Client-Cert: :AAAA:"))
        assert answer(sock)[0] == 400
    events = [each.event for each in house.database.audit_records()]
    senders = [(each.actor_id, each.address) for each in events if each.action.startswith("instance.")]
    assert senders == [("stow@203.0.113.9", "203.0.113.9"), ("stow@127.0.0.1", "127.0.0.1")]
