"""The harness itself: it counts what went wrong, goes on where it was cut, and its proxy does what it says."""

import errno
import os
import socket
import threading
from pathlib import Path

import pytest
from tests.soak.book import Book, Row, code, table
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
    assert row.codes == [code()]


def test_trials_of_another_code_do_not_count_and_their_failures_are_told(tmp_path: Path) -> None:
    with Book("F99", 4, folder=tmp_path).trial("point") as trial:
        trial.lost = 1
    for _ in range(2):
        again = Book("F99", 4, fresh=True, folder=tmp_path)
        assert list(again.missing("point")) == [0, 1, 2, 3]
        with again.trial("point") as trial:
            trial.promised = 7
    assert "| F99 | point | 1 | 7 | 0 | 0 | 0 |  | with earlier code 1 of 2 failed: lost 1, doubled 0 |" in table(
        tmp_path
    )


def test_kills_whose_ledgers_are_compared_at_once_each_count(tmp_path: Path) -> None:
    book = Book("F99", 25, folder=tmp_path)
    for batch, lost in zip(book.batches("point", 10), (0, 2, 0), strict=True):
        with book.trial("point", len(batch)) as trial:
            trial.promised, trial.lost = len(batch), lost
    row = book.rows["point"]
    assert (row.n, row.promised, row.lost, row.failed) == (25, 25, 2, 2)
    with Book("F99", 35, folder=tmp_path).trial("point", 10):
        raise AssertionError("not within 240 s")
    assert (
        Book("F99", 35, folder=tmp_path).rows["point"].n,
        Book("F99", 35, folder=tmp_path).rows["point"].failed,
    ) == (35, 12)


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


# what a reset connection says, by what was asked of it first: recv, send, shutdown
RESET = "|".join(os.strerror(code) for code in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN))


def say(port: int, words: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as talk:
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
        with pytest.raises(OSError, match=RESET):
            say(between.port, b"hello")
        between.heal()
        between.deaf = True
        assert say(between.port, b"swallowed") == b""
        assert heard[-1] == b"swallowed"
        between.heal()
        assert say(between.port, b"again") == b"ok"
        assert between.connections == 5
