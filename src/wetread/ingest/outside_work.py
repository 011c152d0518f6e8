"""Works off the jobs that ask somebody elsewhere about a study, in a process of its own: no worker waits for a neighbour (law 1)."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.job import Job, JobKind
from wetread.ports.clock import Clock
from wetread.ports.database import Database

__all__ = ["OutsideWork"]

_LOG = logging.getLogger(__name__)
_LEASE_S = 600.0
_TRIES = 5


@dataclass(frozen=True, slots=True)
class OutsideWork:
    """`ask` is given the job and what renews its lease, and says whether to ask again; the first time after `first_pause`, then twice as long each time."""

    kind: JobKind
    ask: Callable[[Job, Callable[[], None]], bool]
    database: Database
    clock: Clock
    first_pause: timedelta

    def run_one(self) -> bool:
        """False when there was no job. Who is away is asked again later, at most five times; then the study goes without, and says so."""
        job = self.database.claim_job(frozenset({self.kind}), now=self.clock.now(), lease_s=_LEASE_S)
        if job is None:
            return False
        try:
            again = self.ask(job, lambda: self._renew(job))
        except TransientError:
            again = True
        except PermanentError as error:
            _LOG.error("%s_given_up study=%s code=%s", self.kind, job.study_key, error.code)
            again = False
        if again and job.attempt < _TRIES:
            pause = self.first_pause * 2 ** (job.attempt - 1)
            self.database.retry_job(job, not_before=self.clock.now() + pause, reason="a neighbour does not answer")
            return True
        if again:
            _LOG.warning("%s_given_up study=%s code=away", self.kind, job.study_key)
        self._complete(job)
        return True

    def _renew(self, job: Job) -> None:
        self.database.renew_lease(job, now=self.clock.now(), lease_s=_LEASE_S)

    def _complete(self, job: Job) -> None:
        with self.database.begin() as unit:
            unit.complete_job(job)
            unit.commit()
