"""F7: the Redis that wakes workers is killed, flushed, stopped or was never there, while films arrive. Ingest goes on, each film is read once, workers look by themselves."""

import random
import signal
import time
from contextlib import ExitStack
from pathlib import Path

from neighbours.process import free_port
from neighbours.redis import RedisServer, running_redis
from redis import Redis

from tests.soak.book import Book, Trial
from tests.soak.house import SoakHouse, soak_house

__all__ = ["TITLE", "run"]

TITLE = "Redis killed, flushed, silent or absent"
_FILMS = 4
_POINTS = ("killed", "flushed", "silent (SIGSTOP)", "absent")


def run(book: Book, folder: Path) -> None:
    port = free_port()
    dispatch = f'{{"url": "redis://127.0.0.1:{port}/0"}}'
    with soak_house(folder, DISPATCH=dispatch) as house, house.workers():
        for at, point in enumerate(_POINTS):
            for number in book.missing(point, 50):
                with book.trial(point) as trial, ExitStack() as held:
                    server = None if point == "absent" else held.enter_context(running_redis(folder, port=port))
                    _trial(trial, house, server, point, 70_000 + 1000 * at + 10 * number)
        with book.trial("the record after all of them") as trial:
            house.check_record(trial)


def _trial(trial: Trial, house: SoakHouse, server: RedisServer | None, point: str, first: int) -> None:
    before = set(house.states())
    trial.promised = house.store_films(first, _FILMS // 2)
    time.sleep(random.Random(first).uniform(0.0, 1.0))
    if server is not None:
        _strike(server, point)
    trial.promised += house.store_films(first + _FILMS // 2, _FILMS // 2)
    if trial.promised != _FILMS:
        trial.broken.append("a film was refused")
    trial.seconds = house.await_new(before, "drafted", trial.promised, 120)
    if server is not None and point.startswith("silent"):
        server.process.send_signal(signal.SIGCONT)
    done = [house.times("study.draft", key) for key in set(house.states()) - before]
    trial.lost, trial.doubled = done.count(0), sum(each - 1 for each in done if each > 1)


def _strike(server: RedisServer, point: str) -> None:
    if point == "flushed":
        with Redis.from_url(server.url) as redis:
            redis.flushall()
        return
    server.process.send_signal(signal.SIGSTOP if point.startswith("silent") else signal.SIGKILL)
