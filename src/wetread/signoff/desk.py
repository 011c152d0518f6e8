"""The reading desk: what a person does to a study, each act one transaction of state, report, audit and next job."""

from dataclasses import dataclass, replace
from datetime import datetime

from wetread.domain.analysis import Analysis
from wetread.domain.audit import AuditEvent
from wetread.domain.delivery import Delivery
from wetread.domain.errors import IllegalTransition, StaleVersion
from wetread.domain.identifiers import StudyKey
from wetread.domain.job import JobKind, JobRequest
from wetread.domain.priority import TriageDecision
from wetread.domain.report import Draft, Report, ReportContent, ReportStatus
from wetread.domain.role import Act, Actor, require
from wetread.domain.study import Study
from wetread.domain.study_state import READABLE, StudyEvent, next_state
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.signoff.signing import (
    RejectReason,
    amended_from,
    blank_content,
    first_report,
    signed,
    successor_for,
)

__all__ = ["Reading", "ReadingDesk"]

_REPORTED = (ReportStatus.FINAL, ReportStatus.AMENDED)
_DELIVERY_PRIORITY = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything a reader sees of one study."""

    study: Study
    analysis: Analysis | None
    decision: TriageDecision | None
    draft: Draft | None
    report: Report | None
    reports: tuple[Report, ...]
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class ReadingDesk:
    """`sinks` are the names of the places a signed report goes to, one delivery job each."""

    database: Database
    clock: Clock
    sinks: tuple[str, ...]

    def look(self, actor: Actor, study_key: StudyKey) -> Reading:
        """Read without changing anything but the audit log."""
        require(actor, Act.READ_STUDY)
        with self.database.begin() as unit:
            reading = _reading(unit, study_key)
            self._audit(unit, "study.read", actor, study_key)
            unit.commit()
        return reading

    def open(self, actor: Actor, study_key: StudyKey) -> Reading:
        """Begin reading: version 1 starts from the draft; a resident's preliminary version gets a successor for the radiologist."""
        require(actor, Act.EDIT_DRAFT)
        with self.database.begin() as unit:
            study = unit.study(study_key)
            if study.state in READABLE:
                unit.save_study(replace(study, state=next_state(study.state, StudyEvent.OPEN)))
            report = unit.report(study_key)
            opened = _to_open(report, study, unit.draft(study_key), actor)
            if opened is not None:
                unit.save_report(opened, expected_etag=None)
            self._audit(unit, "study.open", actor, study_key)
            reading = _reading(unit, study_key)
            unit.commit()
        return reading

    def save(self, actor: Actor, study_key: StudyKey, content: ReportContent, etag: int) -> Report:
        """Store an edit; raises StaleVersion when `etag` is not the newest."""
        require(actor, Act.EDIT_DRAFT)
        with self.database.begin() as unit:
            report = _open_report(unit, study_key)
            saved = unit.save_report(replace(report, content=content, author_id=actor.actor_id), expected_etag=etag)
            self._audit(unit, "report.save", actor, study_key, version=str(saved.version))
            unit.commit()
        return saved

    def sign(self, actor: Actor, study_key: StudyKey, etag: int, meaning: str) -> Report:
        """Sign the open version. One commit: signature, state, audit, and a delivery job for every sink."""
        require(actor, Act.EDIT_DRAFT)
        with self.database.begin() as unit:
            report = _open_report(unit, study_key)
            amends = any(earlier.status in _REPORTED for earlier in unit.reports(study_key))
            done = signed(report, actor, meaning, self.clock.now(), amends=amends)
            saved = unit.save_report(done, expected_etag=etag)
            if saved.status in _REPORTED:
                self._move(unit, study_key, StudyEvent.AMEND if amends else StudyEvent.SIGN)
                self._enqueue_deliveries(unit, saved)
            self._audit(
                unit, "report.sign", actor, study_key, version=str(saved.version), status=saved.status.value,
                content_sha256=saved.signature.content_sha256 if saved.signature else "",
            )  # fmt: skip
            unit.commit()
        return saved

    def amend(self, actor: Actor, study_key: StudyKey, reason: str) -> Report:
        """Open the next version of a final report. The signed one stays as it is."""
        require(actor, Act.SIGN)
        with self.database.begin() as unit:
            unit.study(study_key)
            report = unit.report(study_key)
            if report is None:
                raise IllegalTransition("there is no report to amend yet")
            opened = unit.save_report(amended_from(report, actor, reason), expected_etag=None)
            self._audit(unit, "report.amend", actor, study_key, version=str(opened.version))
            unit.commit()
        return opened

    def reject(self, actor: Actor, study_key: StudyKey, reason: RejectReason, etag: int) -> Report:
        """Throw the AI's words away: the open version becomes blank, the reason is kept for the model's makers."""
        require(actor, Act.EDIT_DRAFT)
        with self.database.begin() as unit:
            report = _open_report(unit, study_key)
            blank = replace(report, content=blank_content(), author_id=actor.actor_id)
            saved = unit.save_report(blank, expected_etag=etag)
            self._audit(unit, "draft.reject", actor, study_key, reason=reason.value)
            unit.commit()
        return saved

    def _move(self, unit: UnitOfWork, study_key: StudyKey, event: StudyEvent) -> None:
        study = unit.study(study_key)
        unit.save_study(replace(study, state=next_state(study.state, event)))

    def _enqueue_deliveries(self, unit: UnitOfWork, report: Report) -> None:
        for sink in self.sinks:
            key = f"deliver:{report.study_key}:{report.version}:{sink}"
            unit.enqueue(
                JobRequest(
                    JobKind.DELIVER, report.study_key, key, _DELIVERY_PRIORITY, detail=f"{report.version}:{sink}"
                )
            )

    def _audit(self, unit: UnitOfWork, action: str, actor: Actor, study_key: StudyKey, **detail: str) -> None:
        now: datetime = self.clock.now()
        unit.audit(AuditEvent(action, actor.actor_id, study_key=study_key, detail=tuple(detail.items())), now)


def _reading(unit: UnitOfWork, study_key: StudyKey) -> Reading:
    return Reading(
        unit.study(study_key),
        unit.analysis(study_key),
        unit.decision(study_key),
        unit.draft(study_key),
        unit.report(study_key),
        unit.reports(study_key),
        unit.deliveries(study_key),
    )


def _to_open(report: Report | None, study: Study, draft: Draft | None, actor: Actor) -> Report | None:
    """The version to create on opening, if any."""
    if report is None:
        if study.state not in READABLE:
            raise IllegalTransition(f"a study that is {study.state.value} cannot be opened for reading")
        return first_report(study.study_key, actor, draft)
    awaits_radiologist = report.status is ReportStatus.PRELIMINARY and report.author_id != actor.actor_id
    return successor_for(report, actor) if awaits_radiologist else None


def _open_report(unit: UnitOfWork, study_key: StudyKey) -> Report:
    unit.study(study_key)
    report = unit.report(study_key)
    if report is None:
        raise IllegalTransition("open the study before you write its report")
    if report.signature is not None:
        raise StaleVersion("this version is signed; amend it to change it")
    return report
