"""Rows of jobs: a queue in the same transaction as its effects, claimed by lease and fenced by the attempt number.

`due_at` holds the one time that decides: when a READY job may start, or when a LEASED one is given up; it is null once the job is over.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Executable, func, select, update
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.errors import TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.job import Job, JobKind, JobRequest, JobState
from wetread.storage import schema
from wetread.storage.transaction import Row, Transaction

__all__ = ["JobRows", "bury", "claim", "counts", "in_state", "job_of", "renew", "retry", "revive"]

_JOBS = schema.jobs.c
_ENQUEUE = (
    insert(schema.jobs).on_conflict_do_nothing(index_elements=["dedupe_key"]).execution_options(preserve_rowcount=True)
)


class JobRows(Transaction):
    def enqueue(self, request: JobRequest) -> bool:
        if self._write(_ENQUEUE, _job_row(request)).rowcount == 1:
            return True
        if request.not_before is not None:
            self._write(_postpone(request.dedupe_key, request.not_before))
        return False

    def complete_job(self, job: Job) -> None:
        if self._write(_held(job).values(state=JobState.DONE.value, due_at=None)).rowcount != 1:
            raise self._refuse(TransientError("the lease was lost: another worker has this job", code="lease_lost"))


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


def _postpone(dedupe_key: str, not_before: datetime) -> Executable:
    ready = (_JOBS.dedupe_key == dedupe_key) & (_JOBS.state == JobState.READY.value) & (_JOBS.due_at < not_before)
    return update(schema.jobs).where(ready).values(due_at=not_before)


def _held(job: Job) -> Any:
    """An update that touches the job only while `job` is still its current holder."""
    leased = _JOBS.state == JobState.LEASED.value
    return update(schema.jobs).where(_JOBS.job_id == job.job_id, _JOBS.attempt == job.attempt, leased)


def claim(kinds: frozenset[JobKind], now: datetime, lease_s: float) -> Executable:
    """Lease the most urgent due job in one statement; rows that another claimer holds are skipped, never waited for."""
    due = (_JOBS.due_at <= now) & _JOBS.kind.in_(sorted(kinds))
    oldest = select(_JOBS.job_id).where(due).order_by(_JOBS.urgency_rank, _JOBS.job_id).limit(1)
    lease_until = now + timedelta(seconds=lease_s)
    return (
        update(schema.jobs)
        .where(_JOBS.job_id == oldest.with_for_update(skip_locked=True).scalar_subquery())
        .values(state=JobState.LEASED.value, attempt=_JOBS.attempt + 1, due_at=lease_until, lease_until=lease_until)
        .returning(*_JOBS)
    )


def renew(job: Job, now: datetime, lease_s: float) -> Executable:
    lease_until = now + timedelta(seconds=lease_s)
    return _held(job).values(due_at=lease_until, lease_until=lease_until)  # type: ignore[no-any-return]


def retry(job: Job, not_before: datetime, reason: str) -> Executable:
    return _held(job).values(state=JobState.READY.value, due_at=not_before, reason=reason)  # type: ignore[no-any-return]


def bury(job: Job, reason: str) -> Executable:
    return _held(job).values(state=JobState.DEAD.value, due_at=None, reason=reason)  # type: ignore[no-any-return]


def revive(job_id: int) -> Executable:
    dead: ColumnElement[bool] = (_JOBS.job_id == job_id) & (_JOBS.state == JobState.DEAD.value)
    return update(schema.jobs).where(dead).values(state=JobState.READY.value, attempt=0, due_at=schema.EPOCH)


def in_state(state: JobState, limit: int) -> Executable:
    return select(schema.jobs).where(_JOBS.state == state.value).order_by(_JOBS.job_id).limit(limit)


def counts() -> Executable:
    return select(_JOBS.kind, _JOBS.state, func.count()).group_by(_JOBS.kind, _JOBS.state)


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
