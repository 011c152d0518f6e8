"""Writes a group of arrivals into the vault and the working database: instance rows, study state, audit and job in one commit (law 2).

The vault's commit lies inside the still open working transaction: a crash between the two leaves a vault row that the next sending finds again, never a working row
without an identity.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from wetread.domain.acting_from import acting_from
from wetread.domain.archive_feed import FetchedCopy
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey, instance_key, study_key
from wetread.domain.job import JobKind, JobRequest
from wetread.domain.late_images import arrived_late
from wetread.domain.study import Instance, InstanceHeader, PatientIdentity, Study
from wetread.domain.study_state import StudyState
from wetread.ingest.admission import is_collecting, new_study_traits, settle
from wetread.ingest.fault_points import reach
from wetread.ingest.returned import is_held_back, settle_returned
from wetread.ingest.same_dataset import holds_same_dataset
from wetread.ingest.suitability import SuitabilityPolicy, assess_header, is_own_result
from wetread.ingest.touched import Touched
from wetread.ports.clock import Clock
from wetread.ports.database import AdmissionOutcome, Database, UnitOfWork
from wetread.ports.file_store import FileStore, StoredFile
from wetread.ports.vault import Vault, VaultInstance

__all__ = ["FIRST_REVISION", "Arrived", "Entry", "Fetched", "IdentityCheck", "Register", "Turned", "no_check"]

FIRST_REVISION = 1


@dataclass(frozen=True, slots=True)
class Fetched:
    """From which archive an instance was fetched, to be compared with which study."""

    archive: str
    fetched_for: StudyKey


@dataclass(frozen=True, slots=True)
class Arrived:
    """An instance whose bytes are durable, with who sent it, and from which `address` ("": not by the network). `own`: we made it of this study's read, so there is nothing in it to read. `fetched`: it is there to be compared with, not to be read."""

    header: InstanceHeader
    stored: StoredFile
    sender: str
    own: bool = False
    fetched: Fetched | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Turned:
    """An instance that was turned away: nothing of it stays but this record."""

    event: AuditEvent


Entry = Arrived | Turned


IdentityCheck = Callable[[UnitOfWork, Sequence[tuple[StudyKey, PatientIdentity]], datetime], None]
"""Called with what a commit files, after the vault has it: is the film of whom the hospital says it is?"""


def no_check(unit: UnitOfWork, arrived: Sequence[tuple[StudyKey, PatientIdentity]], now: datetime) -> None:
    """Where no hospital system says anything."""


@dataclass(frozen=True, slots=True)
class Register:
    """`site_of` names the site an instance comes from; `asks`: what is asked elsewhere, once for each study that is admitted."""

    database: Database
    vault: Vault
    files: FileStore
    clock: Clock
    secret: bytes
    quiet_period_s: float
    policy: SuitabilityPolicy
    site_of: Callable[[InstanceHeader], str]
    check_identity: IdentityCheck = no_check
    asks: tuple[JobKind, ...] = ()

    def commit(self, entries: Sequence[Entry]) -> list[AdmissionOutcome | None]:
        """One durable transaction; raises and changes nothing when an entry cannot enter. A `Turned` is answered with None."""
        now = self.clock.now()
        arrived = [(each, self._instance(each, now)) for each in entries if isinstance(each, Arrived)]
        with self.database.begin() as unit:
            touched = Touched.read(unit, {instance.study_key for _, instance in arrived}, now)
            admissions = iter(self._admit(touched, arrived))
            outcomes: list[AdmissionOutcome | None] = []
            for entry in entries:
                if isinstance(entry, Arrived):
                    with acting_from(entry.address):
                        outcomes.append(self._enter(touched, next(admissions)))
                else:
                    unit.audit(entry.event, now)
                    outcomes.append(None)
            touched.write()
            if filed := list(touched.filed.values()):
                self.vault.admit(filed)
                self.check_identity(unit, _to_check(entries, filed), now)
            reach("before_commit")
            unit.commit()
            reach("after_commit")
        return outcomes

    def _admit(self, touched: Touched, arrived: Sequence[tuple[Arrived, Instance]]) -> "list[_Admission]":
        held_back = [
            is_held_back(touched.tombstones.get(instance.study_key), self.files, entry.stored)
            for entry, instance in arrived
        ]
        outcomes = touched.unit.admit_instances([instance for _, instance in arrived])
        together = zip(arrived, outcomes, held_back, strict=True)
        return [_Admission(entry, instance, outcome, held) for (entry, instance), outcome, held in together]

    def _enter(self, touched: Touched, admission: "_Admission") -> AdmissionOutcome:
        entry, instance, outcome = admission.entry, admission.instance, admission.outcome
        key = instance.instance_key
        if outcome.outcome == "conflict" and self._same_dataset(entry, touched.filed.get(key)):
            outcome = replace(outcome, outcome="duplicate")
        elif outcome.outcome != "conflict":
            touched.filed[key] = VaultInstance(key, instance.study_key, instance.content_sha256, entry.header)
        taken_up = outcome.outcome == "duplicate" and _was_only_fetched(touched, entry, instance)
        if (outcome.outcome == "stored" and not entry.own) or taken_up:
            self._settle(touched, entry, instance, held_back=admission.held_back)
        if outcome.outcome == "stored":
            touched.last_arrivals[instance.study_key] = touched.now
        touched.unit.audit(_stored_event(entry, instance, outcome), touched.now)
        return outcome

    def _same_dataset(self, entry: Arrived, first: VaultInstance | None) -> bool:
        """The same instance by another door differs in its file meta information only: that is no conflict."""
        header = entry.header
        uids = header.study_instance_uid, header.series_instance_uid, header.sop_instance_uid
        first = first or self.vault.unnamed.find_instance(*uids)
        if first is None or first.header.traits.transfer_syntax_uid != header.traits.transfer_syntax_uid:
            return False
        try:
            return holds_same_dataset(self.files.path_of(first.content_sha256), entry.stored.path)
        except PermanentError:  # the first bytes are lost: nothing to be the same as
            return False

    def _instance(self, entry: Arrived, now: datetime) -> Instance:
        header = entry.header
        return Instance(
            instance_key=instance_key(self.secret, header.sop_instance_uid),
            study_key=study_key(self.secret, header.study_instance_uid),
            content_sha256=entry.stored.sha256,
            size_bytes=entry.stored.size_bytes,
            traits=header.traits,
            received_at=now,
        )

    def _settle(self, touched: Touched, entry: Arrived, instance: Instance, *, held_back: bool) -> None:
        unit, now, key = touched.unit, touched.now, instance.study_key
        held = touched.studies.get(key)
        if held is not None and is_own_result(instance.traits):
            unit.audit(AuditEvent("study.own_result", entry.sender, study_key=key), now)
            return
        study = held or self._new_study(entry, instance, now)
        if study.state is StudyState.FETCHED and entry.fetched is None:
            study = replace(study, received_at=now)
            unit.forget_copy(key)
        collecting = study.state is StudyState.ADMITTED and is_collecting(
            touched.last_arrivals.get(key), now, self.quiet_period_s
        )
        suitability, to_compare = assess_header(instance.traits, self.policy), entry.fetched is not None
        settlement = (
            settle_returned(study)
            if held_back
            else settle(study, suitability, collecting=collecting, to_compare=to_compare)
        )
        touched.save(settlement.study)
        for action, outcome in settlement.acts:
            unit.audit(AuditEvent(action, entry.sender, outcome, key), now)
        if entry.fetched is not None and settlement.study.state is StudyState.FETCHED:
            unit.save_copy(FetchedCopy(key, entry.fetched.archive, entry.fetched.fetched_for, now))
        if settlement.late:
            self._came_late(touched, instance)
        if settlement.analyse:
            touched.enqueue(self._analysis_of(settlement.study, now))
            for kind in self.asks:
                touched.enqueue(JobRequest(kind, key, f"{kind.value}:{key}", settlement.study.priority.rank))

    def _came_late(self, touched: Touched, instance: Instance) -> None:
        """For a person to look at; the AI reads the newest of them once no more came for the quiet period."""
        unit, now, key = touched.unit, touched.now, instance.study_key
        late = arrived_late(unit.late_images([key]).get(key), key, instance.instance_key, now)
        unit.save_late_images(late)
        name = f"{JobKind.LATE.value}:{key}:{late.number}"
        due = now + timedelta(seconds=self.quiet_period_s)
        touched.enqueue(JobRequest(JobKind.LATE, key, name, not_before=due, detail=late.told))

    def _new_study(self, entry: Arrived, instance: Instance, now: datetime) -> Study:
        return Study(
            study_key=instance.study_key,
            state=StudyState.RECEIVED,
            revision=FIRST_REVISION,
            traits=new_study_traits(entry.header, self.site_of(entry.header)),
            received_at=now,
        )

    def _analysis_of(self, study: Study, now: datetime) -> JobRequest:
        """Completeness by quiet period: each further instance of the same revision moves the read later."""
        return JobRequest(
            kind=JobKind.ANALYSE,
            study_key=study.study_key,
            dedupe_key=f"{JobKind.ANALYSE.value}:{study.study_key}:{study.revision}",
            priority=study.priority.rank,
            not_before=now + timedelta(seconds=self.quiet_period_s),
        )


@dataclass(frozen=True, slots=True)
class _Admission:
    """`held_back`: see `is_held_back`."""

    entry: Arrived
    instance: Instance
    outcome: AdmissionOutcome
    held_back: bool


def _was_only_fetched(touched: Touched, entry: Arrived, instance: Instance) -> bool:
    """True for a film that is here as a copy and is now sent to be read."""
    study = touched.studies.get(instance.study_key)
    return entry.fetched is None and study is not None and study.state is StudyState.FETCHED


def _to_check(entries: Sequence[Entry], filed: Iterable[VaultInstance]) -> list[tuple[StudyKey, PatientIdentity]]:
    """Not what was only fetched: whose a copy is was settled before, and nobody answers a doubt about one."""
    sent = {each.header.sop_instance_uid for each in entries if isinstance(each, Arrived) and each.fetched is None}
    return [(each.study_key, each.header.identity) for each in filed if each.header.sop_instance_uid in sent]


def _stored_event(entry: Arrived, instance: Instance, outcome: AdmissionOutcome) -> AuditEvent:
    detail = [("instance_key", instance.instance_key), ("sha256", instance.content_sha256)]
    if entry.stored.original_sha256 != entry.stored.sha256:
        detail.append(("original_sha256", entry.stored.original_sha256))
    if outcome.outcome == "duplicate":
        detail.append(("duplicate", "yes"))
    told = "instance_conflict" if outcome.outcome == "conflict" else "success"
    return AuditEvent("instance.store", entry.sender, told, instance.study_key, tuple(detail))
