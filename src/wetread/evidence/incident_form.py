"""The incident pack: the report in the blocks of FDA form 3500A, when whom must be told, and what our own records hold of the study."""

from collections.abc import Sequence
from dataclasses import dataclass

from wetread.domain.analysis import Analysis
from wetread.domain.audit import AuditRecord
from wetread.domain.report import Report
from wetread.evidence.pack import Section, Table
from wetread.governance.incident import Incident, deadlines

__all__ = ["StudyRecord", "incident_sections"]


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """What the database holds of the study an incident is about, without identity."""

    analysis: Analysis | None
    reports: tuple[Report, ...]
    trail: tuple[AuditRecord, ...]


def incident_sections(incident: Incident, study: StudyRecord | None) -> tuple[Section, ...]:
    """The form's blocks, the clock, then the study's read, report versions and trail."""
    return (_event(incident), _device(incident), _clock(incident), *_study(incident, study))


def _event(incident: Incident) -> Section:
    rows = (
        ("report number", incident.report_number),
        ("type of event (B1, H1)", incident.event_type.value),
        ("date of event (B3)", f"{incident.date_of_event}"),
        ("date somebody knew (G3)", f"{incident.date_aware}"),
        ("outcome (B2)", _or_absent(incident.patient_outcome)),
        ("patient problem (F10)", _or_absent(incident.patient_problem)),
        ("device problem (F10)", incident.device_problem),
        ("reporter's occupation (E3)", _or_absent(incident.reporter_occupation)),
        ("user facility (F3)", _or_absent(incident.user_facility)),
        ("serious public health threat", "yes" if incident.public_health_threat else "no"),
        ("remedy needed to prevent unreasonable risk", "yes" if incident.unexpected_remedy else "no"),
    )
    return Section(
        "Event",
        (f"Description (B5): {incident.event_description}",),
        (),
        (Table("As reported", ("field", "value"), rows),),
    )


def _device(incident: Incident) -> Section:
    rows = (
        ("brand name (D1)", _or_absent(incident.brand_name)),
        ("version (D4)", _or_absent(incident.device_version)),
        ("manufacturer (D3)", _or_absent(incident.manufacturer)),
        ("product code (D2b)", _or_absent(incident.product_code)),
        ("remedial action (H7)", _or_absent(incident.remedial_action)),
    )
    words = (f"Manufacturer's narrative (H10): {_or_absent(incident.manufacturer_narrative)}",)
    return Section("Device", words, (), (Table("As reported", ("field", "value"), rows),))


def _clock(incident: Incident) -> Section:
    rows = tuple((f"{each.by}", each.whom, each.rule) for each in deadlines(incident))
    words = (
        f"At the latest, counted from {incident.date_aware}. Whether the event is reportable, and to whom, is for a person to judge; work days are Monday to Friday, public holidays not counted.",
    )
    missing = () if rows else ("a deadline: not available because no rule here sets one for this type of event",)
    return Section(
        "When whom must be told",
        words,
        (),
        (Table("Deadlines", ("by", "whom", "rule"), rows),) if rows else (),
        missing,
    )


def _study(incident: Incident, study: StudyRecord | None) -> tuple[Section, ...]:
    heading = "What our records hold of the study"
    if not incident.study_key:
        return (Section(heading, missing=("not available because the record names no study_key",)),)
    if study is None:
        return (Section(heading, missing=("not available because no database was opened (--as)",)),)
    words = (f"Study {incident.study_key} (a pseudonym; the vault alone knows whose it is).",)
    tables = [*_read(study.analysis), *_versions(study.reports), *_trail(study.trail)]
    missing = () if study.analysis else ("the model's read: not available because no model read this study",)
    return (Section(heading, words, (), tuple(tables), missing),)


def _read(analysis: Analysis | None) -> list[Table]:
    if analysis is None:
        return []
    facts = (
        ("model", f"{analysis.model.name} {analysis.model.version}"),
        ("network sha256", analysis.model.sha256),
        ("input sha256", analysis.input_sha256),
        ("read at", f"{analysis.analysed_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("film's flags", "; ".join(each.code for each in analysis.quality) or "none"),
        (
            "distance from the training films",
            "not measured"
            if analysis.ood_score is None
            else f"{analysis.ood_score:.3f}, limit {analysis.ood_threshold}",
        ),
    )
    findings = tuple(
        (
            each.name.value,
            f"{each.raw_score:.4f}",
            "not calibrated" if each.probability is None else f"{each.probability:.4f}",
            f"{each.operating_point.threshold:g}",
            "called" if each.called else "not called",
        )
        for each in analysis.findings
    )
    heads = ("finding", "raw score", "probability", "threshold", "decision")
    return [Table("The model's read", ("fact", "value"), facts), Table("Every finding", heads, findings)]


def _versions(reports: Sequence[Report]) -> list[Table]:
    rows = tuple(
        (
            f"{each.version}",
            each.status.value,
            "; ".join(f"{by.signed_at:%Y-%m-%d %H:%M} UTC by {by.signer_id}" for by in each.signatures) or "not signed",
            each.signature.content_sha256 if each.signature else "",
        )
        for each in reports
    )
    return (
        [
            Table(
                "Report versions (their words stay in the database)",
                ("version", "status", "signed", "content sha256"),
                rows,
            )
        ]
        if rows
        else []
    )


def _trail(trail: Sequence[AuditRecord]) -> list[Table]:
    rows = tuple(
        (
            f"{each.sequence}",
            f"{each.recorded_at:%Y-%m-%d %H:%M:%S}",
            each.event.actor_id,
            each.event.action,
            each.event.outcome,
            each.hash[:16],
        )
        for each in trail
    )
    heads = ("record", "time (UTC)", "who", "act", "outcome", "hash")
    return [Table("The study's trail in the audit chain", heads, rows)] if rows else []


def _or_absent(text: str) -> str:
    return text or "not available because the record does not say"
