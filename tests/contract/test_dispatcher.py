"""What wakes workers: the bell of one process, and Redis Streams on a real Redis."""

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Event
from typing import cast

import pytest
from neighbours.certificate import make_certificates
from neighbours.process import free_port
from neighbours.redis import RedisServer, running_redis
from redis import Redis

from wetread.domain.job import Job, JobKind, JobRequest, JobState
from wetread.pipeline import Pipeline
from wetread.ports.dispatcher import Dispatcher, DispatchState, Wake
from wetread.queueing.bell import Bell
from wetread.queueing.redis_streams import RedisStreams
from wetread.storage.database import SqlDatabase
from wetread.testing.builders import NOON, a_job_request, a_study
from wetread.testing.clock import FixedClock
from wetread.worker import Worker

_NUMBERS = count()
Join = Callable[[], Dispatcher]


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of a second is enough in a hospital; a Redis of a loaded machine may take longer, and is not away."""
    monkeypatch.setattr("wetread.queueing.redis_streams._ANSWER_S", 10.0)


@pytest.fixture
def joined() -> Iterator[list[RedisStreams]]:
    streams: list[RedisStreams] = []
    yield streams
    for each in streams:
        each.close()


@pytest.fixture(params=["bell", pytest.param("redis", marks=pytest.mark.real)])
def join(request: pytest.FixtureRequest, joined: list[RedisStreams]) -> Join:
    """One more who announces and waits at the same place."""
    if request.param == "bell":
        bell = Bell()
        return lambda: bell
    server: RedisServer = request.getfixturevalue("redis_server")
    name = f"test{next(_NUMBERS)}"

    def connect() -> Dispatcher:
        joined.append(RedisStreams(server.url, lease_s=60, name=name))
        return joined[-1]

    return connect


def jobs(wakes: object) -> list[int]:
    return [each.job_id for each in cast(list[Wake], wakes)]


def test_nothing_announced_wakes_nobody_and_takes_the_time_it_was_given(join: Join) -> None:
    worker = join()
    began_s = time.monotonic()
    assert list(worker.wait(0.2)) == []
    assert time.monotonic() - began_s >= 0.19
    assert list(worker.wait(0.0)) == []
    assert 0 < worker.poll_s <= 1


def test_who_waits_is_woken_by_another(join: Join) -> None:
    door, worker = join(), join()
    worker.wait(0.0)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: [wakes for _ in range(40) if (wakes := worker.wait(0.5))][:1])
        door.announce([Wake(7, 0)])
        while worker.state().pending != 1:
            time.sleep(0.01)
        door.announce([Wake(8, 0)] * 39)
        assert jobs(waiting.result(120)[0]) == [7]


def test_the_most_urgent_comes_first(join: Join) -> None:
    door, worker = join(), join()
    door.announce([Wake(1, -1), Wake(2, 0), Wake(3, 3)])
    assert jobs(worker.wait(0.0))[0] == 3


def test_each_hint_wakes_one_worker_and_is_counted_until_its_work_is_over(join: Join) -> None:
    door, one, other = join(), join(), join()
    door.announce([Wake(1, 0), Wake(2, 0)])
    first, second = one.wait(1.0), other.wait(1.0)
    assert sorted(jobs(first) + jobs(second)) == [1, 2]
    assert (door.state().waiting, door.state().pending) == (0, 2)
    one.done(first)
    other.done(second)
    other.done(second)
    assert door.state() == DispatchState(door.state().name, up=True, waiting=0, pending=0)
    assert list(one.wait(0.0)) == []


def test_a_backlog_without_end_is_cut(join: Join) -> None:
    door = join()
    for _ in range(12):
        door.announce([Wake(number, 0) for number in range(1000)])
    waiting = door.state().waiting
    assert waiting
    assert waiting <= 10_200


@pytest.mark.real
def test_redis_holds_a_number_and_nothing_of_the_study(redis_server: RedisServer, joined: list[RedisStreams]) -> None:
    joined.append(RedisStreams(redis_server.url, lease_s=60, name="payload"))
    joined[0].announce([Wake(4711, 2)])
    with Redis.from_url(redis_server.url, decode_responses=True) as looking:
        assert [fields for _, fields in looking.xrange("payload:jobs:2")] == [{"job": "4711"}]


@pytest.mark.real
def test_what_a_worker_that_died_had_taken_goes_to_another(
    redis_server: RedisServer, joined: list[RedisStreams]
) -> None:
    joined += [RedisStreams(redis_server.url, lease_s=0.05, name="heirs") for _ in range(2)]
    dead, heir = joined
    dead.announce([Wake(5, 1)])
    assert jobs(dead.wait(1.0)) == [5]
    time.sleep(0.1)
    taken = heir.wait(0.0)
    assert jobs(taken) == [5]
    heir.done(taken)
    assert heir.state().pending == 0


@pytest.mark.real
def test_a_flushed_redis_is_set_up_again(redis_server: RedisServer, joined: list[RedisStreams]) -> None:
    joined.append(RedisStreams(redis_server.url, lease_s=60, name="flushed"))
    worker = joined[0]
    worker.wait(0.0)
    with Redis.from_url(redis_server.url) as looking:
        looking.flushall()
    assert list(worker.wait(0.1)) == []
    worker.announce([Wake(9, 0)])
    assert jobs(worker.wait(0.5)) == [9]


@pytest.mark.real
def test_a_redis_that_is_away_or_hangs_delays_nobody_and_is_used_again_when_it_is_back(
    tmp_path: Path, joined: list[RedisStreams], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wetread.queueing.redis_streams._ANSWER_S", 5.0)
    port, later = free_port(), [0.0]
    joined.append(RedisStreams(f"redis://127.0.0.1:{port}/0", lease_s=60, now_s=lambda: time.monotonic() + later[0]))
    worker = joined[0]

    def rest() -> None:
        later[0] += 2.0

    worker.announce([Wake(1, 0)])
    assert worker.state() == DispatchState("redis", up=False)
    assert list(worker.wait(0.1)) == []
    worker.done([Wake(1, 0, "1-1")])
    with running_redis(tmp_path, port=port) as server:
        rest()
        worker.announce([Wake(2, 0)])
        assert jobs(worker.wait(0.5)) == [2]
        server.process.send_signal(signal.SIGSTOP)
        worker.wait(0.5)  # comes back, though nobody answers
        worker.announce([Wake(3, 0)])
        server.process.send_signal(signal.SIGCONT)
        rest()
        assert worker.state().up


@pytest.mark.real
def test_redis_behind_tls_and_a_password(tmp_path: Path, joined: list[RedisStreams]) -> None:
    made = make_certificates(tmp_path)
    tls = ["--tls-port", "{port}", "--tls-cert-file", str(made.client), "--tls-key-file", str(made.client)]
    more = ["--tls-ca-cert-file", str(made.trusted), "--tls-auth-clients", "no", "--requirepass", "open sesame"]
    with running_redis(tmp_path, *tls, *more, plain=False) as server:
        url, ca_file = f"rediss://127.0.0.1:{server.port}/0", str(made.trusted)
        joined += [
            RedisStreams(url, lease_s=60, password=word, ca_file=ca)
            for word, ca in (("open sesame", ca_file), ("wrong", ca_file), ("open sesame", ""))
        ]
        assert [each.state().up for each in joined] == [True, False, False]


def test_what_is_committed_and_due_is_announced_and_nothing_else(sql_url: str) -> None:
    told: list[Wake] = []
    database = SqlDatabase(sql_url, told.extend)

    def ask(*requests: JobRequest, commit: bool = True) -> None:
        with database.begin() as unit:
            unit.save_study(a_study())
            for each in requests:
                unit.enqueue(each)
            assert told == []
            if commit:
                unit.commit()
            assert told == []

    ask(a_job_request(dedupe_key="rolled back"), commit=False)
    ask(a_job_request(dedupe_key="later", not_before=NOON))
    ask(a_job_request(dedupe_key="elsewhere", kind=JobKind.PRIORS))
    assert told == []
    ask(a_job_request(priority=2), a_job_request(priority=2))
    (job, _) = next(each for each in database.jobs(JobState.READY) if each[0].dedupe_key == "analyse/1")
    assert told == [Wake(job.job_id, 2)]
    told.clear()
    claimed = database.claim_job(frozenset({JobKind.ANALYSE}), now=NOON, lease_s=60)
    assert claimed == database.jobs(JobState.LEASED)[0][0]
    database.bury_job(job=cast(Job, claimed), reason="")
    with database.begin() as unit:
        unit.revive_job(cast(Job, claimed).job_id)
        unit.commit()
    assert told == [Wake(job.job_id, 2)]
    database.close()


@pytest.mark.real
def test_without_its_redis_a_worker_looks_for_itself(sql_database: SqlDatabase, joined: list[RedisStreams]) -> None:
    joined.append(RedisStreams(f"redis://127.0.0.1:{free_port()}/0", lease_s=60))
    stop = Event()

    class OneJob(Pipeline):
        def __init__(self) -> None:
            """It needs nothing."""

        def advance(self, job: Job) -> None:
            with sql_database.begin() as unit:
                unit.complete_job(job)
                unit.commit()
            stop.set()

    with ThreadPoolExecutor(1) as pool:
        worker = Worker(sql_database, OneJob(), FixedClock(NOON), 60, 3, 3, joined[0])
        working = pool.submit(worker.run, stop)
        try:
            with sql_database.begin() as unit:
                unit.save_study(a_study())
                unit.enqueue(a_job_request())
                unit.commit()
            stop.wait(120)
        finally:
            stop.set()
        working.result(60)
    assert len(sql_database.jobs(JobState.DONE)) == 1
