"""The pager on the twin and on each real database: steps, clocks that jump, and several pagers at once."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from paging_world import World

from wetread.ports.database import Database


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return World(tmp_path, database)


def told(world: World) -> list[str]:
    heard = sorted((message.sent_at, address) for address, _, message in world.heard() if message.study_key)
    return [address.partition("@")[0] for _, address in heard]


def test_an_unanswered_page_climbs(world: World) -> None:
    world.open()
    world.run(11 * 60, step_s=30)
    assert told(world) == ["ann", "ben", "cho"]


@pytest.mark.parametrize(
    "jump", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=3), timedelta(days=-3)], ids=str
)
def test_a_clock_that_jumps_before_the_first_sweep_silences_nothing(world: World, jump: timedelta) -> None:
    world.run(6, step_s=2)
    world.open()
    world.clock.advance(jump.total_seconds())
    world.run(4, step_s=2)
    assert told(world) == ["ann"]
    world.run(330, step_s=30)
    assert told(world)[:2] == ["ann", "ben"]


def test_pagers_side_by_side_send_each_page_once(world: World) -> None:
    keys = [world.open(study_key=letter * 24).critical_key for letter in "abcd"]
    problems: list[BaseException] = []

    def pager() -> None:
        try:
            for _ in range(4):
                world.round()
        except BaseException as error:  # noqa: BLE001 - a thread's failure is this test's failure
            problems.append(error)

    threads = [threading.Thread(target=pager) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert told(world) == ["ann"] * len(keys)
    with world.database.begin(write=False) as unit:
        assert {unit.critical(key).step for key in keys} == {1}  # type: ignore[union-attr]
