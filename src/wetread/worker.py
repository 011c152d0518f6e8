"""Claim, advance, commit: the loop every worker process runs, and what it does when a job fails."""

import logging
import os
import random
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath

from wetread.delivery.plan import retry_delay_s
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.job import ASKS_OUTSIDE, Job, JobKind
from wetread.pipeline import Pipeline
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.dispatcher import Dispatcher

__all__ = ["Worker"]

_LOG = logging.getLogger(__name__)
_SWEEP_EVERY_S = 1.0


def _end_process(job: Job) -> None:
    """A thread that hangs cannot be ended, its process can; the lease runs out and the job is tried by another, as often as any."""
    _LOG.critical("job_hangs kind=%s study=%s attempt=%d: the worker ends", job.kind.value, job.study_key, job.attempt)
    os._exit(os.EX_SOFTWARE)


@dataclass(frozen=True, slots=True)
class Worker:
    """One claiming loop. `max_attempts` bounds tries per job; deliveries have their own, larger bound (a receiver may be down for a day). `hangs` is told of a job that runs for longer than `job_limit_s`."""

    database: Database
    pipeline: Pipeline
    clock: Clock
    lease_s: float
    max_attempts: int
    delivery_max_attempts: int
    dispatcher: Dispatcher
    kinds: frozenset[JobKind] = frozenset(JobKind) - ASKS_OUTSIDE
    sweep: Callable[[], object] = lambda: None
    job_limit_s: float = 300.0
    hangs: Callable[[Job], object] = _end_process

    def run(self, stop: threading.Event, *, beat: Callable[[], None] = lambda: None) -> None:
        """Work until `stop` is set; `beat` is called once per round, to show that this worker lives, and `sweep` (requests for a read) between two jobs, once a second.

        What the dispatcher says decides when the worker looks, never at what: the database gives the most urgent job that is due.
        """
        swept_s, worked = 0.0, True
        while not stop.is_set():
            beat()
            wakes = self.dispatcher.wait(0.0 if worked else self.dispatcher.poll_s)
            try:
                if time.monotonic() - swept_s >= _SWEEP_EVERY_S:
                    swept_s = time.monotonic()
                    self._sweep()
                worked = self.run_one()
            except TransientError as error:  # its hints are left to be claimed again
                _LOG.warning("worker_waits code=%s", error.code)
                worked = False
                stop.wait(self.dispatcher.poll_s)
            else:
                self.dispatcher.done(wakes)

    def _sweep(self) -> None:
        """Whatever goes wrong in it, films are read."""
        try:
            self.sweep()
        except TransientError as error:
            _LOG.warning("sweep_waits code=%s", error.code)
        except Exception as error:  # noqa: BLE001 - a request that cannot be looked at must not stop the reading
            _LOG.error("sweep_failed error=%s at=%s", type(error).__name__, _where(error))

    def run_one(self) -> bool:
        """Claim and run at most one job; False when there was none."""
        job = self.database.claim_job(self.kinds, now=self.clock.now(), lease_s=self.lease_s)
        if job is None:
            return False
        with _Heartbeat(self, job):
            self._attempt(job)
        return True

    def _attempt(self, job: Job) -> None:
        if job.attempt > self._bound(job):
            self._give_up(job, "the worker died each time it tried this")
            return
        try:
            self.pipeline.advance(job)
        except TransientError as error:
            self._failed(job, error)
        except PermanentError as error:
            self._give_up(job, f"{error.code}: {error}")
        except Exception as error:  # noqa: BLE001 - a bug must end in the dead-letter queue with its name, not in a lost study
            _LOG.error("job_crashed kind=%s error=%s at=%s", job.kind.value, type(error).__name__, _where(error))
            self._give_up(job, f"internal error ({type(error).__name__})")

    def _failed(self, job: Job, error: TransientError) -> None:
        if error.code == "lease_lost":
            _LOG.warning("lease_lost kind=%s attempt=%d", job.kind.value, job.attempt)
            return
        if job.attempt >= self._bound(job):
            self._give_up(job, f"{error.code}: {error}")
            return
        delay_s = retry_delay_s(job.attempt, random.random())  # noqa: S311 - jitter, not a secret
        self.database.retry_job(
            job, not_before=self.clock.now() + timedelta(seconds=delay_s), reason=f"{error.code}: {error}"
        )

    def _give_up(self, job: Job, reason: str) -> None:
        _LOG.error(
            "job_given_up kind=%s study=%s attempt=%d reason=%s", job.kind.value, job.study_key, job.attempt, reason
        )
        if not self.pipeline.give_up(job, reason):
            self.database.bury_job(job, reason=reason)

    def _bound(self, job: Job) -> int:
        return self.delivery_max_attempts if job.kind is JobKind.DELIVER else self.max_attempts


def _where(error: BaseException) -> str:
    """File and line of a crash. The message itself could quote patient data, so it is never logged."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{PurePath(frame.filename).name}:{frame.lineno}"


class _Heartbeat:
    """Renews a job's lease at a third of its length while the job runs. Of one that runs for too long it tells, also where somebody else has the lease by now, and renews it no more."""

    def __init__(self, worker: Worker, job: Job) -> None:
        self._worker, self._job, self._done = worker, job, threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _beat(self) -> None:
        began_s, held = time.monotonic(), True
        while not self._done.wait(self._worker.lease_s / 3):
            if time.monotonic() - began_s >= self._worker.job_limit_s:
                self._worker.hangs(self._job)
                return
            held = held and self._renewed()

    def _renewed(self) -> bool:
        """False where the lease is somebody else's by now."""
        now = self._worker.clock.now()
        try:
            return self._worker.database.renew_lease(self._job, now=now, lease_s=self._worker.lease_s)
        except TransientError as error:
            _LOG.warning("heartbeat_missed code=%s", error.code)
            return True
