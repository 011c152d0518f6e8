"""The harness itself: it counts what went wrong, goes on where it was cut, and its proxy does what it says."""

import socket
import threading
from pathlib import Path

import pytest
from tests.soak.book import Book, Row, table
from tests.soak.f18_long_soak import Sample, growth
from tests.soak.proxy import network


def test_a_trial_that_went_wrong_is_counted_and_a_cut_run_goes_on(tmp_path: Path) -> None:
    book = Book("F99", 3, folder=tmp_path)
    with book.trial("point") as trial:
        trial.promised, trial.seconds = 5, 1.5
    with book.trial("point") as trial:
        trial.promised, trial.lost = 5, 1
    assert list(book.missing("point")) == [2]
    later = Book("F99", 3, folder=tmp_path)
    assert list(later.missing("point")) == [2]
    with later.trial("point"):
        raise AssertionError("not within 3 s")
    row = later.rows["point"]
    assert (row.n, row.promised, row.lost, row.failed, row.broken) == (3, 10, 1, 2, ["not within 3 s"])
    assert "| F99 | point | 3 | 10 | 1 | 0 | 2 (≤ 98.3 %) | 1.5 s | not within 3 s |" in table(tmp_path)
    assert list(Book("F99", 3, fresh=True, folder=tmp_path).missing("point")) == [0, 1, 2]


def test_growth_is_from_the_middle_third_to_the_last_and_by_study() -> None:
    warm = [Sample(100 + n, 10, 1000 * n, n) for n in range(3)]
    middle = [Sample(200, 20, 10_000 + 500 * n, 3 + n) for n in range(3)]
    last = [Sample(210, 23, 11_500 + 500 * n, 6 + n) for n in range(3)]
    memory, files, bytes_a_study = growth([*warm, *middle, *last])
    assert memory == pytest.approx(0.05)
    assert (files, bytes_a_study) == (3, 500)


@pytest.mark.parametrize(("n", "failed", "upper"), [(200, 0, 0.0149), (10, 0, 0.2589), (10, 10, 1.0), (20, 1, 0.2161)])
def test_the_bound_is_clopper_and_pearsons(n: int, failed: int, upper: float) -> None:
    assert Row("point", n=n, failed=failed).upper == pytest.approx(upper, abs=2e-4)


@pytest.fixture
def echo() -> "tuple[int, list[bytes]]":
    """A server that answers "ok" when who talks to it has ended; what it heard."""
    heard: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                talk, _ = server.accept()
            except OSError:
                return
            with talk:
                said = b""
                try:
                    while piece := talk.recv(65536):
                        said += piece
                    heard.append(said)
                    talk.sendall(b"ok")
                except OSError:
                    heard.append(said)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()[1], heard
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


def say(port: int, words: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=1) as talk:
        talk.sendall(words)
        talk.shutdown(socket.SHUT_WR)
        return talk.recv(10)


def test_the_proxy_passes_resets_cuts_and_swallows(echo: tuple[int, list[bytes]]) -> None:
    port, heard = echo
    with network(port) as between:
        assert say(between.port, b"hello") == b"ok"
        assert heard == [b"hello"]
        between.down = True
        with pytest.raises(OSError, match=r"."):
            say(between.port, b"hello")
        between.heal()
        between.reset_after = 3
        with pytest.raises(ConnectionError):
            say(between.port, b"hello")
        between.heal()
        between.deaf = True
        assert say(between.port, b"swallowed") == b""
        assert heard[-1] == b"swallowed"
        between.heal()
        assert say(between.port, b"again") == b"ok"
        assert between.connections == 5
