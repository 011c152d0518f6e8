"""What every object we make takes over from the film, and how it becomes a Part 10 file (PS3.3 C.7, C.12.1; PS3.10 §7).

Patient and study attributes are copied as received: the object must land in the same patient and study of the archive, even where the sender's value is odd.
Dates and times are those of the signature in the time zone of `now`, so that encoding the same version twice gives the same bytes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from pydicom import Dataset, config, dcmwrite
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from wetread import __version__
from wetread.domain.finding import Code, FindingName
from wetread.domain.identifiers import derived_uid
from wetread.domain.report import Report, content_hash
from wetread.domain.study import Sex
from wetread.ports.sink import ReportPackage
from wetread.ports.vault import VaultInstance

__all__ = [
    "OurSeries",
    "clean_text",
    "coded_item",
    "document_time",
    "encode_part10",
    "new_dataset",
    "person_name",
    "predecessor_document",
    "reference",
    "references",
    "report_uid",
    "set_verbatim",
    "short_text",
    "tracking_uid",
]

_LONGEST_CODE = 16  # VR SH
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


def clean_text(text: str) -> str:
    """Text fit for VR UT in ISO_IR 192: control characters and lone surrogates become U+FFFD, lines end in CR LF (PS3.5 §6.1.3), no trailing space."""
    encodable = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    lines = _CONTROL.sub("\ufffd", encodable).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\r\n".join(lines).rstrip()


def short_text(text: str) -> str:
    """Text for VR LO: one line without backslashes, at most 64 bytes, as many readers count bytes where the standard counts characters."""
    line = " ".join(clean_text(text).replace("\\", " ").split())
    return line.encode()[:64].decode("utf-8", "ignore").rstrip()


def person_name(name: str) -> str:
    """A display name as VR PN (PS3.5 §6.2.1): a name without carets is all family name, as we cannot know its parts."""
    components = short_text(name.replace("=", " ")).split("^")[:5]
    return "^".join(components) if len(components) > 1 else f"{components[0][:63]}^"


def document_time(package: ReportPackage, now: datetime) -> datetime:
    """When the content came to be: the last signature, or `now` for an unsigned draft; in the zone of `now`."""
    signed_at = package.report.signed_at
    return signed_at.astimezone(now.tzinfo) if signed_at else now


def set_verbatim(dataset: Dataset, keyword: str, value: str) -> None:
    """Store `value` without judging it; only control characters, which no VR allows, are replaced."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword} is not a DICOM keyword")
    cleaned = clean_text(value).replace("\r\n", " ")
    dataset.add(DataElement(tag, dictionary_VR(tag), cleaned, validation_mode=config.IGNORE))


@dataclass(frozen=True, slots=True)
class OurSeries:
    """Series-level attributes of an object made here."""

    modality: str
    series_instance_uid: str
    series_number: int
    series_description: str


def new_dataset(
    package: ReportPackage, series: OurSeries, sop_class_uid: str, sop_instance_uid: str, when: datetime
) -> Dataset:
    """Patient, General Study, General Series, General Equipment and SOP Common modules of an object derived from the package's film."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    _copy_identity(dataset, package)
    dataset.StudyInstanceUID = package.study.study_instance_uid
    dataset.Modality = series.modality
    dataset.SeriesInstanceUID = series.series_instance_uid
    dataset.SeriesNumber = series.series_number
    dataset.SeriesDescription = series.series_description
    dataset.Manufacturer = "wetread"
    dataset.ManufacturerModelName = "wetread"
    dataset.SoftwareVersions = __version__
    dataset.SOPClassUID = sop_class_uid
    dataset.SOPInstanceUID = sop_instance_uid
    dataset.InstanceNumber = package.report.version
    dataset.InstanceCreationDate = dataset.ContentDate = f"{when:%Y%m%d}"
    dataset.InstanceCreationTime = dataset.ContentTime = f"{when:%H%M%S.%f}"
    return dataset


def _copy_identity(dataset: Dataset, package: ReportPackage) -> None:
    identity = package.study.identity
    type_2 = {
        "PatientID": identity.patient_id,
        "PatientName": identity.patient_name,
        "PatientBirthDate": identity.patient_birth_date,
        "PatientSex": "" if identity.patient_sex is Sex.UNKNOWN else identity.patient_sex.value,
        "AccessionNumber": identity.accession_number,
        "StudyID": identity.study_id,
        "StudyDate": identity.study_date,
        "StudyTime": identity.study_time,
        "ReferringPhysicianName": identity.referring_physician_name,
    }
    type_3 = {
        "IssuerOfPatientID": identity.issuer_of_patient_id,
        "StudyDescription": identity.study_description,
        "InstitutionName": package.read_instance.header.institution_name,
    }
    for keyword, value in (*type_2.items(), *((k, v) for k, v in type_3.items() if v)):
        set_verbatim(dataset, keyword, value)


def references(instances: Iterable[VaultInstance]) -> list[Dataset]:
    """Items of the Hierarchical SOP Instance Reference Macro (PS3.3 table C.17-3): study, series, instance."""
    studies: dict[str, dict[str, dict[str, str]]] = {}
    for each in instances:
        header = each.header
        series = studies.setdefault(header.study_instance_uid, {}).setdefault(header.series_instance_uid, {})
        series[header.sop_instance_uid] = header.traits.sop_class_uid
    return [_reference_study(uid, series) for uid, series in studies.items()]


def _reference_study(study_instance_uid: str, series: dict[str, dict[str, str]]) -> Dataset:
    study = Dataset()
    study.StudyInstanceUID = study_instance_uid
    study.ReferencedSeriesSequence = []
    for series_instance_uid, instances in series.items():
        item = Dataset()
        item.SeriesInstanceUID = series_instance_uid
        item.ReferencedSOPSequence = [reference(sop_class, uid) for uid, sop_class in instances.items()]
        study.ReferencedSeriesSequence.append(item)
    return study


def reference(sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    """SOP Instance Reference Macro (PS3.3 table 10-11)."""
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class_uid
    item.ReferencedSOPInstanceUID = sop_instance_uid
    return item


def predecessor_document(package: ReportPackage, series_instance_uid: str, sop_instance: Dataset) -> Dataset:
    """Hierarchical SOP Instance Reference to the document of the version before, in the same series of the same study."""
    series = Dataset()
    series.SeriesInstanceUID = series_instance_uid
    series.ReferencedSOPSequence = [sop_instance]
    study = Dataset()
    study.StudyInstanceUID = package.study.study_instance_uid
    study.ReferencedSeriesSequence = [series]
    return study


def coded_item(code: Code) -> Dataset:
    """Code Sequence Macro (PS3.3 table 8.8-1)."""
    item = Dataset()
    setattr(item, "CodeValue" if len(code.value) <= _LONGEST_CODE else "LongCodeValue", code.value)
    item.CodingSchemeDesignator, item.CodeMeaning = code.scheme, code.meaning
    return item


def report_uid(package: ReportPackage, report: Report, kind: str) -> str:
    """The SOP Instance UID of one kind of object made of one version of a report: a repeated delivery is the same object."""
    words = str(report.version), report.status, content_hash(report.content)
    return derived_uid(package.uid_seed, kind, package.study_key, *words)


def tracking_uid(package: ReportPackage, finding: FindingName) -> str:
    """What says in every object made of this study that the same finding is meant (PS3.16 TID 1410, PS3.3 C.8.20.2)."""
    return derived_uid(package.uid_seed, "tracking", package.study_key, finding)


def encode_part10(dataset: Dataset) -> bytes:
    """The dataset as a Part 10 file, Explicit VR Little Endian."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()
