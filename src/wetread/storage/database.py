"""The working database on SQLite or PostgreSQL (`ports.database`): one transaction holds state, audit and next job."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import Executable, bindparam, func, select

from wetread.domain.audit import AuditQuery, AuditRecord
from wetread.domain.errors import TransientError
from wetread.domain.job import Job, JobKind, JobState
from wetread.domain.page import Page
from wetread.domain.study_state import StudyState
from wetread.ports.database import JobCounts
from wetread.ports.dispatcher import Wake
from wetread.storage import jobs, pages, schema
from wetread.storage.access_rows import AccessRows
from wetread.storage.accounts import AccountRows
from wetread.storage.alarms import AlarmRows
from wetread.storage.archive_rows import ArchiveRows
from wetread.storage.audit_export_rows import AuditExportRows
from wetread.storage.audit_search import audit_statement
from wetread.storage.commitment_rows import CommitmentRows
from wetread.storage.criticals import CriticalRows
from wetread.storage.engine import BUSY_S, make_engine, translated, writing
from wetread.storage.erasure import rewrite
from wetread.storage.erasure_rows import ErasureRows, rewritten_tables
from wetread.storage.foreign_step_rows import ForeignStepRows
from wetread.storage.hold_rows import HoldRows
from wetread.storage.identity_rows import IdentityRows
from wetread.storage.jobs import JobRows
from wetread.storage.pages import PageRows
from wetread.storage.policies import PolicyRows
from wetread.storage.quality import QualityRows
from wetread.storage.reading_rows import ReadingRows
from wetread.storage.relabel_rows import RelabelRows
from wetread.storage.reports import ReportRows
from wetread.storage.request_rows import RequestRows
from wetread.storage.results import ResultRows
from wetread.storage.rollouts import RolloutRows
from wetread.storage.studies import StudyRows
from wetread.storage.task_rows import TaskRows
from wetread.storage.transaction import Row, audit_record
from wetread.storage.upkeep_rows import UpkeepRows
from wetread.storage.watch_rows import WatchRows
from wetread.storage.workitem_rows import WorkitemRows

__all__ = ["SqlDatabase", "SqlUnitOfWork"]

_SEQUENCE = select(schema.audit_head.c.sequence)
_AUDIT_FROM = (
    select(schema.audit)
    .where(schema.audit.c.sequence >= bindparam("start"))
    .order_by(schema.audit.c.sequence)
    .limit(1000)  # a page: readers of a long log neither fill the memory nor hold a transaction open
)
_COUNT_STUDIES = select(schema.studies.c.state, func.count()).group_by(schema.studies.c.state)


class SqlUnitOfWork(
    StudyRows,
    ResultRows,
    ReportRows,
    JobRows,
    AccountRows,
    CriticalRows,
    PageRows,
    PolicyRows,
    AccessRows,
    IdentityRows,
    AlarmRows,
    WatchRows,
    RolloutRows,
    RelabelRows,
    QualityRows,
    ReadingRows,
    HoldRows,
    CommitmentRows,
    AuditExportRows,
    RequestRows,
    TaskRows,
    WorkitemRows,
    ArchiveRows,
    ForeignStepRows,
    ErasureRows,
    UpkeepRows,
):
    """Everything one transaction may read and write."""


class SqlDatabase:
    """`url` is `sqlite:///path` or `postgresql://...`; the schema must be there (`storage.migrate`). Safe to share between threads, not across a fork.

    `announce` is told of jobs that a commit made claimable, after it and outside of every lock (`ports.dispatcher`).
    """

    def __init__(self, url: str, announce: Callable[[Sequence[Wake]], None] = lambda _: None) -> None:
        self._announce = announce
        engine = make_engine(url)
        self._engine = engine
        self._on_sqlite = engine.dialect.name == "sqlite"
        self._reading = engine
        if not self._on_sqlite:
            self._reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._turn = Lock()

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def begin(self, *, write: bool = True) -> Iterator[SqlUnitOfWork]:
        with ExitStack() as held:
            if write:
                held.enter_context(self._in_turn())
            with translated():
                connection = held.enter_context((self._engine if write else self._reading).connect())
            yield (unit := SqlUnitOfWork(connection, write=write))
        if unit.committed and unit.due:
            self._announce(unit.due)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """On SQLite our own threads queue here: its busy handler sleeps and lets the unlucky starve."""
        if not self._on_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_S):
            raise TransientError("the database is busy: try again", code="database_busy")
        try:
            yield
        finally:
            self._turn.release()

    def claim_job(self, kinds: frozenset[JobKind], *, now: datetime, lease_s: float) -> Job | None:
        due = {"kinds": sorted(kinds), **jobs.claim_until(now, lease_s)}
        with self._in_turn(), writing(self._engine) as connection:
            row = connection.execute(jobs.CLAIM, due).one_or_none()
        return None if row is None else jobs.job_of(row)

    def renew_lease(self, job: Job, *, now: datetime, lease_s: float) -> bool:
        return self._change(jobs.HELD, {**jobs.holder(job), **jobs.leased_until(now, lease_s)})

    def retry_job(self, job: Job, *, not_before: datetime, reason: str) -> None:
        ready = {"state": JobState.READY.value, "due_at": not_before, "reason": reason}
        self._change(jobs.HELD, {**jobs.holder(job), **ready})

    def bury_job(self, job: Job, *, reason: str) -> None:
        dead = {"state": JobState.DEAD.value, "due_at": None, "reason": reason}
        self._change(jobs.HELD, {**jobs.holder(job), **dead})

    def claim_page(self, *, now: datetime, lease_s: float) -> Page | None:
        with self._in_turn(), writing(self._engine) as connection:
            row = connection.execute(pages.CLAIM_PAGE, pages.claim_until(now, lease_s)).one_or_none()
        return None if row is None else pages.page_of(row)

    def _change(self, statement: Executable, parameters: Row) -> bool:
        """One statement, one transaction; True when it changed a row."""
        with self._in_turn(), writing(self._engine) as connection:
            return connection.execute(statement, parameters).rowcount == 1

    def _rows(self, statement: Executable, parameters: Row | None = None) -> list[Any]:
        with translated(), self._reading.connect() as connection:
            return list(connection.execute(statement, parameters))

    def jobs(self, state: JobState, limit: int = 100) -> tuple[tuple[Job, str], ...]:
        rows = self._rows(jobs.LIST, {"of": state.value, "most": limit})
        return tuple((jobs.job_of(row), row.reason) for row in rows)

    def count_jobs(self) -> JobCounts:
        return {(JobKind(kind), JobState(state)): n for kind, state, n in self._rows(jobs.COUNT)}

    def count_studies(self) -> dict[StudyState, int]:
        return {StudyState(state): n for state, n in self._rows(_COUNT_STUDIES)}

    def audit_records(self, *, start: int = 1) -> Iterator[AuditRecord]:
        while page := self._rows(_AUDIT_FROM, {"start": start}):
            yield from map(audit_record, page)
            start = page[-1].sequence + 1

    def search_audit(self, query: AuditQuery) -> tuple[AuditRecord, ...]:
        return tuple(map(audit_record, self._rows(audit_statement(query))))

    def change_token(self) -> int:
        return int(self._rows(_SEQUENCE)[0].sequence)

    def rewrite(self) -> None:
        with self._in_turn():
            rewrite(self._engine, rewritten_tables())
