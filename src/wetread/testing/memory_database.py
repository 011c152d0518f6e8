"""The working database in memory: whole-state copies make its transactions as honest as those of the real ones."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import Lock
from typing import TypeVar

from wetread.domain.acting_from import located
from wetread.domain.analysis import Analysis
from wetread.domain.audit import GENESIS, AuditEvent, AuditQuery, AuditRecord, record_hash
from wetread.domain.delivery import Delivery, DeliveryState
from wetread.domain.errors import PermanentError, StaleVersion, StudyNotFound, TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import studies_of
from wetread.domain.job import Job, JobKind, JobRequest, JobState, is_due
from wetread.domain.page import Page
from wetread.domain.priority import TriageDecision
from wetread.domain.report import REPORTED, Draft, Report, ReportStatus
from wetread.domain.study import Instance, Study
from wetread.domain.study_state import StudyState
from wetread.ports.database import Account, AdmissionOutcome, JobCounts, Session, WorklistOrder
from wetread.testing.memory_access import MemoryAccessStore
from wetread.testing.memory_archive_store import MemoryArchiveStore
from wetread.testing.memory_audit_exports import MemoryAuditExportStore
from wetread.testing.memory_commitments import MemoryCommitmentStore
from wetread.testing.memory_critical import MemoryCriticalStore, claim_page
from wetread.testing.memory_erasure import MemoryErasureStore
from wetread.testing.memory_holds import MemoryHoldStore
from wetread.testing.memory_identity import MemoryIdentityStore
from wetread.testing.memory_policies import MemoryPolicyStore
from wetread.testing.memory_quality import MemoryQualityStore
from wetread.testing.memory_reading import MemoryReadingStore
from wetread.testing.memory_relabel import MemoryRelabelStore
from wetread.testing.memory_requests import MemoryRequestStore
from wetread.testing.memory_rollouts import MemoryRolloutStore
from wetread.testing.memory_state import EPOCH, JobRow, MemoryState
from wetread.testing.memory_tasks import MemoryTaskStore
from wetread.testing.memory_upkeep import MemoryUpkeepStore
from wetread.testing.memory_watch import MemoryWatchStore
from wetread.testing.memory_workitems import MemoryWorkitemStore

__all__ = ["MemoryDatabase", "MemoryUnitOfWork"]

T = TypeVar("T")


class MemoryUnitOfWork(
    MemoryCriticalStore,
    MemoryRolloutStore,
    MemoryWatchStore,
    MemoryRelabelStore,
    MemoryQualityStore,
    MemoryReadingStore,
    MemoryHoldStore,
    MemoryCommitmentStore,
    MemoryAuditExportStore,
    MemoryPolicyStore,
    MemoryAccessStore,
    MemoryIdentityStore,
    MemoryRequestStore,
    MemoryTaskStore,
    MemoryWorkitemStore,
    MemoryArchiveStore,
    MemoryErasureStore,
    MemoryUpkeepStore,
):
    """One transaction on a copy of the state."""

    def study(self, study_key: StudyKey) -> Study:
        study = self.find_study(study_key)
        if study is None:
            raise StudyNotFound("no such study: it was never admitted here, or the key is of another installation")
        return study

    def find_study(self, study_key: StudyKey) -> Study | None:
        return self._visible.studies.get(study_key)

    def find_studies(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, Study]:
        return {key: study for key in study_keys if (study := self.find_study(key))}

    def study_states(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, StudyState]:
        return {key: study.state for key in study_keys if (study := self.find_study(key))}

    def sites_of(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, str]:
        return {key: study.traits.site for key in study_keys if (study := self.find_study(key))}

    def save_study(self, study: Study) -> None:
        self._changing.studies[study.study_key] = study

    def save_studies(self, studies: Sequence[Study]) -> None:
        for each in studies:
            self.save_study(each)

    def worklist(
        self, *, states: frozenset[StudyState] | None = None, limit: int = 500, by: WorklistOrder = "urgency"
    ) -> tuple[Study, ...]:
        states = frozenset(StudyState) - {StudyState.FETCHED} if states is None else states
        wanted = [each for each in self._visible.studies.values() if each.state in states]
        wanted.sort(key=lambda each: (each.received_at, each.study_key), reverse=by == "newest")
        if by == "urgency":
            wanted.sort(key=lambda each: (not each.critical, -each.priority.rank))
        return tuple(wanted[:limit])

    def studies(
        self, *, since: datetime | None = None, older_than: Study | None = None, limit: int = 500
    ) -> tuple[Study, ...]:
        def arrival(study: Study) -> tuple[datetime, StudyKey]:
            return study.received_at, study.study_key

        ours = [each for each in self._visible.studies.values() if each.state is not StudyState.FETCHED]
        held = [each for each in ours if since is None or each.received_at >= since]
        older = [each for each in held if older_than is None or arrival(each) < arrival(older_than)]
        return tuple(sorted(older, key=arrival, reverse=True)[:limit])

    def admit_instance(self, instance: Instance) -> AdmissionOutcome:
        held = self._changing.instances.setdefault(instance.instance_key, instance)
        same = "duplicate" if held.content_sha256 == instance.content_sha256 else "conflict"
        return AdmissionOutcome(instance.instance_key, "stored" if held is instance else same)

    def admit_instances(self, instances: Sequence[Instance]) -> list[AdmissionOutcome]:
        return [self.admit_instance(each) for each in instances]

    def last_arrivals(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, datetime]:
        return {key: mine[-1].received_at for key in study_keys if (mine := self.instances(key))}

    def instances(self, study_key: StudyKey) -> tuple[Instance, ...]:
        mine = [each for each in self._visible.instances.values() if each.study_key == study_key]
        return tuple(sorted(mine, key=lambda each: (each.received_at, each.instance_key)))

    def instances_after(self, instance_key: str, limit: int = 500) -> tuple[Instance, ...]:
        later = (each for key, each in self._visible.instances.items() if key > instance_key)
        return tuple(sorted(later, key=lambda each: each.instance_key)[:limit])

    def received_bytes(self, since: datetime) -> int:
        came = {key for key, study in self._visible.studies.items() if study.received_at >= since}
        return sum(each.size_bytes for each in self._visible.instances.values() if each.study_key in came)

    def views_of(self, study_keys: Sequence[StudyKey]) -> dict[StudyKey, tuple[tuple[str, str], ...]]:
        held = {key: [each.traits for each in self.instances(key)] for key in study_keys}
        return {
            key: tuple(sorted({(each.modality, each.view_position) for each in traits}))
            for key, traits in held.items()
            if traits
        }

    def save_analysis(self, study_key: StudyKey, revision: int, analysis: Analysis) -> None:
        self._changing.analyses[study_key, revision] = analysis

    def analysis(self, study_key: StudyKey) -> Analysis | None:
        return _newest(self._visible.analyses, study_key)

    def save_decision(self, study_key: StudyKey, revision: int, decision: TriageDecision) -> None:
        self._changing.decisions[study_key, revision] = decision

    def decision(self, study_key: StudyKey) -> TriageDecision | None:
        return _newest(self._visible.decisions, study_key)

    def decisions_of(self, study_keys: Sequence[StudyKey]) -> dict[StudyKey, TriageDecision]:
        found = {key: self.decision(key) for key in study_keys}
        return {key: decision for key, decision in found.items() if decision}

    def save_draft(self, study_key: StudyKey, revision: int, draft: Draft) -> None:
        self._changing.drafts[study_key, revision] = draft

    def draft(self, study_key: StudyKey) -> Draft | None:
        return _newest(self._visible.drafts, study_key)

    def save_report(self, report: Report, *, expected_etag: int | None) -> Report:
        reports = self._changing.reports
        held = reports.get((report.study_key, report.version))
        if (held.etag if held else None) != expected_etag:
            raise StaleVersion("somebody else changed the report first: load it again")
        if held and held.signature:
            raise PermanentError("this version is signed: amend it with a new version", code="report_signed")
        saved = replace(report, etag=(expected_etag or 0) + 1)
        reports[report.study_key, report.version] = saved
        return saved

    def report(self, study_key: StudyKey, version: int | None = None) -> Report | None:
        if version is None:
            return _newest(self._visible.reports, study_key)
        return self._visible.reports.get((study_key, version))

    def reports(self, study_key: StudyKey) -> tuple[Report, ...]:
        mine = [each for each in self._visible.reports.values() if each.study_key == study_key]
        return tuple(sorted(mine, key=lambda each: each.version))

    def awaiting_cosignature(self) -> tuple[StudyKey, ...]:
        reading = (key for key, each in self._visible.studies.items() if each.state is StudyState.IN_READING)
        newest = {key: self.report(key) for key in reading}
        return tuple(sorted(key for key, each in newest.items() if each and each.status is ReportStatus.PRELIMINARY))

    def signed_studies(self, *, after: StudyKey | None = None, limit: int = 500) -> tuple[StudyKey, ...]:
        keys = {each.study_key for each in self._visible.reports.values() if each.status in REPORTED}
        return tuple(sorted(each for each in keys if after is None or each > after)[:limit])

    def enqueue(self, request: JobRequest) -> bool:
        state = self._changing
        held = state.jobs.get(request.dedupe_key)
        if held is None:
            state.put_job(JobRow.of(1 + max((each.job.job_id for each in state.jobs.values()), default=0), request))
            return True
        if held.state is JobState.READY and request.not_before and held.due_at:
            state.put_job(replace(held, due_at=max(held.due_at, request.not_before)))
        return False

    def complete_job(self, job: Job) -> None:
        held = self._changing.find_job(job.job_id)
        if held is None or not held.held_by(job):
            raise self._refuse(TransientError("the lease was lost: another worker has this job", code="lease_lost"))
        self._changing.put_job(replace(held, state=JobState.DONE, due_at=None))

    def revive_job(self, job_id: int) -> Job | None:
        held = self._changing.find_job(job_id)
        if held is None or held.state is not JobState.DEAD:
            return None
        job = replace(held.job, attempt=0)
        self._changing.put_job(replace(held, job=job, state=JobState.READY, due_at=EPOCH))
        return job

    def save_delivery(self, delivery: Delivery) -> None:
        key = (delivery.study_key, delivery.report_version, delivery.sink)
        held = self._changing.deliveries.get(key)
        if held is None or held.state is not DeliveryState.ACKNOWLEDGED:
            self._changing.deliveries[key] = delivery

    def deliveries(self, study_key: StudyKey) -> tuple[Delivery, ...]:
        mine = [each for each in self._visible.deliveries.values() if each.study_key == study_key]
        return tuple(sorted(mine, key=lambda each: (each.report_version, each.sink)))

    def audit(self, event: AuditEvent, now: datetime) -> AuditRecord:
        if now.tzinfo is None:
            raise ValueError("a time without a zone is not a time")
        event = located(event)
        log, recorded_at = self._changing.audit, now.astimezone(UTC)
        sequence, previous = len(log) + 1, log[len(log)].hash if log else GENESIS
        record = AuditRecord(
            sequence, recorded_at, event, previous, record_hash(sequence, recorded_at, event, previous)
        )
        log[sequence] = record
        return record

    def save_account(self, account: Account) -> None:
        self._changing.accounts[account.actor.actor_id] = account

    def account(self, actor_id: str) -> Account | None:
        return self._visible.accounts.get(actor_id)

    def accounts(self) -> tuple[Account, ...]:
        return tuple(sorted(self._visible.accounts.values(), key=lambda each: each.actor.actor_id))

    def save_session(self, session: Session) -> None:
        self._changing.sessions[session.token_sha256] = session

    def session(self, token_sha256: str) -> Session | None:
        return self._visible.sessions.get(token_sha256)

    def sessions(self) -> tuple[Session, ...]:
        return tuple(sorted(self._visible.sessions.values(), key=lambda each: (each.actor_id, each.expires_at)))

    def sessions_of(self, actor_id: str) -> tuple[Session, ...]:
        return tuple(each for each in self.sessions() if each.actor_id == actor_id)

    def preference(self, actor_id: str, name: str) -> str:
        return self._visible.preferences.get((actor_id, name), "")

    def save_preference(self, actor_id: str, name: str, body: str) -> None:
        self._changing.preferences[actor_id, name] = body


class MemoryDatabase:
    """`ports.database.Database` for tests: writers one after another, readers on the last committed state."""

    def __init__(self) -> None:
        self.state = MemoryState()
        self._turn = Lock()

    @contextmanager
    def begin(self, *, write: bool = True) -> Iterator[MemoryUnitOfWork]:
        if not write:
            yield MemoryUnitOfWork(self, write=False)
            return
        if not self._turn.acquire(timeout=10):
            raise TransientError("the database is busy: try again", code="database_busy")
        try:
            yield MemoryUnitOfWork(self, write=True)
        finally:
            self._turn.release()

    @contextmanager
    def _changing(self) -> Iterator[MemoryState]:
        with self._turn:
            state = self.state.copy()
            yield state
            self.state = state

    def claim_job(self, kinds: frozenset[JobKind], *, now: datetime, lease_s: float) -> Job | None:
        with self._changing() as state:
            due = [
                each for each in state.jobs.values() if each.job.kind in kinds and is_due(each.state, each.due_at, now)
            ]
            if not due:
                return None
            first = min(due, key=lambda each: (-each.priority, each.job.job_id))
            leased = first.leased(now + timedelta(seconds=lease_s), attempt=first.job.attempt + 1)
            state.put_job(leased)
            return leased.job

    def renew_lease(self, job: Job, *, now: datetime, lease_s: float) -> bool:
        with self._changing() as state:
            held = state.find_job(job.job_id)
            if held is None or not held.held_by(job):
                return False
            state.put_job(held.leased(now + timedelta(seconds=lease_s), attempt=job.attempt))
            return True

    def retry_job(self, job: Job, *, not_before: datetime, reason: str) -> None:
        self._end_lease(job, JobState.READY, not_before, reason)

    def bury_job(self, job: Job, *, reason: str) -> None:
        self._end_lease(job, JobState.DEAD, None, reason)

    def _end_lease(self, job: Job, to: JobState, due_at: datetime | None, reason: str) -> None:
        with self._changing() as state:
            held = state.find_job(job.job_id)
            if held and held.held_by(job):
                state.put_job(replace(held, state=to, due_at=due_at, reason=reason))

    def claim_page(self, *, now: datetime, lease_s: float) -> Page | None:
        with self._changing() as state:
            return claim_page(state, now, lease_s)

    def jobs(self, state: JobState, limit: int = 100) -> tuple[tuple[Job, str], ...]:
        rows = sorted(self.state.jobs.values(), key=lambda each: each.job.job_id)
        return tuple((each.job, each.reason) for each in rows if each.state is state)[:limit]

    def count_jobs(self) -> JobCounts:
        return dict(Counter((each.job.kind, each.state) for each in self.state.jobs.values()))

    def count_studies(self) -> dict[StudyState, int]:
        return dict(Counter(each.state for each in self.state.studies.values()))

    def audit_records(self, *, start: int = 1) -> Iterator[AuditRecord]:
        return (record for sequence, record in self.state.audit.items() if sequence >= start)

    def search_audit(self, query: AuditQuery) -> tuple[AuditRecord, ...]:
        newest_first = (record for _, record in sorted(self.state.audit.items(), reverse=True))
        return tuple(islice((each for each in newest_first if _is_wanted(each, query)), query.limit))

    def change_token(self) -> int:
        return len(self.state.audit)

    def rewrite(self) -> None:
        """There is nothing to rewrite."""


def _is_wanted(record: AuditRecord, query: AuditQuery) -> bool:
    event = record.event
    return (
        query.actor_id in ("", event.actor_id)
        and (not query.study_key or query.study_key in studies_of(event))
        and event.action.startswith(query.action)
        and query.address in ("", event.address)
        and (query.since is None or record.recorded_at >= query.since)
        and (query.until is None or record.recorded_at < query.until)
        and (query.before is None or record.sequence < query.before)
        and record.sequence > query.after
    )


def _newest(table: Mapping[tuple[StudyKey, int], T], study_key: StudyKey) -> T | None:
    mine = [key for key in table if key[0] == study_key]
    return table[max(mine)] if mine else None
