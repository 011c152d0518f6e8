"""A bit that falls over and a file that is gone are found, told once, and over when the bytes are back."""

import time
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from threading import Event

import pytest

from wetread.domain.alarm import AlarmKind
from wetread.domain.identifiers import InstanceKey
from wetread.domain.upkeep import FilmScrub, ScrubResult
from wetread.monitoring.scrub import ABANDONED_S, Damage, Scrubber, keep_swept
from wetread.testing.builders import NOON, STUDY_KEY, a_study, an_instance
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.memory_files import MemoryFileStore


class Place:
    def __init__(self) -> None:
        self.database, self.files = MemoryDatabase(), MemoryFileStore()
        self.slept: list[float] = []
        self.clock = FixedClock(NOON)
        self.scrubber = Scrubber(self.database, self.files, self.clock, sleep=self.slept.append)
        self.films = [self.keep(bytes([number]) * 1000) for number in range(3)]
        with self.database.begin() as unit:
            unit.save_study(a_study())
            for number, film in enumerate(self.films):
                unit.admit_instance(an_instance(instance_key=InstanceKey(f"i-{number}"), content_sha256=film))
            unit.commit()

    def keep(self, content: bytes) -> str:
        with self.files.receive() as file:
            file.write(content)
            return file.keep().sha256

    def scrub(self) -> FilmScrub:
        with self.database.begin(write=False) as unit:
            return unit.film_scrub()

    def looked_at(self) -> list[str]:
        """What is looked at from now on."""
        verify, looked = self.files.verify, list[str]()

        def noted(sha256: str) -> bool:
            looked.append(sha256)
            return verify(sha256)

        self.files.verify = noted  # type: ignore[method-assign]
        return looked

    def alarms(self) -> list[tuple[AlarmKind, bool, str]]:
        with self.database.begin(write=False) as unit:
            return [(each.kind, each.pages, each.message) for each in unit.alarms()]


@pytest.fixture
def place() -> Place:
    return Place()


def test_whole_films_are_no_news_and_the_disk_is_left_to_others(place: Place) -> None:
    found = place.scrubber.run_once()
    assert (found.looked, found.damaged, found.unnamed, place.alarms()) == (3, (), (), [])
    assert len(place.slept) == 3
    assert all(each > 0 for each in place.slept)


def test_a_flipped_bit_and_a_lost_file_are_one_alarm_until_the_bytes_are_back(place: Place) -> None:
    flipped, lost = (place.files.path_of(each) for each in place.films[:2])
    whole = flipped.read_bytes(), lost.read_bytes()
    flipped.write_bytes(b"\x01" + whole[0][1:])
    lost.unlink()
    found = place.scrubber.run_once()
    assert set(found.damaged) == {
        Damage(STUDY_KEY, place.films[0], gone=False),
        Damage(STUDY_KEY, place.films[1], gone=True),
    }
    ((kind, pages, message),) = place.alarms()
    assert (kind, pages) == (AlarmKind.FILMS_DAMAGED, True)
    assert message.startswith(f"2 of 3 stored films are damaged or gone, the first of study {STUDY_KEY}")
    flipped.write_bytes(whole[0])
    lost.write_bytes(whole[1])
    assert place.scrubber.run_once().damaged == ()
    assert place.alarms() == []


def test_what_was_erased_while_it_looked_is_no_damage(place: Place) -> None:
    def erase_the_last(_: float) -> None:
        place.files.erase(place.films[2])
        place.database.state.instances.pop(InstanceKey("i-2"), None)

    erasing = Scrubber(place.database, place.files, FixedClock(NOON), sleep=erase_the_last)
    assert erasing.run_once().damaged == ()


def test_a_round_that_is_stopped_settles_nothing_and_another_goes_on_where_it_was(place: Place) -> None:
    place.files.path_of(place.films[0]).unlink()
    stop = Event()
    stopped = replace(place.scrubber, sleep=lambda _: stop.set())
    stopped.run_if_due(stop)
    assert place.alarms() == []
    looked = place.looked_at()
    place.scrubber.run_if_due(Event())
    assert looked == place.films[1:]
    ((_, _, message),) = place.alarms()
    assert message.startswith(f"1 of 3 stored films are damaged or gone, the first of study {STUDY_KEY}")
    assert place.scrub() == FilmScrub(None, ScrubResult(NOON, NOON, 3, 1))


def test_of_several_processes_one_looks_and_the_next_round_is_a_day_later(place: Place) -> None:
    other = replace(place.scrubber, sleep=time.sleep)

    def another_tries(_: float) -> None:
        before = len(looked)
        other.run_if_due(Event())
        assert len(looked) == before

    looked = place.looked_at()
    replace(place.scrubber, sleep=another_tries).run_if_due(Event())
    assert looked == place.films
    other.run_if_due(Event())
    place.clock.advance(86_399)
    other.run_if_due(Event())
    assert len(looked) == 3
    place.clock.advance(1)
    other.run_if_due(Event())
    assert len(looked) == 6


def test_who_dies_within_a_round_is_followed_and_who_only_slept_gives_way(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wetread.monitoring.scrub._KEPT_EVERY_S", 0.0)
    looked = place.looked_at()

    def takes_over(_: float) -> None:
        place.clock.advance(15 * 60)
        place.scrubber.run_if_due(Event())

    replace(place.scrubber, sleep=takes_over).run_if_due(Event())
    assert looked == [place.films[0], *place.films]
    assert place.scrub().last == ScrubResult(NOON, place.clock.now(), 3, 0)


def test_a_clock_that_went_back_does_not_keep_films_from_being_looked_at(place: Place) -> None:
    place.clock.advance(10 * 86_400)
    place.scrubber.run_if_due(Event())
    place.clock.advance(-10 * 86_400)
    looked = place.looked_at()
    place.scrubber.run_if_due(Event())
    assert looked == place.films


def test_who_looks_at_once_does_not_wait_for_whose_turn_it_is_and_leaves_it_alone(place: Place) -> None:
    stop = Event()
    replace(place.scrubber, sleep=lambda _: stop.set()).run_if_due(stop)
    assert place.scrubber.run_once().looked == 3
    turn, last = place.scrub().turn, place.scrub().last
    assert (turn is not None and turn.looked, last is not None and last.looked) == (1, 3)


def test_a_round_that_fails_is_not_the_last(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop, rounds = Event(), list[str]()

    def verify(sha256: str) -> bool:
        rounds.append(sha256)
        if len(rounds) < 2:
            raise ValueError("a row of a patient")
        stop.set()
        return True

    monkeypatch.setattr("wetread.monitoring.scrub._LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(place.files, "verify", verify)
    monkeypatch.setattr("wetread.monitoring.scrub._HELD", timedelta(0))
    place.scrubber.run(stop)
    assert len(rounds) == 2
    assert "scrub_failed error=ValueError" in caplog.text
    assert "patient" not in caplog.text


def test_bytes_that_no_row_names_are_told_and_left(place: Place) -> None:
    stray = place.keep(b"before its commit")
    assert place.scrubber.run_once(unnamed=True).unnamed == (stray,)
    assert place.files.path_of(stray).read_bytes() == b"before its commit"
    assert sha256(b"before its commit").hexdigest() == stray


def test_what_was_half_received_is_swept_from_the_start_on_and_a_disk_that_fails_ends_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop, asked = Event(), list[float]()

    def sweep(older_than_s: float) -> int:
        asked.append(older_than_s)
        if len(asked) == 1:
            raise OSError("a path")
        stop.set()
        return 3

    monkeypatch.setattr("wetread.monitoring.scrub._SWEEP_EVERY_S", 0.0)
    monkeypatch.setattr(place.files, "sweep", sweep)
    keep_swept(place.files, stop)
    assert asked == [ABANDONED_S, ABANDONED_S]
    assert "sweep_waits code=OSError" in caplog.text
    assert "swept half_received=3" in caplog.text
    assert "a path" not in caplog.text
