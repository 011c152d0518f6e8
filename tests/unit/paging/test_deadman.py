"""When the sweep stops, somebody else says so."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from paging_world import World

from wetread.domain.errors import TransientError
from wetread.paging.deadman import DeadMan


@dataclass
class Steady:
    """A steady clock under the test's hand."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Gone:
    """A database that does not answer."""

    def begin(self, *, write: bool = True) -> None:
        raise TransientError("the database is away", code="database_unavailable")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def steady() -> Steady:
    return Steady()


def deadman(world: World, steady: Steady) -> DeadMan:
    return DeadMan(world.database, world.book, dict(world.channels), world.clock, 60.0, "https://read.example", steady)


def test_it_is_quiet_while_the_sweep_lives_whatever_the_wall_clock_does(world: World, steady: Steady) -> None:
    watcher = deadman(world, steady)
    for jump_s in (0, 3600, -7200, 259_200, -259_200, 0):
        world.clock.advance(jump_s)
        world.run(10)
        steady.now_s += 10
        assert not watcher.look()
    assert not world.heard()


def test_it_rings_the_technical_duty_after_the_limit_and_hourly(world: World, steady: Steady) -> None:
    world.run(10)
    watcher = deadman(world, steady)
    rings = 0
    for _ in range(2 * 3600 // 5 + 30):
        steady.now_s += 5
        rings += watcher.look()
    assert rings == 3
    assert {address for address, _, _ in world.heard()} == {"dev@sms.example"}
    assert "escalation_stopped" in world.alarms()


def test_two_watchers_ring_with_the_same_key(world: World, steady: Steady) -> None:
    world.run(10)
    watchers = [deadman(world, steady), deadman(world, steady)]
    for each in watchers:
        each.look()
    steady.now_s += 61
    assert all(each.look() for each in watchers)
    assert len({key for _, key, _ in world.heard()}) == 1


def test_it_rings_when_escalation_never_started(world: World, steady: Steady) -> None:
    watcher = deadman(world, steady)
    watcher.look()
    steady.now_s += 61
    assert watcher.look()


def test_it_rings_when_the_database_is_gone_with_the_people_it_knew(world: World, steady: Steady) -> None:
    world.run(2)
    watcher = deadman(world, steady)
    watcher.look()
    watcher.database = Gone()  # type: ignore[assignment]
    steady.now_s += 61
    assert watcher.look()
    assert [address for address, _, _ in world.heard()] == ["dev@sms.example"]


def test_it_fails_over_to_the_next_channel(world: World, steady: Steady) -> None:
    world.channels["sms"].down = 5
    watcher = deadman(world, steady)
    watcher.look()
    steady.now_s += 61
    assert watcher.look()
    assert [address for address, _, _ in world.heard()] == ["dev@email.example"]


def test_the_alarm_ends_when_the_sweep_is_back(world: World, steady: Steady) -> None:
    world.run(2)
    watcher = deadman(world, steady)
    watcher.look()
    steady.now_s += 61
    watcher.look()
    assert "escalation_stopped" in world.alarms()
    world.run(10)
    watcher.look()
    assert "escalation_stopped" not in world.alarms()
