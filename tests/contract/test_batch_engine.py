"""The engines of `wetread batch` (`ports.batch_engine`): the twin, and processes of this machine. Ray is asked the same in tests/ray."""

from collections.abc import Callable, Iterator

import pytest
from batch_engines import BatchEngineSuite, Subject, expected, films, in_process, pooled

from wetread.batch.local_readers import LocalReaders
from wetread.batch.reader_pool import ReaderGone, ReaderPool
from wetread.domain.batch import FilmTask
from wetread.domain.errors import PermanentError, TransientError
from wetread.inference.bundle import BUNDLED, load_bundle

__all__ = ["expected", "films"]  # fixtures of the suite


class TestTwin(BatchEngineSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> Iterator[Subject]:
        with in_process() as subject:
            yield subject


class TestProcesses(BatchEngineSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> Iterator[Subject]:
        sha256 = load_bundle(BUNDLED).identity.sha256
        with pooled(lambda: ReaderPool(LocalReaders(None), 1, sha256)) as subject:
            yield subject


class ReadersThat:
    """Each says one thing when it is asked, or dies."""

    def __init__(self, says: str | None) -> None:
        self.says, self.stopped = says, 0

    def start(self) -> "ReadersThat":
        return self

    def wait(self, readers: object) -> "ReadersThat":
        return self

    def send(self, task: str) -> None: ...

    def receive(self) -> str:
        if self.says is None:
            raise ReaderGone
        return self.says

    def stop(self) -> None:
        self.stopped += 1

    def close(self) -> None: ...


@pytest.fixture
def a_film_out() -> Callable[[ReadersThat], ReaderPool[ReadersThat]]:
    def build(readers: ReadersThat) -> ReaderPool[ReadersThat]:
        pool = ReaderPool(readers, 1, "ab" * 32)
        pool.submit(FilmTask(1, "x"))
        return pool

    return build


def test_readers_that_die_before_they_can_read_are_not_started_for_ever(
    a_film_out: Callable[[ReadersThat], ReaderPool[ReadersThat]],
) -> None:
    with pytest.raises(TransientError) as told:
        a_film_out(ReadersThat(None)).next_outcome()
    assert told.value.code == "reader_unavailable"


def test_a_reader_with_another_model_reads_nothing(
    a_film_out: Callable[[ReadersThat], ReaderPool[ReadersThat]],
) -> None:
    with pytest.raises(PermanentError, match="exchanged") as told:
        a_film_out(ReadersThat('{"model": "other", "pid": 1}')).next_outcome()
    assert told.value.code == "bad_bundle"


def test_a_reader_that_cannot_use_the_bundle_says_why(
    a_film_out: Callable[[ReadersThat], ReaderPool[ReadersThat]],
) -> None:
    with pytest.raises(PermanentError, match="no card") as told:
        a_film_out(ReadersThat('{"code": "bad_bundle", "message": "no card"}')).next_outcome()
    assert told.value.code == "bad_bundle"


def test_closed_twice_is_closed_once(a_film_out: Callable[[ReadersThat], ReaderPool[ReadersThat]]) -> None:
    readers = ReadersThat(None)
    pool = a_film_out(readers)
    pool.close()
    pool.close()
    assert readers.stopped == 1
