"""The working database: state change, audit record and next job commit together (law 2).

Knows study keys only; a raw UID, name or date never enters it.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from wetread.domain.analysis import Analysis
from wetread.domain.audit import AuditEvent, AuditQuery, AuditRecord
from wetread.domain.delivery import Delivery
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.job import Job, JobKind, JobRequest, JobState
from wetread.domain.page import Page
from wetread.domain.priority import TriageDecision
from wetread.domain.report import Draft, Report
from wetread.domain.role import Actor
from wetread.domain.study import Instance, Study
from wetread.domain.study_state import StudyState
from wetread.ports.access_store import AccessStore
from wetread.ports.archive_store import ArchiveStore
from wetread.ports.audit_export_store import AuditExportStore
from wetread.ports.commitment_store import CommitmentStore
from wetread.ports.critical_store import CriticalStore
from wetread.ports.erasure_store import ErasureStore
from wetread.ports.foreign_step_store import ForeignStepStore
from wetread.ports.hold_store import HoldStore
from wetread.ports.identity_store import IdentityStore
from wetread.ports.policy_store import PolicyStore
from wetread.ports.quality_store import QualityStore
from wetread.ports.reading_store import ReadingStore
from wetread.ports.relabel_store import RelabelStore
from wetread.ports.request_store import RequestStore
from wetread.ports.rollout_store import RolloutStore
from wetread.ports.task_store import TaskStore
from wetread.ports.upkeep_store import UpkeepStore
from wetread.ports.watch_store import WatchStore
from wetread.ports.workitem_store import WorkitemStore

__all__ = ["Account", "AdmissionOutcome", "Database", "JobCounts", "Session", "UnitOfWork", "WorklistOrder"]

WorklistOrder = Literal["urgency", "oldest", "newest"]


@dataclass(frozen=True, slots=True)
class AdmissionOutcome:
    """What became of one instance: 'stored', 'duplicate' (same bytes, nothing new) or 'conflict' (same UID, other bytes: the first is kept)."""

    instance_key: InstanceKey
    outcome: str


@dataclass(frozen=True, slots=True)
class Account:
    """A person's or service's account. Secrets are stored as Argon2id hashes, never as themselves."""

    actor: Actor
    password_hash: str
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser or token: `token_sha256` is all we keep of the secret. `begun_at`, `address` and `client` (the browser's name) are for its owner, who asks where they are signed in."""

    token_sha256: str
    actor_id: str
    expires_at: datetime
    begun_at: datetime | None = None
    address: str = ""
    client: str = ""


JobCounts = dict[tuple[JobKind, JobState], int]


class UnitOfWork(
    CriticalStore,
    RolloutStore,
    WatchStore,
    RelabelStore,
    QualityStore,
    ReadingStore,
    HoldStore,
    PolicyStore,
    AccessStore,
    IdentityStore,
    RequestStore,
    TaskStore,
    CommitmentStore,
    AuditExportStore,
    WorkitemStore,
    ArchiveStore,
    ForeignStepStore,
    ErasureStore,
    UpkeepStore,
    Protocol,
):
    """One transaction. Reads see it; nothing is visible outside before `commit`; leaving without it rolls back.

    Rows that name a study_key need that study, at the latest when the unit commits. After `commit` the unit is closed (PermanentError, 'unit_closed'); one that only reads
    refuses to write ('read_only').
    """

    def commit(self) -> None: ...

    # studies and instances
    def study(self, study_key: StudyKey) -> Study:
        """Raises StudyNotFound. In a writing unit of work nobody else can change it before the end."""
        ...

    def find_study(self, study_key: StudyKey) -> Study | None: ...
    def find_studies(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, Study]:
        """Those that are here."""
        ...

    def study_states(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, StudyState]:
        """Of those that are here."""
        ...

    def sites_of(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, str]:
        """Of those that are here."""
        ...

    def save_study(self, study: Study) -> None:
        """Insert or update by study_key."""
        ...

    def save_studies(self, studies: Sequence[Study]) -> None:
        """`save_study` for each, none of them twice."""
        ...

    def worklist(
        self, *, states: frozenset[StudyState] | None = None, limit: int = 500, by: WorklistOrder = "urgency"
    ) -> tuple[Study, ...]:
        """By urgency: critical, priority rank, then oldest received_at. Or the oldest, or the newest arrival first. Fetched copies only where `states` names them."""
        ...

    def studies(
        self, *, since: datetime | None = None, older_than: Study | None = None, limit: int = 500
    ) -> tuple[Study, ...]:
        """Newest arrival first, none before `since`; the page after another by its last study. Fetched copies are none of these."""
        ...

    def admit_instance(self, instance: Instance) -> AdmissionOutcome:
        """Insert by unique instance_key; a lost race is 'duplicate' or 'conflict', decided by content_sha256."""
        ...

    def admit_instances(self, instances: Sequence[Instance]) -> list[AdmissionOutcome]:
        """`admit_instance` for each, in order."""
        ...

    def last_arrivals(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, datetime]:
        """The latest `received_at` among the instances of each study that has some."""
        ...

    def instances(self, study_key: StudyKey) -> tuple[Instance, ...]: ...
    def instances_after(self, instance_key: str, limit: int = 500) -> tuple[Instance, ...]:
        """All that are here, of whatever study, by their keys; the page after another by its last key, the first by ""."""
        ...

    def received_bytes(self, since: datetime) -> int:
        """Of the films of all studies that came since."""
        ...

    def views_of(self, study_keys: Sequence[StudyKey]) -> dict[StudyKey, tuple[tuple[str, str], ...]]:
        """(modality, view position) of each study's instances, each pair once, in order."""
        ...

    # results; each save replaces what the same revision/version held
    def save_analysis(self, study_key: StudyKey, revision: int, analysis: Analysis) -> None: ...
    def analysis(self, study_key: StudyKey) -> Analysis | None:
        """The newest."""
        ...

    def save_decision(self, study_key: StudyKey, revision: int, decision: TriageDecision) -> None: ...
    def decision(self, study_key: StudyKey) -> TriageDecision | None: ...
    def decisions_of(self, study_keys: Sequence[StudyKey]) -> dict[StudyKey, TriageDecision]:
        """The newest decision of each study that has one."""
        ...

    def save_draft(self, study_key: StudyKey, revision: int, draft: Draft) -> None: ...
    def draft(self, study_key: StudyKey) -> Draft | None: ...

    def save_report(self, report: Report, *, expected_etag: int | None) -> Report:
        """Insert (expected_etag None) or update; returns it with its new etag. Raises StaleVersion. A version that carries a signature is never updated (PermanentError,
        'report_signed')."""
        ...

    def report(self, study_key: StudyKey, version: int | None = None) -> Report | None:
        """That version, or the newest."""
        ...

    def reports(self, study_key: StudyKey) -> tuple[Report, ...]: ...
    def awaiting_cosignature(self) -> tuple[StudyKey, ...]:
        """Studies in reading whose newest version is preliminary: a resident signed, and no radiologist has begun to; by study key."""
        ...

    def signed_studies(self, *, after: StudyKey | None = None, limit: int = 500) -> tuple[StudyKey, ...]:
        """Studies with a final or amended version, in order of their keys, from the one behind `after` on."""
        ...

    # jobs
    def enqueue(self, request: JobRequest) -> bool:
        """False when a job with this dedupe_key exists already (then, while it is READY, its not_before moves to the later time)."""
        ...

    def complete_job(self, job: Job) -> None:
        """Raises TransientError(code='lease_lost') when `attempt` is not the current one: then nothing of this transaction may be committed."""
        ...

    def revive_job(self, job_id: int) -> Job | None:
        """Put a dead job back (attempts start again); None when it is not dead."""
        ...

    # deliveries
    def save_delivery(self, delivery: Delivery) -> None:
        """Insert or update by study, version and sink; one that was acknowledged stays as it is."""
        ...

    def deliveries(self, study_key: StudyKey) -> tuple[Delivery, ...]: ...

    # audit
    def audit(self, event: AuditEvent, now: datetime) -> AuditRecord:
        """Append to the chain inside this transaction."""
        ...

    # accounts
    def save_account(self, account: Account) -> None: ...
    def account(self, actor_id: str) -> Account | None: ...
    def accounts(self) -> tuple[Account, ...]: ...
    def save_session(self, session: Session) -> None: ...
    def session(self, token_sha256: str) -> Session | None: ...
    def end_session(self, token_sha256: str) -> None: ...
    def sessions(self) -> tuple[Session, ...]:
        """All that are kept, by actor and expiry."""
        ...

    def sessions_of(self, actor_id: str) -> tuple[Session, ...]:
        """Those of one account, by expiry."""
        ...

    # what a person arranged for their own screens
    def preference(self, actor_id: str, name: str) -> str:
        """As it was saved, or ""."""
        ...

    def save_preference(self, actor_id: str, name: str, body: str) -> None: ...


class Database(Protocol):
    def begin(self, *, write: bool = True) -> AbstractContextManager[UnitOfWork]:
        """A transaction. `write=True` takes the write lock at once (SQLite BEGIN IMMEDIATE, PostgreSQL the head of the audit chain), so a decision never rests on a stale read
        and writers follow one another: keep the unit short, and never begin one inside another."""
        ...

    def claim_job(self, kinds: frozenset[JobKind], *, now: datetime, lease_s: float) -> Job | None:
        """Lease the most urgent READY job whose time has come, or one whose lease ran out (priority, then age). Own transaction, never the same job twice at once."""
        ...

    def renew_lease(self, job: Job, *, now: datetime, lease_s: float) -> bool:
        """Heartbeat; False when the lease was lost."""
        ...

    def retry_job(self, job: Job, *, not_before: datetime, reason: str) -> None:
        """Back to READY, claimable from `not_before`. Changes nothing when the lease was lost: the job has another holder."""
        ...

    def bury_job(self, job: Job, *, reason: str) -> None:
        """Dead letter, with the reason (PHI-free). Changes nothing when the lease was lost."""
        ...

    def claim_page(self, *, now: datetime, lease_s: float) -> Page | None:
        """Lease the queued page that is due longest (critical ones before alarms), with its attempt counted. Own transaction, never the same page twice at once."""
        ...

    def jobs(self, state: JobState, limit: int = 100) -> tuple[tuple[Job, str], ...]:
        """Jobs in a state with their last reason."""
        ...

    def count_jobs(self) -> JobCounts: ...
    def count_studies(self) -> dict[StudyState, int]: ...
    def audit_records(self, *, start: int = 1) -> Iterator[AuditRecord]: ...
    def search_audit(self, query: AuditQuery) -> tuple[AuditRecord, ...]:
        """Newest first."""
        ...

    def change_token(self) -> int:
        """A number that grows whenever anything was audited: cheap polling for live views."""
        ...

    def rewrite(self) -> None:
        """So that no byte of what `erase_rows` removed remains in the files (ADR-0011). Raises TransientError where others hold the database: do it again."""
        ...
