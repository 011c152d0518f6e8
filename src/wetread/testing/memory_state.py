"""What the in-memory database holds, and the rules that its tables keep."""

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime

from wetread.domain.alarm import Alarm
from wetread.domain.analysis import Analysis
from wetread.domain.archive_feed import ArchiveProbe, FeedState, FetchedCopy, PriorSearch, PutAside
from wetread.domain.asked_task import AskedTask
from wetread.domain.audit import AuditRecord
from wetread.domain.audit_export import AuditExport
from wetread.domain.commitment import Commitment, OwedReport
from wetread.domain.critical import CriticalResult
from wetread.domain.delivery import Delivery
from wetread.domain.emergency import EmergencyAccess
from wetread.domain.erasure import Erasure, Tombstone
from wetread.domain.errors import PermanentError
from wetread.domain.foreign_step import ForeignStep
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.identity_hold import IdentityHold
from wetread.domain.job import Job, JobRequest, JobState
from wetread.domain.late_images import LateImages
from wetread.domain.legal_hold import LegalHold
from wetread.domain.mark import ReaderMarks
from wetread.domain.model_version import ModelVersion
from wetread.domain.page import Page
from wetread.domain.policy_version import PolicyVersion
from wetread.domain.priority import TriageDecision
from wetread.domain.quality import QualityReference, QualityReport
from wetread.domain.read_request import ReadRequest
from wetread.domain.reading import ReaderProfile, ReadingRecord
from wetread.domain.relabelling import RelabelRound, RelabelTask
from wetread.domain.reliability import Reliability
from wetread.domain.report import Draft, Report
from wetread.domain.rollout import Rollout, RolloutDecision, ShadowRead
from wetread.domain.roster import RosterOverride
from wetread.domain.second_factor import SecondFactor
from wetread.domain.study import Instance, Study
from wetread.domain.study_lock import RecoveryCopy, StudyLock
from wetread.domain.upkeep import DoorCounts, FilmScrub
from wetread.domain.workitem import Subscription, Workitem, WorkitemEvent
from wetread.ports.database import Account, Session
from wetread.ports.identity_store import Confirmation, ExternalIdentity, ExternalSession, FailedSignIns, TokenLimit

__all__ = ["EPOCH", "JobRow", "MemoryState"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job with its place in life; `due_at` is None once it is over."""

    job: Job
    priority: int
    state: JobState
    due_at: datetime | None
    reason: str = ""

    @staticmethod
    def of(job_id: int, request: JobRequest) -> "JobRow":
        job = Job(job_id, request.kind, request.study_key, request.dedupe_key, 0, EPOCH, request.detail)
        return JobRow(job, request.priority, JobState.READY, request.not_before or EPOCH)

    def leased(self, lease_until: datetime, *, attempt: int) -> "JobRow":
        job = replace(self.job, attempt=attempt, lease_until=lease_until)
        return replace(self, job=job, state=JobState.LEASED, due_at=lease_until)

    def held_by(self, job: Job) -> bool:
        return self.state is JobState.LEASED and self.job.attempt == job.attempt


@dataclass(slots=True)
class MemoryState:
    """All tables as dicts of immutable rows: copying the dicts copies the database."""

    studies: dict[StudyKey, Study] = field(default_factory=dict)
    instances: dict[InstanceKey, Instance] = field(default_factory=dict)
    analyses: dict[tuple[StudyKey, int], Analysis] = field(default_factory=dict)
    decisions: dict[tuple[StudyKey, int], TriageDecision] = field(default_factory=dict)
    drafts: dict[tuple[StudyKey, int], Draft] = field(default_factory=dict)
    reports: dict[tuple[StudyKey, int], Report] = field(default_factory=dict)
    jobs: dict[str, JobRow] = field(default_factory=dict)
    deliveries: dict[tuple[StudyKey, int, str], Delivery] = field(default_factory=dict)
    audit: dict[int, AuditRecord] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    second_factors: dict[str, SecondFactor] = field(default_factory=dict)
    emergencies: dict[int, EmergencyAccess] = field(default_factory=dict)
    external_identities: dict[tuple[str, str], ExternalIdentity] = field(default_factory=dict)
    external_sessions: dict[str, ExternalSession] = field(default_factory=dict)
    confirmations: dict[str, Confirmation] = field(default_factory=dict)
    used_once: dict[str, datetime] = field(default_factory=dict)
    failed_sign_ins: dict[tuple[str, str], FailedSignIns] = field(default_factory=dict)
    token_limits: dict[str, TokenLimit] = field(default_factory=dict)
    criticals: dict[str, CriticalResult] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    alarms: dict[str, Alarm] = field(default_factory=dict)
    overrides: dict[str, RosterOverride] = field(default_factory=dict)
    film_scrubs: dict[str, FilmScrub] = field(default_factory=dict)
    door_counts: dict[str, DoorCounts] = field(default_factory=dict)
    beats: dict[str, datetime] = field(default_factory=dict)
    versions: dict[str, ModelVersion] = field(default_factory=dict)
    rollouts: dict[tuple[str, str], Rollout] = field(default_factory=dict)
    rollout_decisions: dict[tuple[str, str, int], RolloutDecision] = field(default_factory=dict)
    shadow_reads: dict[tuple[StudyKey, int, str], ShadowRead] = field(default_factory=dict)
    relabel_rounds: dict[str, RelabelRound] = field(default_factory=dict)
    relabel_tasks: dict[tuple[str, StudyKey], RelabelTask] = field(default_factory=dict)
    seen_incidents: dict[tuple[str, str], datetime] = field(default_factory=dict)
    quality_reports: dict[str, QualityReport] = field(default_factory=dict)
    quality_references: dict[str, QualityReference] = field(default_factory=dict)
    reliabilities: dict[str, Reliability] = field(default_factory=dict)
    readings: dict[tuple[StudyKey, str], ReadingRecord] = field(default_factory=dict)
    profiles: dict[str, ReaderProfile] = field(default_factory=dict)
    locks: dict[StudyKey, StudyLock] = field(default_factory=dict)
    recoveries: dict[tuple[StudyKey, str], RecoveryCopy] = field(default_factory=dict)
    marks: dict[tuple[StudyKey, str, int], ReaderMarks] = field(default_factory=dict)
    policies: dict[int, PolicyVersion] = field(default_factory=dict)
    preferences: dict[tuple[str, str], str] = field(default_factory=dict)
    holds: dict[str, IdentityHold] = field(default_factory=dict)
    requests: dict[str, ReadRequest] = field(default_factory=dict)
    asked_tasks: dict[str, AskedTask] = field(default_factory=dict)
    commitments: dict[str, Commitment] = field(default_factory=dict)
    owed_reports: dict[str, OwedReport] = field(default_factory=dict)
    audit_exports: dict[str, AuditExport] = field(default_factory=dict)
    news_cursors: dict[str, datetime] = field(default_factory=dict)
    workitems: dict[str, Workitem] = field(default_factory=dict)
    subscriptions: dict[tuple[str, str], Subscription] = field(default_factory=dict)
    foreign_steps: dict[str, ForeignStep] = field(default_factory=dict)
    workitem_events: dict[tuple[int, int], WorkitemEvent] = field(default_factory=dict)
    feeds: dict[str, FeedState] = field(default_factory=dict)
    asides: dict[tuple[str, str], PutAside] = field(default_factory=dict)
    probes: dict[str, ArchiveProbe] = field(default_factory=dict)
    copies: dict[StudyKey, FetchedCopy] = field(default_factory=dict)
    prior_searches: dict[StudyKey, PriorSearch] = field(default_factory=dict)
    late: dict[StudyKey, LateImages] = field(default_factory=dict)
    erasures: dict[int, Erasure] = field(default_factory=dict)
    legal_holds: dict[int, LegalHold] = field(default_factory=dict)
    tombstones: dict[StudyKey, Tombstone] = field(default_factory=dict)

    def copy(self) -> "MemoryState":
        return MemoryState(*(dict(getattr(self, each.name)) for each in fields(self)))

    def check(self) -> None:
        """Every row that names a study has it; raises PermanentError as a foreign key would."""
        by_study = (self.analyses, self.decisions, self.drafts, self.reports, self.deliveries)
        named = {key[0] for table in by_study for key in table}
        named |= {row.job.study_key for row in self.jobs.values()} | {row.study_key for row in self.instances.values()}
        named |= {row.study_key for row in self.criticals.values()} | {key[0] for key in self.shadow_reads}
        named |= {key for _, key in self.relabel_tasks} | self.locks.keys()
        named |= {row.study_key for row in self.holds.values()}
        named |= self.copies.keys() | self.prior_searches.keys() | self.late.keys()
        named |= {key for key, _ in self.readings} | {key for key, _ in self.recoveries}
        named |= {key for key, _, _ in self.marks}
        named |= {row.study_key for row in self.pages.values() if row.study_key is not None}
        if named - self.studies.keys():
            raise PermanentError("the database refused: a row names a study that is not there", code="database_refused")

    def find_job(self, job_id: int) -> JobRow | None:
        return next((row for row in self.jobs.values() if row.job.job_id == job_id), None)

    def put_job(self, row: JobRow) -> None:
        self.jobs[row.job.dedupe_key] = row
