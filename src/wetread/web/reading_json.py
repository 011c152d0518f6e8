"""A reading as JSON: every number with its name, every time in ISO 8601 UTC. Field by field, so that nothing leaves by accident."""

from collections.abc import Sequence

from wetread.domain.analysis import Analysis, Finding, OperatingPoint, Rate, Region
from wetread.domain.delivery import Delivery
from wetread.domain.finding import concept
from wetread.domain.identifiers import StudyKey
from wetread.domain.late_images import LateImages
from wetread.domain.priority import TriageDecision
from wetread.domain.reading import Withheld
from wetread.domain.report import Draft, Evidence, Report, ReportContent, ReportFinding, Signature
from wetread.domain.sentence_act import SentenceAct, sentence_id
from wetread.domain.study import Instance, PatientIdentity, Study
from wetread.domain.study_state import READABLE, StudyState
from wetread.ports.vault import VaultReads
from wetread.signoff.desk import Reading

__all__ = [
    "NO_PRIORITY",
    "content_json",
    "delivery_json",
    "from_reading",
    "identity_json",
    "identity_of",
    "instance_json",
    "is_synthetic",
    "late_json",
    "region_json",
    "report_json",
    "study_json",
]

Json = dict[str, object]
NO_PRIORITY = "withheld"


def is_synthetic(instances: Sequence[Instance]) -> bool:
    """True when every film says that it was made, not taken: our phantoms name their maker so (PS3.3 §C.7.5.1)."""
    return bool(instances) and all(
        "phantom" in f"{each.traits.manufacturer} {each.traits.manufacturer_model_name}".lower() for each in instances
    )


def study_json(study: Study, withheld: Withheld = Withheld.NOTHING) -> Json:
    """The de-identified facts of a study. An adjudicator is not told its priority: where the machine put it would tell what it saw."""
    blind = withheld is Withheld.ADJUDICATION
    return {
        "study_key": study.study_key,
        "state": study.state.value,
        "revision": study.revision,
        "priority": NO_PRIORITY if blind else study.priority.value,
        "critical": study.critical and not blind,
        "received_at": study.received_at.isoformat(),
        "age_years": study.traits.patient_age_years,
        "sex": study.traits.patient_sex.value,
        "site": study.traits.site,
    }


def identity_of(named: VaultReads, study_key: StudyKey) -> Json:
    """Who the study is of, for roles that may read it."""
    return identity_json(named.identities([study_key]).get(study_key))


def identity_json(who: PatientIdentity | None) -> Json:
    """A study the vault has lost is still shown, and says so: it must not hide all others."""
    if who is None:
        return {"patient_name": "identity missing^tell an administrator", "patient_id": "", "accession_number": ""}
    return {
        "patient_name": who.patient_name,
        "patient_id": who.patient_id,
        "patient_birth_date": who.patient_birth_date,
        "accession_number": who.accession_number,
        "study_date": who.study_date,
        "study_time": who.study_time,
        "study_description": who.study_description,
        "referring_physician_name": who.referring_physician_name,
    }


def from_reading(reading: Reading, instances: Sequence[Instance]) -> Json:
    """Everything the reading page shows, without identity."""
    return {
        "study": study_json(reading.study, reading.exposure.withheld),
        "ai": _ai(reading),
        "triage": _triage(reading.decision),
        "draft": _draft(reading.draft),
        "report": report_json(reading.report) if reading.report else None,
        "versions": [report_json(each) for each in reading.reports],
        "deliveries": [delivery_json(each) for each in reading.deliveries],
        "instances": [instance_json(each) for each in instances],
        "synthetic": is_synthetic(instances),
    }


def late_json(late: LateImages | None) -> Json | None:
    """Images that came after signing; None where none ever did. `findings` are those that the AI calls on the best of them."""
    if late is None:
        return None
    analysis = late.analysis
    return {
        "open": late.is_open,
        "since": late.since.isoformat(),
        "instances": list(late.instances),
        "read": analysis is not None,
        "film": analysis.instance_key if analysis else "",
        "findings": [_finding(each) for each in (analysis.called if analysis else ())],
        "reason": late.reason,
        "problem": late.problem,
        "answer": late.answer.value if late.answer else "",
        "answered_by": late.answered_by,
        "answered_at": late.answered_at.isoformat() if late.answered_at else "",
    }


def _ai(reading: Reading) -> Json:
    """`status`: read, out_of_distribution, pending, unavailable or withheld; `reason` says why for all but the first."""
    analysis, study = reading.analysis, reading.study
    if reading.exposure.hides:
        return {"status": "withheld", "reason": reading.exposure.withheld.value, "analysis": None}
    if analysis is None:
        waiting = study.state is StudyState.ADMITTED
        reason = study.reason or ("the model has not read this study yet" if study.state in READABLE else "")
        return {"status": "pending" if waiting else "unavailable", "reason": reason, "analysis": None}
    outside = analysis.out_of_distribution
    reason = "the film is unlike the films the model learned from" if outside else study.reason
    status = "out_of_distribution" if outside else "read"
    return {"status": status, "reason": reason, "analysis": _analysis(analysis)}


def _analysis(analysis: Analysis) -> Json:
    return {
        "instance_key": analysis.instance_key,
        "model": {"name": analysis.model.name, "version": analysis.model.version, "sha256": analysis.model.sha256},
        "analysed_at": analysis.analysed_at.isoformat(),
        "findings": [_finding(each) for each in analysis.findings],
        "quality": [{"code": each.code, "message": each.message} for each in analysis.quality],
        "ood_score": analysis.ood_score,
        "ood_threshold": analysis.ood_threshold,
        "ood_p_value": analysis.ood_p_value,
        "has_heat_maps": analysis.heat is not None,
    }


def _finding(finding: Finding) -> Json:
    known = concept(finding.name)
    return {
        "name": finding.name.value,
        "display": known.display,
        "lateralised": known.lateralised,
        "raw_score": finding.raw_score,
        "probability": finding.probability,
        "called": finding.called,
        "operating_point": _operating_point(finding.operating_point),
        "laterality": finding.laterality,
        "region": region_json(finding.region) if finding.region else None,
    }


def _operating_point(point: OperatingPoint) -> Json:
    return {
        "threshold": point.threshold,
        "rule": point.rule,
        "sensitivity": _rate(point.sensitivity),
        "specificity": _rate(point.specificity),
    }


def _rate(rate: Rate | None) -> Json | None:
    return None if rate is None else {"value": rate.value, "low": rate.low, "high": rate.high, "n": rate.n}


def region_json(region: Region) -> Json:
    return {
        "row_start": region.row_start,
        "row_stop": region.row_stop,
        "column_start": region.column_start,
        "column_stop": region.column_stop,
    }


def _triage(decision: TriageDecision | None) -> Json | None:
    if decision is None:
        return None
    return {
        "priority": decision.priority.value,
        "critical": decision.critical,
        "rule_id": decision.rule_id,
        "reason": decision.reason,
        "policy_version": decision.policy_version,
    }


def _draft(draft: Draft | None) -> Json | None:
    if draft is None:
        return None
    sentences = [
        {
            "id": sentence_id(each.section.value, each.text),
            "section": each.section.value,
            "text": each.text,
            "hedge": each.hedge,
            "evidence": [_evidence(item) for item in each.evidence],
        }
        for each in draft.sentences
    ]
    return {"composer": draft.composer, "notice": draft.notice, "sentences": sentences}


def _evidence(evidence: Evidence) -> Json:
    return {
        "source": evidence.source,
        "finding": evidence.finding.value if evidence.finding else None,
        "probability": evidence.probability,
        "threshold": evidence.threshold,
        "days_before": evidence.days_before,
    }


def report_json(report: Report) -> Json:
    return {
        "version": report.version,
        "status": report.status.value,
        "etag": report.etag,
        "author_id": report.author_id,
        "amendment_reason": report.amendment_reason,
        "content": content_json(report.content),
        "signature": _signature(report.signature) if report.signature else None,
        "judged": [_act(each) for each in report.judged],
        "addenda": [{"text": each.text, "signature": _signature(each.signature)} for each in report.addenda],
    }


def _act(act: SentenceAct) -> Json:
    return {"sentence": act.sentence_id, "fate": act.fate.value, "by": act.by, "at": act.at.isoformat()}


def content_json(content: ReportContent) -> Json:
    return {
        "sections": [{"section": section.value, "text": words} for section, words in content.sections],
        "findings": [_report_finding(each) for each in content.findings],
    }


def _report_finding(finding: ReportFinding) -> Json:
    return {"name": finding.name.value, "present": finding.present, "laterality": finding.laterality}


def _signature(signature: Signature) -> Json:
    return {
        "signer_id": signature.signer_id,
        "signer_name": signature.signer_name,
        "role": signature.role,
        "meaning": signature.meaning,
        "signed_at": signature.signed_at.isoformat(),
        "content_sha256": signature.content_sha256,
    }


def delivery_json(delivery: Delivery) -> Json:
    return {
        "report_version": delivery.report_version,
        "sink": delivery.sink,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "receipt": delivery.receipt,
        "updated_at": delivery.updated_at.isoformat(),
    }


def instance_json(instance: Instance) -> Json:
    traits = instance.traits
    return {
        "instance_key": instance.instance_key,
        "modality": traits.modality,
        "view_position": traits.view_position,
        "body_part_examined": traits.body_part_examined,
        "rows": traits.rows,
        "columns": traits.columns,
        "has_pixel_data": traits.has_pixel_data,
        "pixel_spacing_mm": list(traits.pixel_spacing_mm) if traits.pixel_spacing_mm else None,
    }
