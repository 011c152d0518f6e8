"""When the sweep stops, somebody else says so."""

import threading
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


def test_it_rings_when_pages_are_not_sent_though_the_sweep_goes_on(world: World, steady: Steady) -> None:
    """Every hand of the sender hangs, or the outbox cannot be asked: results climb step by step, and nobody hears of it."""
    world.run(10)
    watcher = deadman(world, steady)
    watcher.look()
    for _ in range(13):
        world.clock.advance(5)
        world.sweep.run_once()
        steady.now_s += 5
        watcher.look()
    assert [message.body for _, _, message in world.heard()] == [
        "pages are not being sent, no sign of life for 60 s. Watch the worklist and restart wetread's pager"
    ]


def test_it_rings_by_the_roster_file_when_the_database_was_never_there(world: World, steady: Steady) -> None:
    watcher = deadman(world, steady)
    watcher.database = Gone()  # type: ignore[assignment]
    watcher.look()
    steady.now_s += 61
    assert watcher.look()
    assert [address for address, _, _ in world.heard()] == ["dev@sms.example"]


def test_a_fault_of_its_own_does_not_end_it(world: World, steady: Steady) -> None:
    """The first ring breaks; the next look rings."""
    watcher, stop = deadman(world, steady), threading.Event()
    watcher.look()
    steady.now_s += 61
    whole, watcher.book = watcher.book, None  # type: ignore[assignment]
    looks = 0

    def wait(_: float) -> bool:
        nonlocal looks
        looks += 1
        watcher.book = whole if looks == 2 else watcher.book
        return looks > 2

    stop.wait = wait  # type: ignore[assignment, method-assign]
    watcher.run(stop)
    assert [address for address, _, _ in world.heard()] == ["dev@sms.example"]


class Hanging:
    """A database that neither answers nor refuses."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def begin(self, *, write: bool = True) -> None:
        self.let_go.wait(30)
        raise TransientError("the database is away", code="database_unavailable")


def test_a_database_that_hangs_hangs_nobody_who_watches(
    world: World, steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wetread.paging.deadman._PATIENCE_S", 0.05)
    world.run(2)
    watcher = deadman(world, steady)
    watcher.look()
    watcher.database = hanging = Hanging()  # type: ignore[assignment]
    rings = 0
    for _ in range(20):
        steady.now_s += 5
        rings += watcher.look()
    hanging.let_go.set()
    assert rings == 1
    assert [address for address, _, _ in world.heard()] == ["dev@sms.example"]
