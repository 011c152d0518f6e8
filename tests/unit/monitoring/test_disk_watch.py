"""A disk that fills up is told days before films are refused, rings when they are, and is quiet when there is room again."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from wetread.domain.alarm import Alarm
from wetread.domain.disk_room import DiskOutlook, DiskRoom, outlook
from wetread.domain.errors import TransientError
from wetread.domain.identifiers import InstanceKey
from wetread.monitoring.disk_watch import DiskWatch, said_of
from wetread.storage.files import DiskFileStore
from wetread.testing.builders import NOON, STUDY_KEY, a_study, an_instance
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase

GIB = 2**30
FILMS = DiskRoom(("films", "database"), 100 * GIB, 50 * GIB)


class Place:
    def __init__(self) -> None:
        self.database, self.clock = MemoryDatabase(), FixedClock(NOON)
        self.rooms: tuple[DiskRoom, ...] = (FILMS,)
        self.watch = DiskWatch(self.database, lambda: self.rooms, self.clock, reserve_bytes=GIB)

    def receive(self, size_bytes: int, *, days_ago: float = 0.0, number: int = 0) -> None:
        key = type(STUDY_KEY)(f"s-{number:032d}")
        with self.database.begin() as unit:
            unit.save_study(a_study(study_key=key, received_at=NOON - timedelta(days=days_ago)))
            instance = an_instance(instance_key=InstanceKey(f"i-{number}"), study_key=key, size_bytes=size_bytes)
            unit.admit_instance(instance)
            unit.commit()

    def alarms(self, free_bytes: float) -> list[Alarm]:
        """After a look at so much room."""
        self.rooms = (replace(self.rooms[0], free_bytes=int(free_bytes)), *self.rooms[1:])
        self.watch.run_once()
        with self.database.begin(write=False) as unit:
            return list(unit.alarms())


@pytest.fixture
def place() -> Place:
    return Place()


def test_a_disk_with_room_is_no_news(place: Place) -> None:
    place.receive(3 * GIB)
    assert place.alarms(50 * GIB) == []


def test_it_is_told_a_week_before_and_rings_a_day_before_and_at_the_reserve(place: Place) -> None:
    place.receive(3 * GIB)
    (told,) = place.alarms(16 * GIB)
    assert (told.kind.value, told.pages) == ("disk_fills", False)
    assert told.message.startswith(
        "16.0 GiB of 100.0 GiB free for films, database; at 3.0 GiB a day films are refused in 5 days. Free space"
    )
    (rings,) = place.alarms(3 * GIB)
    assert rings.pages
    assert "refused in 16 hours" in rings.message
    (refused,) = place.alarms(GIB - 1)
    assert (refused.pages, refused.episode) == (True, 1)
    assert "less than the 1.0 GiB that films must leave: films are refused until there is more" in refused.message


def test_on_the_edge_it_rings_once_and_is_over_when_there_is_clearly_room_again(place: Place) -> None:
    free = [GIB - 1, GIB + 1, GIB - 1, 1.2 * GIB, GIB - 1]
    assert [(each.episode, each.pages) for size in free for each in place.alarms(size)] == [(1, True)] * 5
    assert place.alarms(1.3 * GIB) == []


def test_a_disk_without_films_rings_at_the_reserve_and_knows_no_day(place: Place) -> None:
    place.receive(3 * GIB)
    place.rooms = (DiskRoom(("vault",), 10 * GIB, 5 * GIB), FILMS)
    assert place.alarms(2 * GIB) == []
    (alarm,) = place.alarms(GIB / 2)
    assert (alarm.alarm_key, alarm.pages) == ("disk_fills:vault", True)
    assert "soon nothing can be recorded" in alarm.message


def test_files_that_cannot_be_made_any_more_are_told_and_ring_like_bytes(place: Place) -> None:
    place.rooms = (replace(FILMS, free_files=20_000),)
    assert place.alarms(50 * GIB) == []
    place.rooms = (replace(FILMS, free_files=9_000),)
    (told,) = place.alarms(50 * GIB)
    assert (told.alarm_key, told.pages) == ("disk_fills:films+database", False)
    assert "room for 9000 more files (inodes)" in told.message
    place.rooms = (replace(FILMS, free_files=1023),)
    (rings,) = place.alarms(50 * GIB)
    assert rings.pages
    assert "less than the 1024 that films must leave: films are refused until there are more" in rings.message


def test_a_disk_that_is_gone_or_read_only_rings_until_it_is_back(place: Place) -> None:
    replace(place.watch, rooms=_gone).run_once()
    with place.database.begin(write=False) as unit:
        (alarm,) = unit.alarms()
    assert (alarm.alarm_key, alarm.pages) == ("disk_away:", True)
    assert alarm.message.startswith("/films cannot be asked for its room (No such file or directory): mount its disk")
    place.rooms = (replace(FILMS, read_only=True),)
    (alarm,) = place.alarms(50 * GIB)
    assert (alarm.alarm_key, alarm.pages) == ("disk_away:films+database", True)
    assert "is read-only: nothing can be kept on it" in alarm.message
    place.rooms = (FILMS,)
    assert place.alarms(50 * GIB) == []


def _gone() -> tuple[DiskRoom, ...]:
    raise TransientError(
        "/films cannot be asked for its room (No such file or directory): mount its disk", code="disk_unseen"
    )


def test_a_folder_without_its_films_is_a_disk_that_is_not_mounted_until_one_of_them_is_there(
    place: Place, tmp_path: Path
) -> None:
    files = DiskFileStore(tmp_path)
    place.watch = replace(place.watch, files=files)
    assert place.alarms(50 * GIB) == []
    place.receive(GIB)
    (alarm,) = place.alarms(50 * GIB)
    assert (alarm.alarm_key, alarm.pages) == ("disk_away:unmounted", True)
    assert "is its disk mounted?" in alarm.message
    with place.database.begin(write=False) as unit:
        (film,) = unit.instances_after("", limit=1)
    (tmp_path / film.content_sha256[:2] / film.content_sha256).write_bytes(b"a film")
    assert place.alarms(50 * GIB) == []


def test_a_new_house_and_an_old_one_are_foreseen_alike() -> None:
    first_day = outlook(FILMS, GIB, last_day_bytes=7 * GIB, last_week_bytes=7 * GIB)
    quiet_day = outlook(FILMS, GIB, last_day_bytes=0, last_week_bytes=49 * GIB)
    assert first_day.days_left == quiet_day.days_left == 7
    assert outlook(FILMS, GIB, 0, 0).days_left is None
    assert DiskOutlook(FILMS, 60 * GIB, 7 * GIB).days_left == 0


def test_only_the_last_week_counts(place: Place) -> None:
    place.receive(700 * GIB, days_ago=8)
    place.receive(7 * GIB, days_ago=6, number=1)
    assert place.alarms(9.5 * GIB) == []  # 8.5 days at 1 GiB a day
    assert len(place.alarms(7 * GIB)) == 1


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (DiskOutlook(FILMS, GIB), "50.0 GiB of 100.0 GiB free for films, database"),
        (DiskOutlook(FILMS, GIB, 1.0), "50.0 GiB of 100.0 GiB free for films, database"),
        (DiskOutlook(FILMS, GIB, GIB / 2), "50.0 GiB of 100.0 GiB free for films, database; at 512 MiB a day films are refused in 98 days"),
    ],
)  # fmt: skip
def test_what_is_left_is_said_in_words(one: DiskOutlook, said: str) -> None:
    assert said_of(one) == said


def test_a_turn_that_fails_is_not_the_last(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    stop, turns = Event(), list[int]()

    def failing() -> tuple[DiskRoom, ...]:
        turns.append(len(turns))
        if len(turns) == 1:
            raise TransientError("away", code="database_down")
        if len(turns) == 2:
            raise ValueError("Doe^Jane")
        stop.set()
        return (FILMS,)

    watch = DiskWatch(place.database, failing, place.clock, GIB, every_s=0.0)
    watch.run(stop)
    assert len(turns) == 3
    assert "disk_watch_waits code=database_down" in caplog.text
    assert "disk_watch_failed error=ValueError" in caplog.text
    assert "Doe" not in caplog.text
