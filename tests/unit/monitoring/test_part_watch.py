"""A process that dies again and again is one alarm that pages, over when it has stayed; another host's alarm is its own."""

import pytest

from wetread.domain.alarm import Alarm
from wetread.monitoring.part_watch import DyingPart, PartWatch
from wetread.testing.builders import NOON
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase


class Host:
    def __init__(self, database: MemoryDatabase, name: str) -> None:
        self.database, self.dying = database, list[DyingPart]()
        self.clock = FixedClock(NOON)
        self.watch = PartWatch(database, lambda: self.dying, self.clock, name)

    def alarms(self, *dying: str) -> list[Alarm]:
        """After a look at these commands, each dead three times."""
        self.dying = [DyingPart(each, 3, 10) for each in dying]
        self.watch.run_once()
        with self.database.begin(write=False) as unit:
            return list(unit.alarms())


@pytest.fixture
def here() -> Host:
    return Host(MemoryDatabase(), "here")


def test_it_pages_names_command_and_host_and_ends(here: Host) -> None:
    assert here.alarms() == []
    (alarm,) = here.alarms("archive feed")
    assert (alarm.alarm_key, alarm.pages) == ("part_dies:here:archive feed", True)
    assert alarm.message.startswith("`wetread archive feed` on here died 3 times within 10 min")
    assert [each.alarm_key for each in here.alarms("dimse")] == ["part_dies:here:dimse"]
    assert here.alarms() == []


def test_hosts_that_share_a_database_leave_each_others_alarms_alone(here: Host) -> None:
    there = Host(here.database, "there")
    there.alarms("pager")
    assert len(here.alarms("pager")) == 2
    assert [each.alarm_key for each in here.alarms()] == ["part_dies:there:pager"]


def test_the_alarm_of_a_host_that_is_gone_is_over(here: Host) -> None:
    Host(here.database, "container-1").alarms("worker")
    assert [each.alarm_key for each in here.alarms()] == ["part_dies:container-1:worker"]
    here.clock.advance(16 * 60)
    assert here.alarms() == []
