"""Looks through studies for patients who may be asked to join a trial. The record is read only where film and header have not ruled a study out already."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import PermanentError, StudyNotFound, TransientError
from wetread.domain.identifiers import StudyKey, source_id
from wetread.domain.prior import dicom_day, standing_report
from wetread.domain.study import Study
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.patient_record import PatientRecord, RecordAnswer, RecordQuery
from wetread.ports.vault import Vault
from wetread.trials.criteria import Criterion, EventRule, LaboratoryRule, TrialCriteria
from wetread.trials.judge import Assessment, StudyFacts, assess, needs_record
from wetread.trials.truth import Truth
from wetread.trials.verdict import Verdict

__all__ = ["Found", "TrialSearch", "record_query"]

_LOG = logging.getLogger(__name__)
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Found:
    """An assessment with what could not be had of the record; `record_read`: whether it was asked."""

    assessment: Assessment
    problems: tuple[str, ...] = ()
    record_read: bool = False


@dataclass(frozen=True, slots=True)
class TrialSearch:
    """`record` is None where no record server is configured: what needs it is unknown then."""

    database: Database
    vault: Vault
    record: PatientRecord | None
    secret: bytes

    def studies(self, criteria: TrialCriteria, since: datetime | None, limit: int) -> Iterator[Found]:
        """Studies that arrived at or after `since`, newest first, at most `limit`, each judged as it is reached. One that the vault has lost is left out and logged."""
        last: Study | None = None
        while limit > 0:
            with self.database.begin(write=False) as unit:
                page = unit.studies(since=since, older_than=last, limit=min(_PAGE, limit))
            if not page:
                return
            last, limit = page[-1], limit - len(page)
            for study in page:
                try:
                    yield self.study(criteria, study.study_key)
                except StudyNotFound:
                    _LOG.warning("trial_study_lost study=%s", study.study_key)

    def study(self, criteria: TrialCriteria, study_key: StudyKey) -> Found:
        """Raises StudyNotFound, and TransientError while the vault is away."""
        facts = self._facts(study_key)
        without_record = assess(criteria, facts)
        asking = [each for each in criteria.criteria if needs_record(each.rule)]
        if without_record.outcome is Truth.NO or not asking:
            return Found(without_record)
        answer = self._read(study_key, record_query(asking, facts.day))
        known = replace(facts, entries=answer.entries, complete=not answer.problems) if self.record else facts
        return Found(self._unlinked(assess(criteria, known)), answer.problems, record_read=self.record is not None)

    def _facts(self, study_key: StudyKey) -> StudyFacts:
        taken = dicom_day(self.vault.unnamed.study(study_key).identity.study_date)
        with self.database.begin(write=False) as unit:
            study = unit.study(study_key)
            return _facts_of(study, unit, taken or study.received_at.date())

    def _read(self, study_key: StudyKey, query: RecordQuery) -> RecordAnswer:
        if self.record is None:
            return RecordAnswer()
        try:
            return self.record.entries(study_key, query)
        except (TransientError, PermanentError) as error:
            return RecordAnswer(problems=(f"patient record: {error}",))

    def _unlinked(self, assessment: Assessment) -> Assessment:
        """With source ids of this study's assessment alone: two studies of one patient share none."""

        def renamed(verdict: Verdict) -> Verdict:
            sources = tuple(
                replace(each, source_id=source_id(self.secret, "trial", assessment.study_key, each.source_id))
                for each in verdict.sources
            )
            return replace(verdict, sources=sources)

        return replace(assessment, verdicts=tuple(map(renamed, assessment.verdicts)))


def _facts_of(study: Study, unit: UnitOfWork, day: date) -> StudyFacts:
    analysis = None if study.reason else unit.analysis(study.study_key)
    report = standing_report(unit.reports(study.study_key))
    return StudyFacts(
        study.study_key,
        day,
        study.traits.patient_age_years,
        study.traits.patient_sex,
        analysis.findings if analysis else (),
        report.content.findings if report else None,
    )


def record_query(asking: list[Criterion], day: date) -> RecordQuery:
    """The kinds that are asked about, from the earliest day that any criterion can look at; None where one looks at all time."""
    kinds: set[RecordKind] = set()
    reach: list[int | None] = []
    for criterion in asking:
        rule = criterion.rule
        if isinstance(rule, LaboratoryRule):
            kinds.add(RecordKind.OBSERVATION)
            reach.append(rule.within_days)
        elif isinstance(rule, EventRule):
            kinds |= {rule.event.kind} | ({rule.relation.other.kind} if rule.relation else set())
            reach.append(_reach(rule))
    known = [each for each in reach if each is not None]
    since = day - timedelta(days=max(known)) if known and len(known) == len(reach) else None
    return RecordQuery(frozenset(kinds), since)


def _reach(rule: EventRule) -> int | None:
    windows = [each for each in (rule.within_days, rule.began_within_days) if each is not None]
    if not windows:
        return None
    return min(windows) + (rule.relation.within_days if rule.relation and rule.relation.after else 0)
