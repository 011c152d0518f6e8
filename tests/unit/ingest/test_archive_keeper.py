"""What a process does for an archive, turn by turn: asks what it can do, reads its feed, sweeps, wakes for a hint, and leaves it alone while it does not answer."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from archive_house import ArchiveHouse, there

from wetread.ingest.archive_keeper import ArchiveKeeper, Rhythm
from wetread.testing.memory_archive import MemoryArchive


class Keeping:
    def __init__(self, house: ArchiveHouse, rhythm: Rhythm) -> None:
        self.house, self.now_s = house, 1000.0
        self.keeper = ArchiveKeeper(
            house.archive, house.feed, house.sweep, house.database, house.clock, rhythm, lambda: self.now_s
        )

    def turns(self) -> int:
        """Until nothing is due."""
        count = 0
        while self.keeper.turn():
            count += 1
        return count

    def later(self, seconds: float) -> None:
        self.now_s += seconds
        self.house.clock.advance(seconds)

    def hint(self) -> None:
        with self.house.database.begin() as unit:
            unit.save_feed(replace(unit.feed("pacs"), hinted_at=self.house.clock.now()))
            unit.commit()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[ArchiveHouse]:
    house = ArchiveHouse(tmp_path)
    yield house
    house.close()


def test_it_asks_what_the_archive_can_do_reads_the_feed_to_its_end_and_sweeps(house: ArchiveHouse) -> None:
    for number in range(5):
        there(house.archive, number)
    keeping = Keeping(house, Rhythm(10, 3600))
    keeping.turns()
    assert set(house.states().values()) == {"admitted"}
    state = house.state()
    assert state.swept_at == house.clock.now()
    with house.database.begin(write=False) as unit:
        probe = unit.probe("pacs")
    assert probe is not None
    assert probe.product == "memory"
    house.archive.asked.clear()
    assert keeping.turns() == 0
    assert house.archive.asked == []


def test_the_feed_is_asked_again_after_its_pause_or_at_once_for_a_hint(house: ArchiveHouse) -> None:
    keeping = Keeping(house, Rhythm(10, 1e9))
    keeping.turns()
    there(house.archive, 1)
    assert keeping.turns() == 0
    keeping.hint()
    assert keeping.turns() == 1
    assert house.states() == {"1.2.1": "admitted"}
    assert house.state().hinted_at is None
    there(house.archive, 2)
    keeping.later(11)
    keeping.turns()
    assert "1.2.2" in house.states()


def test_without_a_feed_a_hint_wakes_the_sweep(tmp_path: Path) -> None:
    house = ArchiveHouse(tmp_path, MemoryArchive(feeds=False))
    keeping = Keeping(house, Rhythm(0, 1e9))
    keeping.turns()
    there(house.archive, 1)
    assert keeping.turns() == 0
    keeping.hint()
    keeping.turns()
    assert house.states() == {"1.2.1": "admitted"}
    house.close()


def test_an_archive_that_is_away_is_left_to_rest_and_the_backlog_comes_in_order(house: ArchiveHouse) -> None:
    keeping = Keeping(house, Rhythm(10, 1e9))
    keeping.turns()
    for number in range(4):
        there(house.archive, number)
    house.archive.away = True
    for _ in range(3):
        keeping.later(11)
        keeping.keeper.turn()
    assert keeping.keeper.is_resting()
    asked = len(house.archive.asked)
    keeping.later(5)
    keeping.hint()  # not even a hint asks an archive that rests
    keeping.keeper.turn()
    assert len(house.archive.asked) == asked
    assert house.state().failing_since is not None
    house.archive.away = False
    keeping.later(30)
    keeping.turns()
    assert set(house.states().values()) == {"admitted"}
    arrived = [each.event.study_key for each in house.database.audit_records() if each.event.action == "study.admit"]
    assert arrived == [house.key(f"1.2.{number}") for number in range(4)]
    assert house.state().failing_since is None


def test_it_shows_that_it_lives_while_a_sweep_brings_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a long day of an archive without a feed pages somebody because nobody seems to ask it."""
    house = ArchiveHouse(tmp_path, MemoryArchive(feeds=False))
    keeping = Keeping(house, Rhythm(0, 3600))
    for number in range(8):
        there(house.archive, number)
    silences: list[float] = []

    def slow(question: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*what: object) -> object:
            with house.database.begin(write=False) as unit:
                beat = unit.last_beat("archive/pacs")
            assert beat is not None
            silences.append((house.clock.now() - beat).total_seconds())
            keeping.later(60)
            return question(*what)

        return ask

    for name in ("instances", "retrieve"):
        monkeypatch.setattr(house.archive, name, slow(getattr(house.archive, name)))
    keeping.turns()
    assert len(house.states()) == 8
    assert len(silences) == 16
    assert max(silences) <= 60
    house.close()


def test_it_shows_that_it_lives_also_while_the_archive_does_not_answer(house: ArchiveHouse) -> None:
    house.archive.away = True
    keeping = Keeping(house, Rhythm(10, 1e9))
    keeping.keeper.turn()
    with house.database.begin(write=False) as unit:
        assert unit.last_beat("archive/pacs") == house.clock.now()
