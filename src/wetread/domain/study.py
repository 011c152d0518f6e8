"""What arrives (instances and who they are of) and what we keep of it without identity (studies)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from wetread.domain.finding import Code
from wetread.domain.identifiers import (
    InstanceKey,
    SeriesInstanceUID,
    SOPInstanceUID,
    StudyInstanceUID,
    StudyKey,
)
from wetread.domain.priority import Priority
from wetread.domain.study_state import StudyState

__all__ = [
    "ImageTraits",
    "Indication",
    "Instance",
    "InstanceHeader",
    "PatientIdentity",
    "ProcedureStep",
    "Sex",
    "Study",
    "StudyTraits",
    "made_by_us",
]

_OURS = "wetread"


class Sex(StrEnum):
    """PatientSex (0010,0040) plus the honest fourth answer."""

    FEMALE = "F"
    MALE = "M"
    OTHER = "O"
    UNKNOWN = "U"


@dataclass(frozen=True, slots=True)
class PatientIdentity:
    """Everything that says who and when; it lives in the vault only (law 4). Strings are as sent, trimmed."""

    patient_id: str
    issuer_of_patient_id: str
    patient_name: str
    patient_birth_date: str
    patient_sex: Sex
    accession_number: str
    study_id: str
    study_date: str
    study_time: str
    study_description: str
    referring_physician_name: str


@dataclass(frozen=True, slots=True)
class ImageTraits:
    """The non-identifying header facts that decide suitability. Empty string or 0 means absent."""

    sop_class_uid: str
    transfer_syntax_uid: str
    modality: str
    body_part_examined: str
    view_position: str
    patient_orientation: tuple[str, ...]
    photometric_interpretation: str
    rows: int
    columns: int
    samples_per_pixel: int
    bits_allocated: int
    bits_stored: int
    number_of_frames: int
    manufacturer: str
    manufacturer_model_name: str
    series_description: str
    image_type: tuple[str, ...]
    burned_in_annotation: str
    pixel_spacing_mm: tuple[float, float] | None
    has_pixel_data: bool


@dataclass(frozen=True, slots=True)
class Indication:
    """Why the film was asked for, as the header says it: free text that may name anybody, and coded entries of any scheme. It stays in the vault until it is scrubbed."""

    text: str = ""
    codes: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class ProcedureStep:
    """When the step began that made the series, and which request it answers (PS3.3 §C.4.13, §10.6; the first request of several). An order's numbers: they stay in the vault."""

    start_date: str = ""
    start_time: str = ""
    requested_procedure_id: str = ""
    scheduled_step_id: str = ""


@dataclass(frozen=True, slots=True)
class InstanceHeader:
    """One SOP instance, parsed once in the sandbox: identifiers, identity, traits, and where it came from."""

    study_instance_uid: StudyInstanceUID
    series_instance_uid: SeriesInstanceUID
    sop_instance_uid: SOPInstanceUID
    identity: PatientIdentity
    traits: ImageTraits
    institution_name: str
    station_name: str
    series_number: str
    instance_number: str
    patient_age_years: int | None
    specific_character_set: tuple[str, ...] = field(default=())
    institutional_department_name: str = ""
    indication: Indication = field(default=Indication())
    procedure_step: ProcedureStep = field(default=ProcedureStep())
    timezone_offset_from_utc: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """An admitted instance as the working rooms know it: pseudonymous keys and the content address of its bytes."""

    instance_key: InstanceKey
    study_key: StudyKey
    content_sha256: str
    size_bytes: int
    traits: ImageTraits
    received_at: datetime


@dataclass(frozen=True, slots=True)
class StudyTraits:
    """De-identified facts of a study for triage, subgroups and the worklist. Age is capped at 90 (HIPAA safe harbour)."""

    patient_age_years: int | None
    patient_sex: Sex
    site: str


@dataclass(frozen=True, slots=True)
class Study:
    """The working row of one study. `revision` counts re-reads after late instances; `reason` explains REJECTED or AI_UNAVAILABLE."""

    study_key: StudyKey
    state: StudyState
    revision: int
    traits: StudyTraits
    received_at: datetime
    priority: Priority = Priority.ROUTINE
    critical: bool = False
    reason: str = ""


def made_by_us(traits: ImageTraits) -> bool:
    """True for the reports and heat maps that we deliver and an archive may send back (PS3.3 C.7.5.1, Manufacturer)."""
    return traits.manufacturer.strip().lower() == _OURS
