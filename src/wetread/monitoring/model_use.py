"""Each use of a model as one record (EU AI Act art. 12, 19, 26): which model, on what input, saying what at which threshold, who reviewed it, and where that person said otherwise. No identity.

The audit log says that a model was used; what it said in full and what was signed is looked up beside it. Where a study was erased, the log's own facts are what is left.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from wetread.domain.analysis import Analysis
from wetread.domain.audit import AuditQuery, AuditRecord
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import Report
from wetread.domain.statement import Presence
from wetread.monitoring.prediction_log import newest_final, prediction_rows, signed_text
from wetread.ports.database import Database, UnitOfWork

__all__ = ["ModelUse", "Override", "Review", "UsedFinding", "model_uses", "override_of"]

USES = ("study.analyse", "study.late_read", "study.shadow")
_MOST = 2**31
Override = Literal["", "denied", "left_out", "added", "uncertain"]
"""What the signed report says against the model: of something called that it is not there, or nothing; of something not called that it is there; or that it is not known."""
Review = Literal["signed", "awaited", "superseded", "not_shown", "failed", "erased"]
"""What became of the read: signed by a person, not yet, replaced by a later read of the same study, made in the shadow, came to nothing, or its study was erased."""


@dataclass(frozen=True, slots=True)
class UsedFinding:
    """`probability` as stated, `threshold` its operating point; `signed` is positive, negative, uncertain, not_mentioned, or "" where nobody signed (yet)."""

    name: str
    probability: float
    threshold: float
    called: bool
    signed: str = ""
    override: Override = ""


@dataclass(frozen=True, slots=True)
class ModelUse:
    """`sequence` is the audit record's. `called` are the log's own words for what was called, with probabilities; `findings` all of them, empty where only the log is left.

    `reason` is the code that a reader gave who threw the draft away, "" for none; `reading_mode` how the reviewer read (`domain.reading.ReadingMode`).
    """

    sequence: int
    used_at: datetime
    study: str
    action: str
    outcome: str
    model: str
    model_sha256: str
    input_sha256: str
    called: str
    review: Review
    findings: tuple[UsedFinding, ...] = ()
    reviewer: str = ""
    reviewer_role: str = ""
    signed_at: datetime | None = None
    content_sha256: str = ""
    reading_mode: str = ""
    reason: str = ""


def override_of(called: bool, signed: str) -> Override:
    if signed == "uncertain":
        return "uncertain"
    if called:
        return "denied" if signed == "negative" else "left_out" if signed == "not_mentioned" else ""
    return "added" if signed == "positive" else ""


def model_uses(
    database: Database,
    said: Callable[[str], Mapping[FindingName, Presence]],
    study_key: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[ModelUse]:
    """Oldest first. `said` gives the labels of a signed text."""
    found: list[AuditRecord] = []
    for action in USES:
        query = AuditQuery(action=action, study_key=study_key, since=since, until=until, limit=_MOST)
        found += (each for each in database.search_audit(query) if each.event.action == action)
    thrown_away = database.search_audit(AuditQuery(action="draft.reject", study_key=study_key, limit=_MOST))
    newest = {each.event.study_key: each for each in reversed(thrown_away)}
    for record in sorted(found, key=lambda each: each.sequence):
        key = record.event.study_key
        if key is None:
            continue
        with database.begin(write=False) as unit:
            yield _use(unit, record, key, newest.get(key), said)


def _use(
    unit: UnitOfWork,
    record: AuditRecord,
    key: StudyKey,
    rejected: AuditRecord | None,
    said: Callable[[str], Mapping[FindingName, Presence]],
) -> ModelUse:
    facts, event = dict(record.event.detail), record.event
    study = unit.find_study(key)
    analysis, report = _analysis(unit, key, event.action), newest_final(unit.reports(key)) if study else None
    is_current = analysis is not None and _is_of(analysis, facts)
    review = _review(record, erased=study is None, is_current=is_current, report=report)
    reviewed = report if review == "signed" else None
    reading = unit.reading(key, reviewed.signature.signer_id) if reviewed and reviewed.signature else None
    labels: dict[str, str] = {}
    if study and analysis and reviewed:
        rows = prediction_rows(study, "", None, analysis, reviewed, said(signed_text(reviewed)), reading=reading)
        labels = {each.finding: each.label for each in rows}
    signature = reviewed.signature if reviewed else None
    thrown = rejected if signature and rejected and rejected.sequence > record.sequence else None
    return ModelUse(
        sequence=record.sequence,
        used_at=record.recorded_at,
        study=key,
        action=event.action,
        outcome=event.outcome,
        model=facts.get("model") or _shadows(event.action, facts),
        model_sha256=facts.get("model_sha256", ""),
        input_sha256=facts.get("input_sha256", ""),
        called=facts.get("called", ""),
        review=review,
        findings=_findings(analysis, labels) if analysis and is_current else (),
        reviewer=signature.signer_id if signature else "",
        reviewer_role=signature.role if signature else "",
        signed_at=signature.signed_at if signature else None,
        content_sha256=signature.content_sha256 if signature else "",
        reading_mode=reading.mode.value if reading else "",
        reason=dict(thrown.event.detail).get("reason", "") if thrown else "",
    )


def _shadows(action: str, facts: Mapping[str, str]) -> str:
    return ", ".join(sorted(facts.keys() - {"attempt"})) if action == "study.shadow" else ""


def _analysis(unit: UnitOfWork, key: StudyKey, action: str) -> Analysis | None:
    """Of the study, or of the films that came after it was read."""
    if action != "study.late_read":
        return unit.analysis(key)
    late = unit.late_images([key]).get(key)
    return late.analysis if late else None


def _is_of(analysis: Analysis, facts: Mapping[str, str]) -> bool:
    return (analysis.model.sha256, analysis.input_sha256) == (facts.get("model_sha256"), facts.get("input_sha256"))


def _review(record: AuditRecord, *, erased: bool, is_current: bool, report: Report | None) -> Review:
    if record.event.action == "study.shadow":
        return "not_shown"
    if record.event.outcome != "success":
        return "failed"
    if erased:
        return "erased"
    if not is_current:
        return "superseded"
    signed_after = report and report.signature and report.signature.signed_at >= record.recorded_at
    return "signed" if signed_after else "awaited"


def _findings(analysis: Analysis, labels: Mapping[str, str]) -> tuple[UsedFinding, ...]:
    return tuple(
        UsedFinding(
            each.name.value,
            each.probability,
            each.operating_point.threshold,
            each.called,
            label := labels.get(each.name.value, ""),
            override_of(each.called, label),
        )
        for each in analysis.findings
        if each.probability is not None
    )
