"""The order of the stages, on one screen: analyse, triage, draft, (a person signs), deliver.

Each stage computes first and then commits its result, the state, the audit record and the next job in one transaction under the job's fencing token (law 2): a worker that dies, or
wakes up after losing its lease, leaves nothing half done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from wetread.audit_facts import draft_facts, model_facts
from wetread.context.cases import CaseKeeper
from wetread.delivery.deliver import deliver
from wetread.delivery.packing import Packing
from wetread.delivery.plan import earlier_under_way, refuse_if_in_doubt, superseding_version
from wetread.domain.analysis import Analysis, QualityFlag
from wetread.domain.audit import AuditEvent
from wetread.domain.critical import CriticalState
from wetread.domain.delivery import Delivery, DeliveryState, all_acknowledged
from wetread.domain.errors import PermanentError, TransientError, UnsuitableImage
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.job import Job, JobKind, JobRequest, JobState
from wetread.domain.priority import TriageDecision
from wetread.domain.role import SERVICE
from wetread.domain.rollout import ShadowRead
from wetread.domain.study import Instance, Study
from wetread.domain.study_state import StudyEvent, next_state
from wetread.governance.readers import LoadVersion, Readers, no_registry, read_by_first, read_in_shadow, readers_of
from wetread.inference.analysis import Film, FilmReading, read_film
from wetread.inference.bundle import ModelBundle
from wetread.inference.draft_film import DraftFilms
from wetread.inference.further import loaded, read_again
from wetread.ingest.fault_points import reach
from wetread.ingest.suitability import SuitabilityPolicy, choose_film, first_film, header_flags
from wetread.orders.answering import Answering
from wetread.ports.clock import Clock
from wetread.ports.context_source import ContextSource
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.decoder import FilmDecoder
from wetread.ports.drafter import Drafter, DraftingRequest
from wetread.ports.file_store import FileStore
from wetread.ports.order_store import OrdersOf, no_orders
from wetread.ports.predictor import Predictor
from wetread.ports.sink import ReportPackage, Sink
from wetread.ports.vault import Vault
from wetread.triage.context import ask_vault, context_of
from wetread.triage.escalation import open_critical
from wetread.triage.policy import DEFAULT_PATH, TriagePolicy
from wetread.triage.prioritise import prioritise
from wetread.triage.renewal import renewed

__all__ = ["ModelSource", "Pipeline"]

ModelSource = Callable[[], tuple[ModelBundle, Predictor]]
"""A bundle and its predictor, loaded on first use."""

_SHADOW_PRIORITY = -1
_TRIES_OF_VERSIONS = 2
"""A version that kills its worker does so each time: from the third try on the installed model reads."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The stages and what they need. `model`, the installed one, reads every film where no rollout says otherwise; so do `further_models`, for triage. `policy` is asked for each study. `registered` loads the versions of
    rollouts."""

    database: Database
    vault: Vault
    files: FileStore
    decoder: FilmDecoder
    model: ModelSource
    suitability: SuitabilityPolicy
    policy: Callable[[], TriagePolicy]
    context: ContextSource
    drafter: Drafter
    sinks: Mapping[str, Sink]
    clock: Clock
    uid_seed: bytes
    draft_films: DraftFilms | None = None
    cases: CaseKeeper | None = None
    drafting_language: str = "en"
    further_models: tuple[ModelSource, ...] = ()
    registered: LoadVersion = no_registry
    orders: OrdersOf = no_orders
    answering: Answering | None = None

    def advance(self, job: Job) -> None:
        """Run one job. Raises TransientError (try again) or PermanentError (see `give_up`)."""
        steps = {
            JobKind.ANALYSE: self._analyse,
            JobKind.TRIAGE: self._triage,
            JobKind.DRAFT: self._draft,
            JobKind.DELIVER: self._deliver,
            JobKind.ANSWER: self._answer,
            JobKind.SHADOW: self._shadow,
            JobKind.LATE: self._late,
        }
        steps[job.kind](job)

    def give_up(self, job: Job, reason: str) -> bool:
        """What happens when a job cannot succeed. True when the study goes on without it; False when the job must be buried.

        A film that cannot be analysed is marked AI_UNAVAILABLE with the reason and goes on to triage (law 1). Shadows that cannot read are noted.
        """
        if job.kind is JobKind.SHADOW:
            self._note_shadows(job, None)
            return True
        if job.kind is JobKind.ANSWER and self.answering:
            self._commit_answer(self.answering, job, None, reason)
            return True
        if job.kind is JobKind.LATE:
            self._commit_late(job, None, reason)
            return True
        if job.kind is not JobKind.ANALYSE:
            return False
        self._commit_analysis(job, None, reason)
        return True

    def _analyse(self, job: Job) -> None:
        reach("analyse_claimed")
        with self.database.begin(write=False) as unit:
            instances = unit.instances(job.study_key)
            readers = readers_of(unit, unit.study(job.study_key))
        try:
            reading, failed = self._read(instances, readers, job.attempt)
        except UnsuitableImage as unsuitable:
            self._commit_analysis(job, None, str(unsuitable))
            return
        if self.cases is not None and reading.features is not None:
            # before the commit: a worker that dies in between does both again
            self.cases.keep(job.study_key, reading.analysis.model.sha256, reading.features)
        self._commit_analysis(job, reading.analysis, "", failed)

    def _read(
        self, instances: tuple[Instance, ...], readers: Readers, attempt: int
    ) -> tuple[FilmReading, tuple[ShadowRead, ...]]:
        choice = choose_film(instances, self.suitability)
        if choice.film is None:
            raise UnsuitableImage(choice.suitability.advice, code=choice.suitability.code)
        film, flags = choice.film, header_flags(choice.suitability)

        def read(model: tuple[ModelBundle, Predictor]) -> FilmReading:
            return self._read_by(model, film, flags)

        chosen = readers.chosen if attempt <= _TRIES_OF_VERSIONS else ()
        return read_by_first(chosen, self.registered, read, self.model, self.clock.now())

    def _read_by(
        self, model: tuple[ModelBundle, Predictor], film: Instance, flags: tuple[QualityFlag, ...]
    ) -> FilmReading:
        bundle, predictor = model
        others, without = loaded(self.further_models)
        shown = self._decoded(film, max(m.input_side_px for m, _ in (model, *others)))
        reading = read_film(shown, bundle, predictor, self.clock.now())
        further, failed = read_again(shown, others, self.clock.now())
        quality = (*flags, *reading.analysis.quality, *without, *failed)
        return replace(reading, analysis=replace(reading.analysis, quality=quality, further=further))

    def _decoded(self, film: Instance, needed_side_px: int) -> Film:
        decoded = self.decoder.decode(self.files.path_of(film.content_sha256), needed_side_px=needed_side_px)
        return Film(film.instance_key, decoded, film.traits.patient_orientation)

    def _shadow(self, job: Job) -> None:
        with self.database.begin(write=False) as unit:
            study, instances = unit.study(job.study_key), unit.instances(job.study_key)
            shadows = () if _superseded(job, study) else readers_of(unit, study).shadows
        film = choose_film(instances, self.suitability).film
        if film is None:
            self._note_shadows(job, ())
            return
        # one decode per version: each may want another size, and one film that cannot be decoded is each one's failure
        reads = read_in_shadow(shadows, self.registered, partial(self._decoded, film), self.clock.now())
        self._note_shadows(job, reads)

    def _note_shadows(self, job: Job, reads: tuple[ShadowRead, ...] | None) -> None:
        """Apart from everything that is shown. None: the worker died each time that shadows read this study."""
        with self.database.begin() as unit:
            study = unit.study(job.study_key)
            if reads is None:
                now, shadows = self.clock.now(), readers_of(unit, study).shadows
                reads = tuple(ShadowRead(each.model, now, problem="worker_died") for each in shadows)
            for each in () if _superseded(job, study) else reads:
                unit.save_shadow_read(study.study_key, study.revision, each)
            said = {each.model_key: each.problem or "read" for each in reads}
            self._finish(unit, job, "study.shadow", "success", None, said)

    def _commit_analysis(
        self, job: Job, analysis: Analysis | None, reason: str, failed: tuple[ShadowRead, ...] = ()
    ) -> None:
        with self.database.begin() as unit:
            study = unit.study(job.study_key)
            if _superseded(job, study):
                self._finish(unit, job, "study.analyse", "superseded", None, {})
                return
            event = StudyEvent.ANALYSE if analysis else StudyEvent.FAIL_ANALYSIS
            if analysis:
                unit.save_analysis(study.study_key, study.revision, analysis)
                self._versions_on_trial(unit, study, failed)
            unit.save_study(replace(study, state=next_state(study.state, event), reason=reason))
            outcome = "success" if analysis else "ai_unavailable"
            self._finish(unit, job, "study.analyse", outcome, JobKind.TRIAGE, model_facts(analysis))

    def _versions_on_trial(self, unit: UnitOfWork, study: Study, failed: tuple[ShadowRead, ...]) -> None:
        """What a chosen version could not read is kept against it; shadows get a job of their own, behind all others."""
        for each in failed:
            unit.save_shadow_read(study.study_key, study.revision, each)
        if readers_of(unit, study).shadows:
            key = f"{JobKind.SHADOW.value}:{study.study_key}:{study.revision}"
            unit.enqueue(JobRequest(JobKind.SHADOW, study.study_key, key, _SHADOW_PRIORITY))

    def _triage(self, job: Job) -> None:
        policy = self.policy()
        facts = ask_vault(job.study_key, self.vault, policy, self.orders, last_try=job.attempt > 1)
        with self.database.begin() as unit:
            study = unit.study(job.study_key)
            if _superseded(job, study):
                self._finish(unit, job, "study.triage", "superseded", None, {})
                return
            analysis = None if study.reason else unit.analysis(job.study_key)
            context = context_of(study, facts, unit, policy)
            read = analysis.reads if analysis else ()
            decision = prioritise(read, study.traits, policy, context=context, unavailable_reason=study.reason)
            unit.save_decision(study.study_key, study.revision, decision)
            critical = self._open_critical(unit, study, decision, policy)
            state = next_state(study.state, StudyEvent.TRIAGE)
            unit.save_study(replace(study, state=state, priority=decision.priority, critical=critical))
            said = {"priority": decision.priority.value, "rule": decision.rule_id, "policy": decision.policy_version}
            self._finish(unit, job, "study.triage", "success", JobKind.DRAFT, said)

    def _open_critical(self, unit: UnitOfWork, study: Study, decision: TriageDecision, policy: TriagePolicy) -> bool:
        """In the transaction that calls it critical. A result that is still with people stays theirs, renewed where there is something new to tell; a closed one of an earlier
        revision gets a successor. True when the study is critical: now, or still."""
        current = unit.critical_of(study.study_key)
        held = current if current is not None and current.state is not CriticalState.CLOSED else None
        if not decision.critical:
            return held is not None
        path, now = policy.paths[decision.escalation_path or DEFAULT_PATH], self.clock.now()
        if held is None:
            result = open_critical(study, decision, path, now)
            if unit.critical(result.critical_key) is None:
                unit.save_critical(result, expected_etag=None)
        elif again := renewed(held, decision, path, now):
            unit.save_critical(again, expected_etag=held.etag)
            facts = (("critical", again.critical_key), ("state", again.state.value))
            unit.audit(AuditEvent("critical.renew", SERVICE.actor_id, study_key=study.study_key, detail=facts), now)
        return True

    def _late(self, job: Job) -> None:
        """Images that came after signing are read apart: what was read, signed and measured before stays as it is."""
        with self.database.begin(write=False) as unit:
            late = unit.late_images([job.study_key])[job.study_key]
            readers = readers_of(unit, unit.study(job.study_key))
            instances = tuple(each for each in unit.instances(job.study_key) if each.instance_key in late.instances)
        if job.detail != late.told:
            self._commit_late(job, None, "")
            return
        try:
            reading, _ = self._read(instances, readers, job.attempt)
        except UnsuitableImage as unsuitable:
            self._commit_late(job, None, str(unsuitable))
            return
        self._commit_late(job, replace(reading.analysis, heat=None), "")

    def _commit_late(self, job: Job, analysis: Analysis | None, problem: str) -> None:
        """What triage calls critical goes to people as any other does, as a result of its own."""
        policy = self.policy()
        facts = ask_vault(job.study_key, self.vault, policy, self.orders, last_try=job.attempt > 1)
        with self.database.begin() as unit:
            study, late = unit.study(job.study_key), unit.late_images([job.study_key])[job.study_key]
            if job.detail != late.told:
                self._finish(unit, job, "study.late_read", "superseded", None, {})
                return
            reason = ""
            if analysis is not None:
                context = context_of(study, facts, unit, policy)
                decision = prioritise(analysis.reads, study.traits, policy, context=context, unavailable_reason="")
                apart = replace(study, revision=study.revision + late.number)
                critical = self._open_critical(unit, apart, decision, policy) or study.critical
                priority = max(study.priority, decision.priority, key=lambda each: each.rank)
                unit.save_study(replace(study, priority=priority, critical=critical))
                reason = decision.reason
            unit.save_late_images(replace(late, analysis=analysis, reason=reason, problem=problem))
            outcome = "success" if analysis else "ai_unavailable"
            self._finish(unit, job, "study.late_read", outcome, None, model_facts(analysis))

    def _draft(self, job: Job) -> None:
        """The record and the drafter may be other machines: they are asked between two transactions, never inside one."""
        with self.database.begin(write=False) as unit:
            study = unit.study(job.study_key)
            analysis = None if study.reason else unit.analysis(job.study_key)
            instances = unit.instances(job.study_key)
        stale = _superseded(job, study)
        request = None if stale else self._drafting_request(study, analysis, instances)
        draft = self.drafter.draft(request) if request else None
        with self.database.begin() as unit:
            study = unit.study(job.study_key)
            if request is None or draft is None or _superseded(job, study):
                self._finish(unit, job, "study.draft", "superseded", None, {})
                return
            unit.save_draft(study.study_key, study.revision, draft)
            unit.save_study(replace(study, state=next_state(study.state, StudyEvent.DRAFT)))
            self._finish(unit, job, "study.draft", "success", None, draft_facts(draft, request))

    def _drafting_request(
        self, study: Study, analysis: Analysis | None, instances: tuple[Instance, ...]
    ) -> DraftingRequest:
        known = self.context.gather(study, analysis)
        views = {i.instance_key: i.traits.view_position for i in instances}
        return DraftingRequest(
            findings=analysis.findings if analysis else (),
            quality=analysis.quality if analysis else (),
            view_position=views.get(analysis.instance_key, "") if analysis else "",
            comparison_available=known.has_prior,
            context=known.drafting,
            may_say_normal=self.policy().may_say_normal,
            ai_unavailable="" if analysis else study.reason or "no analysis was stored",
            language=self.drafting_language,
            film=self.draft_films.of(analysis, instances) if self.draft_films and analysis else None,
        )

    def _answer(self, job: Job) -> None:
        if self.answering:
            self._commit_answer(self.answering, job, self.answering.outputs(job.study_key), "")

    def _commit_answer(
        self, answering: Answering, job: Job, outputs: tuple[InstanceKey, ...] | None, reason: str
    ) -> None:
        with self.database.begin() as unit:
            outcome = answering.tell(unit, job.detail, outputs, reason, self.clock.now())
            self._finish(unit, job, "read.answer", outcome, None, {})

    def _deliver(self, job: Job) -> None:
        reach("deliver_claimed")
        version, _, sink_name = job.detail.partition(":")
        sink = self.sinks.get(sink_name)
        if sink is None:
            raise PermanentError(f"no sink named {sink_name} is configured any more", code="unknown_sink")
        delivery = self._delivery(job.study_key, int(version), sink)
        with self.database.begin() as unit:
            study = unit.study(job.study_key)
            unit.save_delivery(delivery)
            if self._all_acknowledged(unit, job.study_key, int(version)):
                unit.save_study(replace(study, state=next_state(study.state, StudyEvent.DELIVER)))
            facts = {"sink": sink_name, "version": version, "receipt": delivery.receipt}
            self._finish(unit, job, "report.deliver", "success", None, facts)

    def _delivery(self, study_key: StudyKey, version: int, sink: Sink) -> Delivery:
        """A version that an amendment has overtaken is not sent any more: it would bring back the old report at the receiver."""
        with self.database.begin(write=False) as unit:
            earlier = [d for d in unit.deliveries(study_key) if (d.report_version, d.sink) == (version, sink.name)]
            newer = superseding_version(version, unit.reports(study_key))
            refuse_if_in_doubt(unit.holds_of((study_key,)).get(study_key, ()))
        previous = earlier[0] if earlier else None
        if newer is not None:
            receipt = f"not sent: superseded by version {newer}"
            return Delivery(study_key, version, sink.name, DeliveryState.ACKNOWLEDGED, 0, receipt, self.clock.now())
        leased = (job for job, _ in self.database.jobs(JobState.LEASED))
        if earlier_under_way(study_key, version, sink.name, leased):
            raise TransientError("an earlier version is on its way: it goes first", code="earlier_version_under_way")
        return deliver(self._package(study_key, version), sink, self.clock.now(), previous)

    def _all_acknowledged(self, unit: UnitOfWork, study_key: StudyKey, version: int) -> bool:
        newest = unit.report(study_key)
        is_newest = newest is not None and (newest.version == version or newest.signature is None)
        return is_newest and all_acknowledged(unit.deliveries(study_key), version, self.sinks)

    def _package(self, study_key: StudyKey, version: int) -> ReportPackage:
        first = partial(first_film, policy=self.suitability)
        return Packing(self.database, self.vault, self.files, first, self.uid_seed).package(study_key, version)

    def _finish(
        self, unit: UnitOfWork, job: Job, action: str, outcome: str, then: JobKind | None, facts: dict[str, str]
    ) -> None:
        reach(f"{job.kind.value}_computed")
        detail = (*facts.items(), ("attempt", str(job.attempt)))
        unit.audit(AuditEvent(action, SERVICE.actor_id, outcome, job.study_key, detail), self.clock.now())
        if then is not None:
            study = unit.study(job.study_key)
            key = f"{then.value}:{job.study_key}:{_revision(job)}"
            unit.enqueue(JobRequest(then, job.study_key, key, study.priority.rank))
        unit.complete_job(job)
        reach(f"{job.kind.value}_before_commit")
        unit.commit()
        reach(f"{job.kind.value}_after_commit")


def _revision(job: Job) -> int:
    """Dedupe keys of study jobs end in the study revision they were made for."""
    return int(job.dedupe_key.rpartition(":")[2])


def _superseded(job: Job, study: Study) -> bool:
    """True when a later image made this job's work stale: its successor is queued already."""
    return _revision(job) < study.revision
