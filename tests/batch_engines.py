"""What every batch engine does (`ports.batch_engine`), asked of real films: the twin and the engine of processes in tests/contract, Ray in tests/ray."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from films import film
from pydicom import dcmread

from wetread.batch.film_reading import row_of
from wetread.batch.reader_pool import ReaderPool
from wetread.domain.batch import FilmFate, FilmRow, FilmTask, Unanswered
from wetread.ports.batch_engine import BatchEngine
from wetread.reader import FilmReader
from wetread.testing.batch_engine import InProcessEngine

__all__ = ["BatchEngineSuite", "Subject", "expected", "films", "in_process", "pooled"]


@dataclass(frozen=True)
class Subject:
    """An engine with one reader. `kill` ends the reader while it has a film in hand: `submit` between `freeze` and it."""

    engine: BatchEngine
    freeze: Callable[[], None]
    kill: Callable[[], None]


@contextmanager
def in_process() -> Iterator[Subject]:
    with FilmReader() as reader:
        engine = InProcessEngine(lambda task: row_of(reader, task))
        yield Subject(engine, lambda: None, engine.kill_a_reader)


@contextmanager
def pooled(start: Callable[[], ReaderPool]) -> Iterator[Subject]:  # type: ignore[type-arg]
    engine = start()
    frozen: list[int] = []

    def freeze() -> None:
        frozen[:] = engine.pids()
        os.kill(frozen[0], signal.SIGSTOP)

    try:
        yield Subject(engine, freeze, lambda: os.kill(frozen[0], signal.SIGKILL))
    finally:
        engine.close()


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[FilmTask]:
    """Three films, a text file, and a file that is not there."""
    folder = tmp_path_factory.mktemp("films")
    places = [folder / f"Doe^Jane {number}.dcm" for number in range(5)]
    for number, place in enumerate(places[:3]):
        place.write_bytes(film(number, side=512))
    places[3].write_text("no film")
    return [FilmTask(number, str(place)) for number, place in enumerate(places, 1)]


@pytest.fixture(scope="module")
def expected(films: list[FilmTask]) -> dict[int, FilmRow | Unanswered]:
    """As one reader in this process reads them, the way `wetread read` does."""
    with FilmReader() as reader:
        return {each.number: row_of(reader, each) for each in films}


def outcomes(engine: BatchEngine, films: list[FilmTask]) -> dict[int, FilmRow | Unanswered]:
    for each in films:
        engine.submit(each)
    told = [engine.next_outcome() for _ in films]
    found = {each.number: each for each in told}
    assert len(found) == len(told)
    return found


class BatchEngineSuite:
    """A subclass has a class-scoped fixture `subject`."""

    def test_each_film_is_answered_once_and_as_one_reader_answers(
        self, subject: Subject, films: list[FilmTask], expected: dict[int, FilmRow | Unanswered]
    ) -> None:
        assert outcomes(subject.engine, films) == expected
        fates = [each.fate for each in expected.values() if isinstance(each, FilmRow)]
        assert fates == [*[FilmFate.READ] * 3, FilmFate.REFUSED, FilmFate.FAILED]

    def test_a_number_is_only_a_name(
        self, subject: Subject, films: list[FilmTask], expected: dict[int, FilmRow | Unanswered]
    ) -> None:
        (told,) = outcomes(subject.engine, [replace(films[0], number=4_000_000_000)]).values()
        assert told == replace(expected[1], number=4_000_000_000)

    def test_a_film_that_is_not_the_one_that_was_asked_for_is_not_read(
        self, subject: Subject, films: list[FilmTask], expected: dict[int, FilmRow | Unanswered]
    ) -> None:
        mine = str(dcmread(films[0].path, stop_before_pixels=True).SOPInstanceUID)
        assert outcomes(subject.engine, [replace(films[0], sop_instance_uid=mine)])[1] == expected[1]
        told = outcomes(subject.engine, [replace(films[0], sop_instance_uid="1.2.3")])[1]
        assert isinstance(told, FilmRow)
        assert (told.fate, told.code, told.findings) == (FilmFate.FAILED, "other_instance", ())

    def test_nothing_out_is_nothing_to_wait_for(self, subject: Subject) -> None:
        with pytest.raises(LookupError):
            subject.engine.next_outcome()

    def test_it_takes_more_than_it_has_readers(self, subject: Subject) -> None:
        assert subject.engine.capacity > 1

    def test_a_reader_that_dies_costs_its_film_one_try_and_no_other_anything(
        self, subject: Subject, films: list[FilmTask], expected: dict[int, FilmRow | Unanswered]
    ) -> None:
        engine = subject.engine
        outcomes(engine, films[:1])
        subject.freeze()
        engine.submit(films[0])
        engine.submit(films[1])
        subject.kill()
        lost, other = engine.next_outcome(), engine.next_outcome()
        assert isinstance(lost, Unanswered)
        assert (lost.number, lost.code) == (1, "reader_killed")
        assert other == expected[2]
        assert outcomes(engine, films[:1])[1] == expected[1]

    def test_a_reader_that_dies_idle_costs_nothing(
        self, subject: Subject, films: list[FilmTask], expected: dict[int, FilmRow | Unanswered]
    ) -> None:
        engine = subject.engine
        if isinstance(engine, ReaderPool):
            (pid,) = engine.pids()
            os.kill(pid, signal.SIGKILL)
            _gone(pid)
        told = outcomes(engine, films[:1])[1]
        assert told == expected[1] or isinstance(told, Unanswered)

    def test_no_word_of_an_answer_is_the_path(self, expected: dict[int, FilmRow | Unanswered]) -> None:
        assert "Doe" not in str(list(expected.values()))


def _gone(pid: int) -> None:
    """Waits until the process runs no more, reaped or not."""
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state in "ZX":
            return
