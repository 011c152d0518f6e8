"""The reading desk: what a person does to a study, each act one transaction of state, report, audit and next job."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from wetread.domain.audit import AuditEvent
from wetread.domain.delivery import all_acknowledged
from wetread.domain.errors import IllegalTransition, StaleVersion
from wetread.domain.identifiers import StudyKey
from wetread.domain.job import JobKind, JobRequest
from wetread.domain.late_images import LateAnswer, answered
from wetread.domain.reading import OwnFinding, ReadingRecord, Withheld
from wetread.domain.report import REPORTED, Report, ReportContent, ReportStatus
from wetread.domain.role import Act, Actor, require
from wetread.domain.study import Study
from wetread.domain.study_lock import RecoveryCopy
from wetread.domain.study_state import READABLE, StudyEvent, StudyState, next_state
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.signoff.exposure import Exposure, Reading, exposure, veiled
from wetread.signoff.identity import refuse_if_in_doubt
from wetread.signoff.locking import refuse_if_locked
from wetread.signoff.modes import ModePolicy
from wetread.signoff.second_read import own_findings
from wetread.signoff.sentences import judged_sentences
from wetread.signoff.signing import (
    RejectReason,
    amended_from,
    appended,
    blank_content,
    first_report,
    signed,
    successor_for,
)

__all__ = ["Reading", "ReadingDesk"]

_DELIVERY_PRIORITY = 3


@dataclass(frozen=True, slots=True)
class ReadingDesk:
    """`sinks` are the names of the places a signed report goes to, one delivery job each. `screen` of an act is the page's that asks (`domain.study_lock`), "" for none.

    What a person may not see of the machine's words is not in what `look` and `open` return: every door shows what it is given.
    """

    database: Database
    clock: Clock
    sinks: tuple[str, ...]
    modes: ModePolicy = field(default_factory=ModePolicy)

    def look(self, actor: Actor, study_key: StudyKey) -> Reading:
        """Read without changing anything but the audit log, and that this person has met the study."""
        require(actor, Act.READ_STUDY)
        with self.database.begin() as unit:
            shown = self._met(unit, actor, unit.study(study_key))
            reading = _reading(unit, study_key, actor, shown)
            if shown.withheld is Withheld.ADJUDICATION:
                self._audit(unit, "study.read_blind", actor, study_key)
            else:
                self._audit(unit, "study.read", actor, study_key, **_mode_facts(shown))
            unit.commit()
        return reading

    def exposure(self, actor: Actor, study_key: StudyKey) -> Exposure:
        """What this person may see of the machine's words on the study now."""
        with self.database.begin(write=False) as unit:
            return exposure(unit, self.modes, actor, unit.study(study_key))

    def open(self, actor: Actor, study_key: StudyKey, screen: str = "") -> Reading:
        """Begin reading: version 1 starts from the draft; a resident's preliminary version gets a successor for the radiologist.

        For a second reader nothing is begun before they committed; without AI version 1 starts empty, also where somebody else's unsaved words stood (they get them back as a recovery copy).
        """
        require(actor, Act.EDIT_DRAFT)
        with self.database.begin() as unit:
            study = unit.study(study_key)
            shown = self._met(unit, actor, study)
            if shown.withheld is not Withheld.ADJUDICATION:
                refuse_if_locked(unit, actor, study_key, screen, self.clock)
                self._begin(unit, actor, study, shown)
                self._audit(unit, "study.open", actor, study_key, **_mode_facts(shown))
            reading = _reading(unit, study_key, actor, shown)
            unit.commit()
        return reading

    def commit_findings(
        self, actor: Actor, study_key: StudyKey, findings: Sequence[OwnFinding], screen: str = ""
    ) -> Reading:
        """A second reader's own findings, once; then the machine's words are shown and the report begins from the draft.

        Raises IllegalTransition where nothing waits for a commit, PermanentError ('bad_findings').
        """
        require(actor, Act.EDIT_DRAFT)
        with self.database.begin() as unit:
            study = unit.study(study_key)
            refuse_if_locked(unit, actor, study_key, screen, self.clock)
            shown = self._met(unit, actor, study)
            if shown.withheld is not Withheld.UNTIL_COMMIT or shown.record is None:
                raise IllegalTransition("nothing waits for a commit of yours on this study")
            critical = unit.critical_of(study_key)
            pages = unit.pages(critical.critical_key) if critical else ()
            profile = unit.reader_profile(actor.actor_id)
            own = own_findings(findings, study, profile, pages, self.clock.now())
            facts = {"findings": str(len(own.findings)), "blind": "yes" if own.blind else own.told}
            self._audit(unit, "findings.commit", actor, study_key, revision=str(study.revision), **facts)
            shown = self._reveal(unit, actor, replace(shown.record, own=own))
            self._begin(unit, actor, study, shown)
            reading = _reading(unit, study_key, actor, shown)
            unit.commit()
        return reading

    def reveal(self, actor: Actor, study_key: StudyKey) -> Reading:
        """Show the machine's words without a commit: where the study is critical (safety wins over blinding), or to an adjudicator who needs the whole and thereby stops being one. Logged."""
        require(actor, Act.EDIT_DRAFT)
        with self.database.begin() as unit:
            study = unit.study(study_key)
            shown = self._met(unit, actor, study)
            if shown.withheld is Withheld.ADJUDICATION:
                mode = self.modes.effective(actor, unit.reader_profile(actor.actor_id))
                unit.begin_reading(ReadingRecord(study_key, actor.actor_id, mode, self.clock.now()))
                self._audit(unit, "ai.reveal", actor, study_key, after="adjudication_given_up")
                shown = exposure(unit, self.modes, actor, study)
            elif shown.withheld is Withheld.UNTIL_COMMIT and study.critical and shown.record:
                shown = self._reveal(unit, actor, shown.record)
                held = unit.lock(study_key)
                if held is None or not held.held_at(self.clock.now()) or held.holder_id == actor.actor_id:
                    self._begin(unit, actor, study, shown)  # else a colleague writes: they are shown it, and read along
            else:
                raise IllegalTransition("commit your own findings first: then the AI is shown", code="commit_first")
            reading = _reading(unit, study_key, actor, shown)
            unit.commit()
        return reading

    def save(
        self,
        actor: Actor,
        study_key: StudyKey,
        content: ReportContent,
        etag: int,
        screen: str = "",
        accepted: Collection[str] | None = None,
    ) -> Report:
        """Store an edit, and what it did with the draft's sentences (`accepted`: `signoff.sentences`); raises StaleVersion when `etag` is not the newest."""
        with self.database.begin() as unit:
            report = self._writable(unit, actor, study_key, screen)
            written = self._written(unit, actor, report, content, accepted)
            saved = unit.save_report(written, expected_etag=etag)
            self._audit(unit, "report.save", actor, study_key, version=str(saved.version))
            unit.commit()
        return saved

    def sign(self, actor: Actor, study_key: StudyKey, etag: int, meaning: str, screen: str = "") -> Report:
        """Sign the open version. One commit: signature, state, audit, and a delivery job for every sink."""
        with self.database.begin() as unit:
            report = self._writable(unit, actor, study_key, screen)
            refuse_if_in_doubt(unit, study_key)
            amends = any(earlier.status in REPORTED for earlier in unit.reports(study_key))
            now = self.clock.now()
            done = signed(report, actor, meaning, now, amends=amends)
            saved = unit.save_report(done, expected_etag=etag)
            if saved.status in REPORTED:
                self._move(unit, study_key, StudyEvent.AMEND if amends else StudyEvent.SIGN)
                self._answer_late(unit, actor, study_key)
                self._enqueue_deliveries(unit, saved)
            self._audit(
                unit, "report.sign", actor, study_key, version=str(saved.version), status=saved.status.value,
                content_sha256=saved.signature.content_sha256 if saved.signature else "",
                **_how_read(unit.reading(study_key, actor.actor_id), now),
            )  # fmt: skip
            if held := unit.lock(study_key):
                unit.release_lock(study_key, held.screen)
            unit.commit()
        return saved

    def amend(self, actor: Actor, study_key: StudyKey, reason: str, screen: str = "") -> Report:
        """Open the next version of a final report. The signed one stays as it is."""
        require(actor, Act.SIGN)
        with self.database.begin() as unit:
            unit.study(study_key)
            refuse_if_locked(unit, actor, study_key, screen, self.clock)
            report = unit.report(study_key)
            if report is None:
                raise IllegalTransition("there is no report to amend yet")
            opened = unit.save_report(amended_from(report, actor, reason), expected_etag=None)
            self._audit(unit, "report.amend", actor, study_key, version=str(opened.version))
            unit.commit()
        return opened

    def append(
        self, actor: Actor, study_key: StudyKey, version: int, text: str, meaning: str, screen: str = ""
    ) -> Report:
        """Add to the final report that `version` is, under the actor's own signature. One commit, as for `sign`; raises StaleVersion when another version is the newest."""
        require(actor, Act.SIGN)
        with self.database.begin() as unit:
            study = unit.study(study_key)
            refuse_if_locked(unit, actor, study_key, screen, self.clock)
            if exposure(unit, self.modes, actor, study).withheld is Withheld.ADJUDICATION:
                raise IllegalTransition("answer the round first: then the report is shown", code="commit_first")
            report = unit.report(study_key)
            if report is None:
                raise IllegalTransition("there is no report to add to yet")
            if report.version != version:
                raise StaleVersion("the report has another version since: load it again")
            refuse_if_in_doubt(unit, study_key)
            done = appended(report, actor, text, meaning, self.clock.now())
            saved = unit.save_report(done, expected_etag=None)
            self._move(unit, study_key, StudyEvent.APPEND)
            self._answer_late(unit, actor, study_key)
            self._enqueue_deliveries(unit, saved)
            signature = saved.addenda[-1].signature
            self._audit(
                unit, "report.append", actor, study_key,
                version=str(saved.version), status=saved.status.value, content_sha256=signature.content_sha256,
            )  # fmt: skip
            unit.commit()
        return saved

    def no_change(self, actor: Actor, study_key: StudyKey) -> Study:
        """The images that came after signing change nothing: the report stands, and the study leaves the list. Raises IllegalTransition where none wait."""
        require(actor, Act.SIGN)
        with self.database.begin() as unit:
            unit.study(study_key)
            late = unit.late_images([study_key]).get(study_key)
            unit.save_late_images(answered(late, LateAnswer.NO_CHANGE, actor.actor_id, self.clock.now()))
            self._move(unit, study_key, StudyEvent.NO_CHANGE)
            if _is_delivered(unit, study_key, self.sinks):
                self._move(unit, study_key, StudyEvent.DELIVER)
            self._audit(unit, "late_images.answer", actor, study_key, answer=LateAnswer.NO_CHANGE.value)
            study = unit.study(study_key)
            unit.commit()
        return study

    def reject(self, actor: Actor, study_key: StudyKey, reason: RejectReason, etag: int, screen: str = "") -> Report:
        """Throw the AI's words away: the open version becomes blank, the reason is kept for the model's makers."""
        with self.database.begin() as unit:
            report = self._writable(unit, actor, study_key, screen)
            blank = self._written(unit, actor, report, blank_content(), ())
            saved = unit.save_report(blank, expected_etag=etag)
            self._audit(unit, "draft.reject", actor, study_key, reason=reason.value)
            unit.commit()
        return saved

    def _met(self, unit: UnitOfWork, actor: Actor, study: Study) -> Exposure:
        """What may be shown, with the mode of this person's reading kept from the first look on. An adjudicator has met nothing yet."""
        shown = exposure(unit, self.modes, actor, study)
        reads = (
            actor.may(Act.EDIT_DRAFT) and study.state is not StudyState.FETCHED
        )  # a fetched copy is nobody's reading
        if shown.record is not None or shown.withheld is Withheld.ADJUDICATION or not reads:
            return shown
        record = ReadingRecord(study.study_key, actor.actor_id, shown.mode, self.clock.now())
        return replace(shown, record=unit.begin_reading(record))

    def _reveal(self, unit: UnitOfWork, actor: Actor, record: ReadingRecord) -> Exposure:
        record = replace(record, revealed_at=self.clock.now())
        unit.reveal_reading(record)
        after = "commit" if record.own else "critical"
        self._audit(unit, "ai.reveal", actor, record.study_key, after=after)
        return Exposure(record.mode, Withheld.NOTHING, record)

    def _begin(self, unit: UnitOfWork, actor: Actor, study: Study, shown: Exposure) -> None:
        """The study is being read; the version that a person writes into is there, unless they have to commit first."""
        report = unit.report(study.study_key)
        if report is None and study.state not in READABLE:
            raise IllegalTransition(f"a study that is {study.state.value} cannot be opened for reading")
        if study.state in READABLE:
            unit.save_study(replace(study, state=next_state(study.state, StudyEvent.OPEN)))
        if shown.withheld is Withheld.UNTIL_COMMIT:
            return
        own = shown.record.own if shown.record else None
        without_ai = shown.withheld is Withheld.AI_OFF
        if report is None:
            draft = None if without_ai else unit.draft(study.study_key)
            unit.save_report(first_report(study.study_key, actor, draft, own), expected_etag=None)
        elif report.status is ReportStatus.PRELIMINARY and report.author_id != actor.actor_id:
            unit.save_report(successor_for(report, actor), expected_etag=None)
        elif without_ai and report.signature is None and report.author_id != actor.actor_id:
            unit.save_recovery(
                RecoveryCopy(study.study_key, report.author_id, report.version, report.content, self.clock.now())
            )
            unit.save_report(
                replace(report, content=blank_content(), author_id=actor.actor_id), expected_etag=report.etag
            )

    def _written(
        self, unit: UnitOfWork, actor: Actor, report: Report, content: ReportContent, accepted: Collection[str] | None
    ) -> Report:
        """Who reads without AI did nothing with its sentences."""
        study, draft = unit.study(report.study_key), unit.draft(report.study_key)
        judged = report.judged
        if draft is not None and not exposure(unit, self.modes, actor, study).hides:
            judged = judged_sentences(draft, content, accepted, report, actor.actor_id, self.clock.now())
        return replace(report, content=content, author_id=actor.actor_id, judged=judged)

    def _writable(self, unit: UnitOfWork, actor: Actor, study_key: StudyKey, screen: str) -> Report:
        """The open version, where this person may write into it now."""
        require(actor, Act.EDIT_DRAFT)
        study = unit.study(study_key)
        refuse_if_locked(unit, actor, study_key, screen, self.clock)
        if exposure(unit, self.modes, actor, study).withheld in (Withheld.UNTIL_COMMIT, Withheld.ADJUDICATION):
            raise IllegalTransition("commit your own findings first", code="commit_first")
        report = unit.report(study_key)
        if report is None:
            raise IllegalTransition("open the study before you write its report")
        if report.signature is not None:
            raise StaleVersion("this version is signed; amend it to change it")
        return report

    def _move(self, unit: UnitOfWork, study_key: StudyKey, event: StudyEvent) -> None:
        study = unit.study(study_key)
        unit.save_study(replace(study, state=next_state(study.state, event)))

    def _answer_late(self, unit: UnitOfWork, actor: Actor, study_key: StudyKey) -> None:
        """Who signs anew has answered the images that were there when they began to write; others keep the study on the list."""
        late = unit.late_images([study_key]).get(study_key)
        if late is None or not late.is_open:
            return
        held = unit.lock(study_key)
        if held is not None and held.holder_id == actor.actor_id and held.taken_at < late.last_at:
            self._move(unit, study_key, StudyEvent.LATE_IMAGE)
            return
        unit.save_late_images(answered(late, LateAnswer.AMENDED, actor.actor_id, self.clock.now()))
        self._audit(unit, "late_images.answer", actor, study_key, answer=LateAnswer.AMENDED.value)

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


def _reading(unit: UnitOfWork, study_key: StudyKey, actor: Actor, shown: Exposure) -> Reading:
    return veiled(
        Reading(
            unit.study(study_key),
            unit.analysis(study_key),
            unit.decision(study_key),
            unit.draft(study_key),
            unit.report(study_key),
            unit.reports(study_key),
            unit.deliveries(study_key),
            shown,
            unit.lock(study_key),
            unit.recovery(study_key, actor.actor_id),
            unit.marks(study_key),
            unit.late_images([study_key]).get(study_key),
        ),
        actor,
    )


def _is_delivered(unit: UnitOfWork, study_key: StudyKey, sinks: Sequence[str]) -> bool:
    """Every receiver has acknowledged the newest version that a radiologist signed, whoever has begun to amend it."""
    signed = [each.version for each in unit.reports(study_key) if each.status in REPORTED]
    return bool(signed) and all_acknowledged(unit.deliveries(study_key), max(signed), sinks)


def _mode_facts(shown: Exposure) -> dict[str, str]:
    return {"mode": shown.mode.value, "ai": "withheld" if shown.hides else "shown"} if shown.record else {}


def _how_read(record: ReadingRecord | None, now: datetime) -> dict[str, str]:
    """For the log of a signature: the mode, whether own findings were committed blind, and the seconds since this person first met the study."""
    if record is None:
        return {}
    own = "none" if record.own is None else "blind" if record.own.blind else record.own.told
    return {"mode": record.mode.value, "own": own, "reading_s": str(int((now - record.begun_at).total_seconds()))}
