"""A process that asks a neighbour again and again notes whether it answers, for the watch over silence."""

from collections.abc import Callable

from wetread.cli.polling import Asks
from wetread.domain.errors import PermanentError, TransientError
from wetread.ports.neighbours import failing_since, last_answer
from wetread.testing.builders import NOON
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase


def raising(error: Exception) -> Callable[[], None]:
    def run_once() -> None:
        raise error

    return run_once


def test_an_answer_and_a_failure_are_noted() -> None:
    database, clock = MemoryDatabase(), FixedClock(NOON)
    works = Asks(lambda: None, 1.0, database, clock)
    assert works.answers("ups_manager")
    with database.begin(write=False) as unit:
        assert (last_answer(unit, "ups_manager"), failing_since(unit, "ups_manager")) == (NOON, None)
    clock.advance(60)
    for error in (TransientError("away", code="too_slow"), PermanentError("no", code="bad_answer")):
        assert not Asks(raising(error), 1.0, database, clock).answers("ups_manager")
    with database.begin(write=False) as unit:
        assert failing_since(unit, "ups_manager") == clock.now()


def test_where_the_database_is_away_too_it_goes_on() -> None:
    class Away(MemoryDatabase):
        def begin(self, *, write: bool = True) -> object:  # type: ignore[override]
            raise TransientError("away", code="database_away")

    assert Asks(lambda: None, 1.0, Away(), FixedClock(NOON)).answers("ups_manager")
