"""Works off the jobs that ask for a patient's earlier films, in the process that talks to the archives: no worker waits for a neighbour (law 1)."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from wetread.domain.archive_feed import PriorOutcome
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.job import Job, JobKind
from wetread.ingest.prior_fetch import PriorFetcher
from wetread.ports.clock import Clock
from wetread.ports.database import Database

__all__ = ["PriorWork"]

_LOG = logging.getLogger(__name__)
_LEASE_S = 600.0
_TRIES = 5
_FIRST_PAUSE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class PriorWork:
    fetcher: PriorFetcher
    database: Database
    clock: Clock

    def run_one(self) -> bool:
        """False when there was no job. An archive that is away is asked again later, at most five times; then the study goes without, and says so."""
        job = self.database.claim_job(frozenset({JobKind.PRIORS}), now=self.clock.now(), lease_s=_LEASE_S)
        if job is None:
            return False
        try:
            search = self.fetcher.fetch(job.study_key, lambda: self._renew(job))
            again = any(each.outcome is PriorOutcome.AWAY for each in search.fetches)
        except TransientError:
            again = True
        except PermanentError as error:
            _LOG.error("priors_given_up study=%s code=%s", job.study_key, error.code)
            again = False
        if again and job.attempt < _TRIES:
            pause = _FIRST_PAUSE * 2 ** (job.attempt - 1)
            self.database.retry_job(job, not_before=self.clock.now() + pause, reason="an archive does not answer")
            return True
        self._complete(job)
        return True

    def _renew(self, job: Job) -> None:
        self.database.renew_lease(job, now=self.clock.now(), lease_s=_LEASE_S)

    def _complete(self, job: Job) -> None:
        with self.database.begin() as unit:
            unit.complete_job(job)
            unit.commit()
