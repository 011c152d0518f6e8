"""Rows of jobs: a queue in the same transaction as its effects, claimed by lease and fenced by the attempt number.

`due_at` holds the one time that decides: when a READY job may start, or when a LEASED one is given up; it is null once the job is over.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.errors import TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.job import ASKS_OUTSIDE, LONGEST_WAIT, Job, JobKind, JobRequest, JobState
from wetread.ports.dispatcher import Wake
from wetread.storage import schema
from wetread.storage.transaction import Row, Transaction

__all__ = ["CLAIM", "COUNT", "HELD", "LIST", "JobRows", "claim_until", "holder", "job_of", "leased_until"]

_JOBS = schema.jobs.c
_ENQUEUE = insert(schema.jobs).on_conflict_do_nothing(index_elements=["dedupe_key"]).returning(_JOBS.job_id)
_POSTPONE = update(schema.jobs).where(
    _JOBS.dedupe_key == bindparam("key"), _JOBS.state == JobState.READY.value, _JOBS.due_at < bindparam("later")
)
_IS_DUE = or_(
    _JOBS.due_at <= bindparam("now"), and_(_JOBS.state == JobState.READY.value, _JOBS.due_at > bindparam("beyond"))
)
"""As `domain.job.is_due`."""
_OLDEST = (
    select(_JOBS.job_id)
    .where(schema.IS_DUE_ONCE, _IS_DUE, _JOBS.kind.in_(bindparam("kinds", expanding=True)))
    .order_by(_JOBS.urgency_rank, _JOBS.job_id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
CLAIM = (
    update(schema.jobs)
    .where(_JOBS.job_id == _OLDEST.scalar_subquery())
    .values(attempt=_JOBS.attempt + 1, state=JobState.LEASED.value)
    .returning(*_JOBS)
)
"""Lease the most urgent due job in one statement; rows that another claimer holds are skipped, never waited for."""
HELD = update(schema.jobs).where(
    _JOBS.job_id == bindparam("id"), _JOBS.attempt == bindparam("held_attempt"), _JOBS.state == JobState.LEASED.value
)
"""Touches a job only while the one who asks (`holder`) is its current holder."""
_REVIVE = (
    update(schema.jobs)
    .where(_JOBS.job_id == bindparam("id"), _JOBS.state == JobState.DEAD.value)
    .values(state=JobState.READY.value, attempt=0, due_at=schema.EPOCH)
    .returning(*_JOBS)
)
LIST = select(schema.jobs).where(_JOBS.state == bindparam("of")).order_by(_JOBS.job_id).limit(bindparam("most"))
COUNT = select(_JOBS.kind, _JOBS.state, func.count()).group_by(_JOBS.kind, _JOBS.state)


class JobRows(Transaction):
    def enqueue(self, request: JobRequest) -> bool:
        job_id = self._write(_ENQUEUE, _job_row(request)).scalar_one_or_none()
        if job_id is not None:
            if request.not_before is None and request.kind not in ASKS_OUTSIDE:
                self.due.append(Wake(job_id, request.priority))
            return True
        if request.not_before is not None:
            self._write(
                _POSTPONE, {"key": request.dedupe_key, "later": request.not_before, "due_at": request.not_before}
            )
        return False

    def complete_job(self, job: Job) -> None:
        if self._write(HELD, {**holder(job), "state": JobState.DONE.value, "due_at": None}).rowcount != 1:
            raise self._refuse(TransientError("the lease was lost: another worker has this job", code="lease_lost"))

    def revive_job(self, job_id: int) -> Job | None:
        row = self._write(_REVIVE, {"id": job_id}).one_or_none()
        if row is None:
            return None
        self.due.append(Wake(row.job_id, -row.urgency_rank))
        return job_of(row)


def _job_row(request: JobRequest) -> Row:
    return {
        "kind": request.kind.value,
        "study_key": request.study_key,
        "dedupe_key": request.dedupe_key,
        "urgency_rank": -request.priority,
        "state": JobState.READY.value,
        "attempt": 0,
        "due_at": request.not_before or schema.EPOCH,
        "lease_until": schema.EPOCH,
        "detail": request.detail,
        "reason": "",
    }


def holder(job: Job) -> dict[str, Any]:
    return {"id": job.job_id, "held_attempt": job.attempt}


def claim_until(now: datetime, lease_s: float) -> dict[str, Any]:
    return {"now": now, "beyond": now + LONGEST_WAIT, **leased_until(now, lease_s)}


def leased_until(now: datetime, lease_s: float) -> dict[str, Any]:
    lease_until = now + timedelta(seconds=lease_s)
    return {"due_at": lease_until, "lease_until": lease_until}


def job_of(row: Any) -> Job:
    return Job(
        job_id=row.job_id,
        kind=JobKind(row.kind),
        study_key=StudyKey(row.study_key),
        dedupe_key=row.dedupe_key,
        attempt=row.attempt,
        lease_until=row.lease_until,
        detail=row.detail,
    )
