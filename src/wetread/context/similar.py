"""Signed studies whose films look most like this one's: what people said of them, for a person to think about. Nothing of it reaches a draft."""

from dataclasses import dataclass
from datetime import datetime

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import Report, ReportFinding, is_final
from wetread.domain.role import Act, Actor, require
from wetread.ports.case_store import CaseStore
from wetread.ports.database import Database, UnitOfWork

__all__ = ["SimilarStudy", "similar_studies"]


@dataclass(frozen=True, slots=True)
class SimilarStudy:
    """`distance` is 1 - cosine of the films' features; `findings` are those of the newest final report, which is read when it is asked for: a copy would not know of an amendment."""

    study_key: StudyKey
    distance: float
    findings: tuple[ReportFinding, ...]


def similar_studies(
    actor: Actor, study_key: StudyKey, *, limit: int, database: Database, cases: CaseStore, now: datetime
) -> tuple[SimilarStudy, ...]:
    """At most `limit` signed studies, nearest first, as the model that read this study sees them; audited as a reading of this study.

    Raises NotPermitted; StudyNotFound for an unknown study or one without a kept vector; PermanentError(code='not_analysed').
    """
    require(actor, Act.READ_STUDY)
    with database.begin() as unit:
        unit.study(study_key)
        analysis = unit.analysis(study_key)
        if analysis is None:
            raise PermanentError("no model has read this study: there is nothing to compare", code="not_analysed")
        found = _nearest_signed(unit, study_key, analysis.model.sha256, cases, limit)
        facts = (("found", str(len(found))),)
        unit.audit(AuditEvent("study.compare", actor.actor_id, "success", study_key, facts), now)
        unit.commit()
    return found


def _nearest_signed(
    unit: UnitOfWork, study_key: StudyKey, model_sha256: str, cases: CaseStore, limit: int
) -> tuple[SimilarStudy, ...]:
    """The store knows nothing of signatures: it is asked for more until enough are signed or no more come."""
    asked = limit
    while True:
        near = cases.nearest(study_key, model_sha256=model_sha256, limit=asked)
        reports = [(each, _final(unit.reports(each.study_key))) for each in near]
        signed = [
            SimilarStudy(each.study_key, each.distance, report.content.findings) for each, report in reports if report
        ]
        if len(signed) >= limit or len(near) < asked:
            return tuple(signed[:limit])
        asked *= 4


def _final(reports: tuple[Report, ...]) -> Report | None:
    return next((report for report in reversed(reports) if is_final(report)), None)
