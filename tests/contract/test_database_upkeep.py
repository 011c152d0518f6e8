"""What the processes of one installation keep in common of its upkeep: the same from the twin, SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.upkeep import DoorCounts, FilmScrub, ScrubResult, ScrubTurn
from wetread.monitoring.scrub import Scrubber
from wetread.ports.database import Database
from wetread.testing.builders import a_study, an_instance
from wetread.testing.clock import FixedClock
from wetread.testing.memory_files import MemoryFileStore

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def test_whose_turn_it_is_and_what_the_last_look_found_is_kept_and_replaced(database: Database) -> None:
    turn = ScrubTurn("a", NOW, NOW + timedelta(minutes=15), "i-7", 7, 1, StudyKey("s"))
    last = ScrubResult(NOW - timedelta(days=1), NOW, 9, 2)
    for each in (FilmScrub(turn), FilmScrub(turn, last), FilmScrub(None, last)):
        with database.begin() as unit:
            unit.save_film_scrub(each)
            unit.commit()
        with database.begin(write=False) as unit:
            assert unit.film_scrub() == each


def test_nothing_was_looked_at_and_nobody_knocked_before(database: Database) -> None:
    with database.begin(write=False) as unit:
        assert (unit.film_scrub(), unit.door_counts()) == (FilmScrub(), DoorCounts())


def test_what_several_processes_count_is_summed(database: Database) -> None:
    def add(_: int) -> None:
        with database.begin() as unit:
            unit.add_door_counts(DoorCounts(unused=2, refused=1))
            unit.commit()

    with ThreadPoolExecutor(4) as processes:
        list(processes.map(add, range(20)))
    with database.begin(write=False) as unit:
        assert unit.door_counts() == DoorCounts(40, 20)


def test_of_many_processes_one_looks_through_the_films(database: Database) -> None:
    files, looked = MemoryFileStore(), list[str]()
    with database.begin() as unit:
        unit.save_study(a_study())
        for number in range(20):
            with files.receive() as file:
                file.write(bytes([number]))
                sha256 = file.keep().sha256
            unit.admit_instance(an_instance(instance_key=InstanceKey(f"i-{number:02}"), content_sha256=sha256))
        unit.commit()
    verify = files.verify
    files.verify = lambda sha256: looked.append(sha256) or verify(sha256)  # type: ignore[method-assign, func-returns-value]
    scrubbers = [Scrubber(database, files, FixedClock(NOW), rest=0) for _ in range(4)]
    with ThreadPoolExecutor(4) as processes:
        list(processes.map(lambda each: each.run_if_due(Event()), scrubbers))
    assert len(looked) == len(set(looked)) == 20
    with database.begin(write=False) as unit:
        assert unit.film_scrub() == FilmScrub(None, ScrubResult(NOW, NOW, 20, 0))
