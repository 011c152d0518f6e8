"""A backup that is no longer made is told after two days and paged after four; where none was ever made it is only noted."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from wetread.domain.alarm import AlarmKind
from wetread.monitoring.backups import BACKUP, backup_missing
from wetread.monitoring.watch import Limits, Watch, WatchedPolicy
from wetread.testing.builders import NOON
from wetread.testing.memory_database import MemoryDatabase

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("age", "told"), [(None, []), (2 * DAY, []), (2.5 * DAY, [False]), (4 * DAY, [False]), (5 * DAY, [True])]
)
def test_how_long_it_may_be_missing(age: timedelta | None, told: list[bool]) -> None:
    found = backup_missing(None if age is None else NOON - age, NOON, 2 * DAY)
    assert [each.pages for each in found] == told


def test_the_watch_tells_it_and_it_is_over_with_the_next_one() -> None:
    database = MemoryDatabase()

    def watch(limits: Limits | None = None) -> list[str]:
        looking = Watch(database, lambda _: UTC, lambda: WatchedPolicy("p1", ()), limits)
        notes = looking.run_once(NOON).notes
        with database.begin(write=False) as unit:
            alarms = [each.message for each in unit.alarms() if each.kind is AlarmKind.BACKUP_MISSING]
        return alarms + [each for each in notes if "backups" in each]

    def backed_up(age: timedelta) -> None:
        with database.begin() as unit:
            unit.beat(BACKUP, NOON - age)
            unit.commit()

    assert watch() == ["backups are not watched: none was made by `wetread backup`"]
    backed_up(3 * DAY)
    (told,) = watch()
    assert told.startswith("the last backup was made 3 d 0 h ago")
    assert watch(replace(Limits(), backup=timedelta(0))) == []
    assert len(watch()) == 1
    backed_up(timedelta(0))
    assert watch() == []
