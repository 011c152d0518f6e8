"""Identity and header facts as DICOM JSON (PS3.18 annex F): tag, VR, value; an empty value is the VR alone."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from wetread.ports.vault import VaultInstance, VaultSeries, VaultStudy

__all__ = [
    "ATTRIBUTES",
    "INSTANCE_EXTRAS",
    "KEYWORDS",
    "SERIES_EXTRAS",
    "Attribute",
    "DicomJson",
    "instance_attributes",
    "keyword_of",
    "series_attributes",
    "study_attributes",
]

DicomJson = dict[str, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Attribute:
    tag: str
    vr: str


ATTRIBUTES = {
    keyword: Attribute(tag, vr)
    for tag, vr, keyword in (
        ("00080005", "CS", "SpecificCharacterSet"),
        ("00080008", "CS", "ImageType"),
        ("00080016", "UI", "SOPClassUID"),
        ("00080018", "UI", "SOPInstanceUID"),
        ("00080020", "DA", "StudyDate"),
        ("00080030", "TM", "StudyTime"),
        ("00080050", "SH", "AccessionNumber"),
        ("00080056", "CS", "InstanceAvailability"),
        ("00080060", "CS", "Modality"),
        ("00080061", "CS", "ModalitiesInStudy"),
        ("00080070", "LO", "Manufacturer"),
        ("00080080", "LO", "InstitutionName"),
        ("00080090", "PN", "ReferringPhysicianName"),
        ("00080201", "SH", "TimezoneOffsetFromUTC"),
        ("00081010", "SH", "StationName"),
        ("00081030", "LO", "StudyDescription"),
        ("0008103E", "LO", "SeriesDescription"),
        ("00081040", "LO", "InstitutionalDepartmentName"),
        ("00081090", "LO", "ManufacturerModelName"),
        ("00081190", "UR", "RetrieveURL"),
        ("00083002", "UI", "AvailableTransferSyntaxUID"),
        ("00100010", "PN", "PatientName"),
        ("00100020", "LO", "PatientID"),
        ("00100021", "LO", "IssuerOfPatientID"),
        ("00100030", "DA", "PatientBirthDate"),
        ("00100040", "CS", "PatientSex"),
        ("00180015", "CS", "BodyPartExamined"),
        ("00185101", "CS", "ViewPosition"),
        ("0020000D", "UI", "StudyInstanceUID"),
        ("0020000E", "UI", "SeriesInstanceUID"),
        ("00200010", "SH", "StudyID"),
        ("00200011", "IS", "SeriesNumber"),
        ("00200013", "IS", "InstanceNumber"),
        ("00200020", "CS", "PatientOrientation"),
        ("00201206", "IS", "NumberOfStudyRelatedSeries"),
        ("00201208", "IS", "NumberOfStudyRelatedInstances"),
        ("00201209", "IS", "NumberOfSeriesRelatedInstances"),
        ("00280002", "US", "SamplesPerPixel"),
        ("00280004", "CS", "PhotometricInterpretation"),
        ("00280008", "IS", "NumberOfFrames"),
        ("00280010", "US", "Rows"),
        ("00280011", "US", "Columns"),
        ("00280100", "US", "BitsAllocated"),
        ("00280101", "US", "BitsStored"),
        ("00280301", "CS", "BurnedInAnnotation"),
        ("00400009", "SH", "ScheduledProcedureStepID"),
        ("00400244", "DA", "PerformedProcedureStepStartDate"),
        ("00400245", "TM", "PerformedProcedureStepStartTime"),
        ("00400275", "SQ", "RequestAttributesSequence"),
        ("00401001", "SH", "RequestedProcedureID"),
    )
}
"""Everything that a search here can match or return."""

KEYWORDS = {each.tag: keyword for keyword, each in ATTRIBUTES.items()}


def keyword_of(tag: str) -> str:
    """ "" for a tag that no search here returns."""
    return KEYWORDS.get(tag, "")


SERIES_EXTRAS: dict[str, Callable[[VaultInstance], object]] = {
    "BodyPartExamined": lambda each: each.header.traits.body_part_examined,
    "InstitutionName": lambda each: each.header.institution_name,
    "InstitutionalDepartmentName": lambda each: each.header.institutional_department_name,
    "Manufacturer": lambda each: each.header.traits.manufacturer,
    "ManufacturerModelName": lambda each: each.header.traits.manufacturer_model_name,
    "StationName": lambda each: each.header.station_name,
}
"""Given with a series, or an instance, for `includefield`."""

INSTANCE_EXTRAS: dict[str, Callable[[VaultInstance], object]] = {
    "BitsStored": lambda each: each.header.traits.bits_stored,
    "BurnedInAnnotation": lambda each: each.header.traits.burned_in_annotation,
    "ImageType": lambda each: each.header.traits.image_type,
    "PatientOrientation": lambda each: each.header.traits.patient_orientation,
    "PhotometricInterpretation": lambda each: each.header.traits.photometric_interpretation,
    "SamplesPerPixel": lambda each: each.header.traits.samples_per_pixel,
    "ViewPosition": lambda each: each.header.traits.view_position,
}


def study_attributes(study: VaultStudy, base_url: str = "") -> DicomJson:
    """PS3.18 table 10.6.3-3, with description and issuer; the timezone of a study is not known. No RetrieveURL without `base_url` (".../dicom-web")."""
    who = study.identity
    return _elements(
        {
            "SpecificCharacterSet": "ISO_IR 192",
            "StudyDate": who.study_date,
            "StudyTime": who.study_time,
            "AccessionNumber": who.accession_number,
            "InstanceAvailability": "ONLINE",
            "ModalitiesInStudy": study.modalities,
            "ReferringPhysicianName": who.referring_physician_name,
            "StudyDescription": who.study_description,
            **_at(base_url, "studies", study.study_instance_uid),
            "PatientName": who.patient_name,
            "PatientID": who.patient_id,
            "IssuerOfPatientID": who.issuer_of_patient_id,
            "PatientBirthDate": who.patient_birth_date,
            "PatientSex": who.patient_sex.value if who.patient_sex.value != "U" else "",
            "StudyInstanceUID": study.study_instance_uid,
            "StudyID": who.study_id,
            "NumberOfStudyRelatedSeries": study.number_of_series,
            "NumberOfStudyRelatedInstances": study.number_of_instances,
        }
    )


def series_attributes(series: VaultSeries, base_url: str = "", extras: Iterable[str] = ()) -> DicomJson:
    """PS3.18 table 10.6.3-4, and of SERIES_EXTRAS what is asked for."""
    header = series.first.header
    step = header.procedure_step
    place = ("studies", header.study_instance_uid, "series", header.series_instance_uid)
    request = {"ScheduledProcedureStepID": step.scheduled_step_id, "RequestedProcedureID": step.requested_procedure_id}
    return _elements(
        {
            "SpecificCharacterSet": "ISO_IR 192",
            "InstanceAvailability": "ONLINE",
            "Modality": header.traits.modality,
            **_timezone(series.first),
            "SeriesDescription": header.traits.series_description,
            **_at(base_url, *place),
            "StudyInstanceUID": header.study_instance_uid,
            "SeriesInstanceUID": header.series_instance_uid,
            "SeriesNumber": header.series_number,
            "NumberOfSeriesRelatedInstances": series.number_of_instances,
            "PerformedProcedureStepStartDate": step.start_date,
            "PerformedProcedureStepStartTime": step.start_time,
            "RequestAttributesSequence": [request] if any(request.values()) else [],
            **{name: SERIES_EXTRAS[name](series.first) for name in extras if name in SERIES_EXTRAS},
        }
    )


def instance_attributes(instance: VaultInstance, base_url: str = "", extras: Iterable[str] = ()) -> DicomJson:
    """PS3.18 table 10.6.3-5, with modality and stored transfer syntax, and of both EXTRAS what is asked for. Image attributes of what has no pixels are empty."""
    header, traits = instance.header, instance.header.traits
    place = ("studies", header.study_instance_uid, "series", header.series_instance_uid, "instances")
    known = {**SERIES_EXTRAS, **INSTANCE_EXTRAS}
    return _elements(
        {
            "SpecificCharacterSet": "ISO_IR 192",
            "SOPClassUID": traits.sop_class_uid,
            "SOPInstanceUID": header.sop_instance_uid,
            "InstanceAvailability": "ONLINE",
            "Modality": traits.modality,
            **_timezone(instance),
            **_at(base_url, *place, header.sop_instance_uid),
            "AvailableTransferSyntaxUID": traits.transfer_syntax_uid,
            "StudyInstanceUID": header.study_instance_uid,
            "SeriesInstanceUID": header.series_instance_uid,
            "InstanceNumber": header.instance_number,
            "NumberOfFrames": traits.number_of_frames if traits.number_of_frames > 1 else 0,
            "Rows": traits.rows,
            "Columns": traits.columns,
            "BitsAllocated": traits.bits_allocated,
            **{name: known[name](instance) for name in extras if name in known},
        }
    )


def _at(base_url: str, *place: str) -> dict[str, object]:
    return {"RetrieveURL": "/".join((base_url, *place))} if base_url else {}


def _timezone(instance: VaultInstance) -> dict[str, object]:
    offset = instance.header.timezone_offset_from_utc
    return {"TimezoneOffsetFromUTC": offset} if offset else {}


def _elements(values: Mapping[str, object]) -> DicomJson:
    """By tag, in ascending order."""
    found = {ATTRIBUTES[keyword].tag: _element(ATTRIBUTES[keyword].vr, value) for keyword, value in values.items()}
    return dict(sorted(found.items()))


def _element(vr: str, value: object) -> dict[str, object]:
    given = list(value) if isinstance(value, (list, tuple)) else [value]
    shown = [each for each in (_value(vr, one) for one in given) if each is not None]
    return {"vr": vr, "Value": shown} if shown else {"vr": vr}


def _value(vr: str, value: object) -> object:
    """None for an empty value."""
    if vr == "SQ":
        return _elements(value) if isinstance(value, dict) else None
    if vr == "IS" and isinstance(value, str):
        return _integer(value)
    if vr == "PN":
        return _name(str(value)) or None
    return value or None


def _integer(text: str) -> int | None:
    digits = text.strip().removeprefix("+")
    is_integer = digits.removeprefix("-").isascii() and digits.removeprefix("-").isdigit()
    return int(digits) if is_integer else None


def _name(text: str) -> dict[str, str]:
    """PS3.18 §F.2.2: the component groups of a PN by name."""
    groups = zip(("Alphabetic", "Ideographic", "Phonetic"), text.split("="), strict=False)
    return {name: group for name, group in groups if group}
