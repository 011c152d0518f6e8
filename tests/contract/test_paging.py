"""The pager on the twin and on each real database: steps, clocks that jump, and several pagers at once."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from neighbours.postgres import PostgresServer
from paging_world import World
from sqlalchemy.engine import make_url
from tests.contract.conftest import Templates

from wetread.domain.errors import TransientError
from wetread.ports.database import Database
from wetread.storage.database import SqlDatabase


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


@pytest.mark.real
def test_a_database_server_that_goes_and_comes_back_finds_the_pager_at_work(
    postgres: PostgresServer, templates: Templates, tmp_path: Path
) -> None:
    with templates.copy("postgresql", "work", tmp_path) as url:
        database, name = SqlDatabase(url), make_url(url).database
        world = World(tmp_path, database)
        world.run(2)
        world.open()
        with postgres.away(str(name)):
            for _ in range(10):
                for act in (world.sweep.run_once, world.sender.claim):
                    with pytest.raises(TransientError):
                        act()
        world.run(2)
        assert told(world) == ["ann"]
        database.close()
