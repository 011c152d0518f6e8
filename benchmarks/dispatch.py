"""From the commit of a job to its claim by an idle worker process: workers that look by themselves, and workers that a Redis wakes. `python benchmarks/dispatch.py [--jobs 300] [--workers 2]`.

SQLite with full durability; the jobs come one at a time at random moments, so that a worker is idle. Time is the machine's monotonic clock, which its processes share.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from neighbours.redis import running_redis

from wetread.bootstrap import SystemClock
from wetread.domain.job import Job, JobKind
from wetread.pipeline import Pipeline
from wetread.ports.dispatcher import Dispatcher
from wetread.queueing.bell import Bell
from wetread.queueing.redis_streams import RedisStreams
from wetread.storage.database import SqlDatabase
from wetread.storage.migrate import upgrade
from wetread.testing.builders import a_job_request, a_study
from wetread.worker import Worker


def dispatcher(url: str) -> Dispatcher:
    return RedisStreams(url, lease_s=60) if url else Bell()


def work(database_url: str, redis_url: str) -> None:
    bell = dispatcher(redis_url)
    database = SqlDatabase(database_url, bell.announce)

    class Claimed(Pipeline):
        """Says when it was given a job, and does nothing else."""

        def __init__(self) -> None:
            """It needs nothing."""

        def advance(self, job: Job) -> None:
            print(job.dedupe_key, time.monotonic(), flush=True)
            with database.begin() as unit:
                unit.complete_job(job)
                unit.commit()

    print("ready", flush=True)
    Worker(database, Claimed(), SystemClock(), 60, 3, 3, bell).run(threading.Event())


def measure(redis_url: str, jobs: int, workers: int) -> list[float]:
    """Milliseconds from commit to claim, sorted."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/work.db"
        upgrade(url, "work")
        command = [sys.executable, __file__, "--work", url, redis_url]
        children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(workers)]
        bell = dispatcher(redis_url)
        database = SqlDatabase(url, bell.announce)
        for child in children:
            assert child.stdout
            assert child.stdout.readline() == "ready\n"
        committed: dict[str, float] = {}
        for number in range(jobs):
            time.sleep(random.uniform(0.02, 0.3))  # noqa: S311 - when the next one comes
            with database.begin() as unit:
                unit.save_study(a_study())
                unit.enqueue(a_job_request(dedupe_key=f"job/{number}", kind=JobKind.ANALYSE))
                unit.commit()
                committed[f"job/{number}"] = time.monotonic()
        time.sleep(1.5)
        for child in children:
            child.kill()
        said = [line.split() for child in children for line in child.communicate()[0].splitlines()]
        return sorted(1000 * (float(at) - committed[job]) for job, at in said)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", nargs=2, metavar=("DATABASE", "REDIS"))
    args = parser.parse_args()
    if args.work:
        work(*args.work)
        return
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        server = held.enter_context(running_redis(folder))
        for name, url in (("looking", ""), ("redis", server.url)):
            ms = measure(url, args.jobs, args.workers)
            told = f"n = {len(ms)}, p50 {ms[len(ms) // 2]:.1f} ms, p95 {ms[len(ms) * 95 // 100]:.1f} ms, longest {ms[-1]:.1f} ms"
            print(f"{name}: {told}")


if __name__ == "__main__":
    main()
