"""Where no decoding process can be started every film is sent back: it is noted, and over with the first film that can be looked at, also of the next process."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from wetread.domain.errors import HostileInput, TransientError
from wetread.domain.study import InstanceHeader
from wetread.ingest.noted_inspector import DECODER, NotedInspector
from wetread.ports.neighbours import failing_since
from wetread.testing.builders import NOON
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase

AWAY = TransientError("no process", code="decoder_unavailable")
HOSTILE = HostileInput("no Part 10 file", code="not_part10")
BUSY = TransientError("the disk is full", code="storage_full")


class Scripted:
    """Raises what it is given, one after the other."""

    def __init__(self, *answers: Exception) -> None:
        self.answers: Iterator[Exception] = iter(answers)

    def inspect(self, path: Path) -> InstanceHeader:
        raise next(self.answers)


class Door:
    def __init__(self) -> None:
        self.database, self.clock = MemoryDatabase(), FixedClock(NOON)

    def receive(self, *answers: Exception, every: timedelta = timedelta(0)) -> list[bool]:
        """By one process, whether it stands after each."""
        inspector = NotedInspector(Scripted(*answers), self.database, self.clock)
        return [self._stands_after(inspector, every) for _ in answers]

    def _stands_after(self, inspector: NotedInspector, every: timedelta) -> bool:
        self.clock.advance(every.total_seconds())
        with pytest.raises((TransientError, HostileInput)):
            inspector.inspect(Path("film"))
        with self.database.begin(write=False) as unit:
            return failing_since(unit, DECODER) is not None


def test_it_stands_from_the_first_film_that_nobody_can_look_at_to_the_next_that_somebody_can() -> None:
    seconds = timedelta(seconds=5)
    assert Door().receive(HOSTILE, AWAY, AWAY, HOSTILE, AWAY, every=seconds) == [False, True, True, False, True]
    assert Door().receive(AWAY, BUSY, every=seconds) == [True, True]


def test_what_a_process_left_is_over_with_the_first_film_of_the_next() -> None:
    door = Door()
    assert door.receive(AWAY) == [True]
    door.clock.advance(1)
    assert door.receive(HOSTILE) == [False]


def test_two_doors_of_which_one_stands_are_told_apart_within_a_minute() -> None:
    door = Door()
    standing = NotedInspector(Scripted(AWAY, AWAY), door.database, door.clock)
    assert door._stands_after(standing, timedelta(seconds=1))
    assert door.receive(HOSTILE, every=timedelta(seconds=1)) == [False]
    assert door._stands_after(standing, timedelta(minutes=1))


def test_a_database_that_is_away_changes_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    door = Door()

    def away(*, write: bool = True) -> None:
        raise TransientError("away", code="database_down")

    door.database.begin = away  # type: ignore[method-assign, assignment]
    with pytest.raises(HostileInput):
        NotedInspector(Scripted(HOSTILE), door.database, door.clock).inspect(Path("film"))
    assert "decoder_unnoted code=database_down" in caplog.text
