"""Work that failed for good, and putting it back: one rule for the page and the command line."""

from collections.abc import Sequence
from dataclasses import dataclass

from wetread.domain.audit import AuditEvent
from wetread.domain.job import Job, JobState
from wetread.domain.role import Act, Actor, require
from wetread.ports.clock import Clock
from wetread.ports.database import Database

__all__ = ["DeadLetter", "dead_letters", "retry_dead"]

_MOST = 1000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job nobody tries any more. `reason`: why the last try failed, without identity."""

    job: Job
    reason: str


def dead_letters(database: Database) -> tuple[DeadLetter, ...]:
    """The oldest 1,000; `Database.count_jobs` knows how many there are."""
    return tuple(DeadLetter(job, reason) for job, reason in database.jobs(JobState.DEAD, _MOST))


def retry_dead(database: Database, clock: Clock, actor: Actor, job_ids: Sequence[int]) -> tuple[Job, ...]:
    """Put them back in the queue, each with its audit record, all in one transaction; those that are dead no more are left out. Raises NotPermitted."""
    require(actor, Act.RETRY_WORK)
    with database.begin() as unit:
        revived = tuple(job for job_id in job_ids if (job := unit.revive_job(job_id)))
        for job in revived:
            facts = (("job", str(job.job_id)), ("kind", job.kind.value))
            event = AuditEvent("job.retry", actor.actor_id, study_key=job.study_key, detail=facts)
            unit.audit(event, clock.now())
        if revived:
            unit.commit()
    return revived
