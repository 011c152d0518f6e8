"""The jobs that ask for a patient's earlier films, in the process that talks to the archives."""

from collections.abc import Callable
from datetime import timedelta

from wetread.domain.archive_feed import PriorOutcome
from wetread.domain.job import Job, JobKind
from wetread.ingest.outside_work import OutsideWork
from wetread.ingest.prior_fetch import PriorFetcher
from wetread.ports.clock import Clock
from wetread.ports.database import Database

__all__ = ["prior_work"]

_FIRST_PAUSE = timedelta(seconds=60)


def prior_work(fetcher: PriorFetcher, database: Database, clock: Clock) -> OutsideWork:
    """Asks again while any archive is away."""

    def ask(job: Job, renew: Callable[[], None]) -> bool:
        search = fetcher.fetch(job.study_key, renew)
        return any(each.outcome is PriorOutcome.AWAY for each in search.fetches)

    return OutsideWork(JobKind.PRIORS, ask, database, clock, _FIRST_PAUSE)
