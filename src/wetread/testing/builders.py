"""One valid example of each noun; name what matters to the test, the rest is filled in. Nobody here is real."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from wetread.domain.analysis import (
    Analysis,
    Finding,
    HeatMaps,
    ModelIdentity,
    OperatingPoint,
    QualityFlag,
    Rate,
    Region,
)
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import InstanceKey, SeriesInstanceUID, SOPInstanceUID, StudyInstanceUID, StudyKey
from wetread.domain.job import JobKind, JobRequest
from wetread.domain.priority import Priority, TriageDecision
from wetread.domain.report import (
    Draft,
    Evidence,
    Report,
    ReportContent,
    ReportFinding,
    ReportStatus,
    Section,
    Sentence,
    Signature,
    content_hash,
)
from wetread.domain.study import (
    ImageTraits,
    Instance,
    InstanceHeader,
    PatientIdentity,
    Sex,
    Study,
    StudyTraits,
)
from wetread.domain.study_state import StudyState
from wetread.ports.vault import VaultInstance

__all__ = [
    "NOON",
    "STUDY_KEY",
    "a_decision",
    "a_draft",
    "a_finding",
    "a_header",
    "a_heat_map",
    "a_job_request",
    "a_report",
    "a_signature",
    "a_study",
    "a_vault_instance",
    "an_analysis",
    "an_identity",
    "an_instance",
    "image_traits",
]

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
STUDY_KEY = StudyKey("s" * 24)
_INSTANCE_KEY = InstanceKey("i" * 24)
_SHA256 = sha256(b"an instance").hexdigest()


def image_traits(**changes: Any) -> ImageTraits:
    """A frontal digital chest film."""
    facts: dict[str, Any] = {
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.1.1",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "modality": "DX",
        "body_part_examined": "CHEST",
        "view_position": "PA",
        "patient_orientation": ("L", "F"),
        "photometric_interpretation": "MONOCHROME2",
        "rows": 2500,
        "columns": 2048,
        "samples_per_pixel": 1,
        "bits_allocated": 16,
        "bits_stored": 12,
        "number_of_frames": 1,
        "manufacturer": "Phantom",
        "manufacturer_model_name": "P1",
        "series_description": "Chest PA",
        "image_type": ("ORIGINAL", "PRIMARY"),
        "burned_in_annotation": "NO",
        "pixel_spacing_mm": (0.139, 0.139),
        "has_pixel_data": True,
    }
    return ImageTraits(**facts | changes)


def an_identity(**changes: Any) -> PatientIdentity:
    facts: dict[str, Any] = {
        "patient_id": "PAT001",
        "issuer_of_patient_id": "HOSPITAL",
        "patient_name": "Doe^Jane",
        "patient_birth_date": "19700102",
        "patient_sex": Sex.FEMALE,
        "accession_number": "ACC001",
        "study_id": "1",
        "study_date": "20260302",
        "study_time": "113000",
        "study_description": "Chest PA",
        "referring_physician_name": "Roe^Richard",
    }
    return PatientIdentity(**facts | changes)


def a_header(**changes: Any) -> InstanceHeader:
    facts: dict[str, Any] = {
        "study_instance_uid": StudyInstanceUID("2.25.1"),
        "series_instance_uid": SeriesInstanceUID("2.25.1.1"),
        "sop_instance_uid": SOPInstanceUID("2.25.1.1.1"),
        "identity": an_identity(),
        "traits": image_traits(),
        "institution_name": "Hospital",
        "station_name": "ROOM1",
        "series_number": "1",
        "instance_number": "1",
        "patient_age_years": 56,
    }
    return InstanceHeader(**facts | changes)


def a_vault_instance(**changes: Any) -> VaultInstance:
    facts: dict[str, Any] = {
        "instance_key": _INSTANCE_KEY,
        "study_key": STUDY_KEY,
        "content_sha256": _SHA256,
        "header": a_header(),
    }
    return VaultInstance(**facts | changes)


def a_study(**changes: Any) -> Study:
    facts: dict[str, Any] = {
        "study_key": STUDY_KEY,
        "state": StudyState.ADMITTED,
        "revision": 1,
        "traits": StudyTraits(patient_age_years=56, patient_sex=Sex.FEMALE, site="north"),
        "received_at": NOON,
    }
    return Study(**facts | changes)


def an_instance(**changes: Any) -> Instance:
    facts: dict[str, Any] = {
        "instance_key": _INSTANCE_KEY,
        "study_key": STUDY_KEY,
        "content_sha256": _SHA256,
        "size_bytes": 10_240_000,
        "traits": image_traits(),
        "received_at": NOON,
    }
    return Instance(**facts | changes)


def a_finding(name: FindingName = FindingName.PNEUMOTHORAX, **changes: Any) -> Finding:
    """A called finding; pass `probability` to change that."""
    rate = Rate(0.9, 0.85, 0.94, 200)
    facts: dict[str, Any] = {
        "raw_score": 1.5,
        "probability": 0.82,
        "operating_point": OperatingPoint(0.5, "youden", rate, rate),
        "laterality": "left",
        "region": Region(100, 300, 1200, 1500),
    }
    return Finding(name=name, **facts | changes)


def a_heat_map(findings: int = 1) -> HeatMaps:
    """A grid of 2 x 2 zeros for each finding."""
    return HeatMaps(rows=2, columns=2, values=bytes(findings * 8), extent=Region(-226, 2726, 0, 2048))


def an_analysis(**changes: Any) -> Analysis:
    facts: dict[str, Any] = {
        "instance_key": _INSTANCE_KEY,
        "model": ModelIdentity("phantom-net", "1.0.0", _SHA256),
        "findings": (a_finding(),),
        "quality": (QualityFlag("view_unknown", "the view is not stated: check the header"),),
        "ood_score": 0.4,
        "ood_threshold": 1.0,
        "input_sha256": _SHA256,
        "analysed_at": NOON,
        "heat": a_heat_map(),
    }
    return Analysis(**facts | changes)


def a_decision(**changes: Any) -> TriageDecision:
    facts: dict[str, Any] = {
        "priority": Priority.STAT,
        "critical": True,
        "rule_id": "pneumothorax",
        "reason": "pneumothorax called",
        "policy_version": "1",
    }
    return TriageDecision(**facts | changes)


def a_draft(**changes: Any) -> Draft:
    evidence = Evidence("model", FindingName.PNEUMOTHORAX, 0.82, 0.5)
    facts: dict[str, Any] = {
        "sentences": (Sentence(Section.FINDINGS, "Left pneumothorax.", (evidence,), "above the operating point"),),
        "findings": (ReportFinding(FindingName.PNEUMOTHORAX, True, "left", 0.82),),
        "composer": "grammar/1",
        "notice": "Draft by software; not a report.",
    }
    return Draft(**facts | changes)


def _content() -> ReportContent:
    findings = (ReportFinding(FindingName.PNEUMOTHORAX, True, "left", 0.82),)
    return ReportContent(((Section.FINDINGS, "Left pneumothorax."), (Section.IMPRESSION, "Pneumothorax.")), findings)


def a_report(**changes: Any) -> Report:
    """An unsigned first version; pass `signature=a_signature()` and a final status for a signed one."""
    facts: dict[str, Any] = {
        "study_key": STUDY_KEY,
        "version": 1,
        "status": ReportStatus.PARTIAL,
        "content": _content(),
        "author_id": "dr.roe",
        "etag": 0,
    }
    return Report(**facts | changes)


def a_signature(content: ReportContent | None = None, **changes: Any) -> Signature:
    facts: dict[str, Any] = {
        "signer_id": "dr.roe",
        "signer_name": "Richard Roe",
        "role": "radiologist",
        "meaning": "I have read the images and approve this report.",
        "signed_at": NOON,
        "content_sha256": content_hash(content or _content()),
    }
    return Signature(**facts | changes)


def a_job_request(**changes: Any) -> JobRequest:
    facts: dict[str, Any] = {"kind": JobKind.ANALYSE, "study_key": STUDY_KEY, "dedupe_key": "analyse/1"}
    return JobRequest(**facts | changes)
