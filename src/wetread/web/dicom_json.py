"""Identity and header facts as DICOM JSON (PS3.18 annex F): tag, VR, value; an empty value is the VR alone."""

from collections.abc import Sequence

from wetread.ports.vault import VaultInstance, VaultStudy

__all__ = ["KEYWORDS", "DicomJson", "by_series", "instance_attributes", "series_attributes", "study_attributes"]

DicomJson = dict[str, dict[str, object]]

KEYWORDS = {
    "00080016": "SOPClassUID",
    "00080018": "SOPInstanceUID",
    "00080020": "StudyDate",
    "00080030": "StudyTime",
    "00080050": "AccessionNumber",
    "00080060": "Modality",
    "00080061": "ModalitiesInStudy",
    "00080090": "ReferringPhysicianName",
    "00100010": "PatientName",
    "00100020": "PatientID",
    "0020000D": "StudyInstanceUID",
    "0020000E": "SeriesInstanceUID",
    "00200010": "StudyID",
    "00200011": "SeriesNumber",
    "00200013": "InstanceNumber",
}


def study_attributes(study: VaultStudy) -> DicomJson:
    """PS3.18 table 10.6.3-3."""
    who = study.identity
    return {
        "00080005": _strings("CS", "ISO_IR 192"),
        "00080020": _strings("DA", who.study_date),
        "00080030": _strings("TM", who.study_time),
        "00080050": _strings("SH", who.accession_number),
        "00080056": _strings("CS", "ONLINE"),
        "00080061": _strings("CS", *study.modalities),
        "00080090": _name(who.referring_physician_name),
        "00081030": _strings("LO", who.study_description),
        "00100010": _name(who.patient_name),
        "00100020": _strings("LO", who.patient_id),
        "00100021": _strings("LO", who.issuer_of_patient_id),
        "00100030": _strings("DA", who.patient_birth_date),
        "00100040": _strings("CS", who.patient_sex.value if who.patient_sex.value != "U" else ""),
        "0020000D": _strings("UI", study.study_instance_uid),
        "00200010": _strings("SH", who.study_id),
        "00201206": {"vr": "IS", "Value": [study.number_of_series]},
        "00201208": {"vr": "IS", "Value": [study.number_of_instances]},
    }


def series_attributes(instances: Sequence[VaultInstance]) -> DicomJson:
    """PS3.18 table 10.6.3-4, of the instances of one series."""
    header = instances[0].header
    return {
        "00080005": _strings("CS", "ISO_IR 192"),
        "00080056": _strings("CS", "ONLINE"),
        "00080060": _strings("CS", header.traits.modality),
        "0008103E": _strings("LO", header.traits.series_description),
        "0020000D": _strings("UI", header.study_instance_uid),
        "0020000E": _strings("UI", header.series_instance_uid),
        "00200011": _integer(header.series_number),
        "00201209": {"vr": "IS", "Value": [len(instances)]},
    }


def instance_attributes(instance: VaultInstance) -> DicomJson:
    """PS3.18 table 10.6.3-5."""
    header, traits = instance.header, instance.header.traits
    return {
        "00080005": _strings("CS", "ISO_IR 192"),
        "00080016": _strings("UI", traits.sop_class_uid),
        "00080018": _strings("UI", header.sop_instance_uid),
        "00080056": _strings("CS", "ONLINE"),
        "00080060": _strings("CS", traits.modality),
        "00083002": _strings("UI", traits.transfer_syntax_uid),
        "0020000D": _strings("UI", header.study_instance_uid),
        "0020000E": _strings("UI", header.series_instance_uid),
        "00200013": _integer(header.instance_number),
        "00280008": {"vr": "IS", "Value": [traits.number_of_frames]} if traits.number_of_frames > 1 else {"vr": "IS"},
        "00280010": _count(traits.rows),
        "00280011": _count(traits.columns),
        "00280100": _count(traits.bits_allocated),
    }


def by_series(instances: Sequence[VaultInstance]) -> list[list[VaultInstance]]:
    """Instances grouped by series, in the order the series first appear."""
    series: dict[str, list[VaultInstance]] = {}
    for instance in instances:
        series.setdefault(instance.header.series_instance_uid, []).append(instance)
    return list(series.values())


def _strings(vr: str, *values: str) -> dict[str, object]:
    present = [value for value in values if value]
    return {"vr": vr, "Value": present} if present else {"vr": vr}


def _integer(text: str) -> dict[str, object]:
    digits = text.strip().removeprefix("+")
    is_integer = digits.removeprefix("-").isascii() and digits.removeprefix("-").isdigit()
    return {"vr": "IS", "Value": [int(digits)]} if is_integer else {"vr": "IS"}


def _count(value: int) -> dict[str, object]:
    return {"vr": "US", "Value": [value]} if value else {"vr": "US"}


def _name(text: str) -> dict[str, object]:
    """PS3.18 §F.2.2: the component groups of a PN by name."""
    groups = zip(("Alphabetic", "Ideographic", "Phonetic"), text.split("="), strict=False)
    value = {name: group for name, group in groups if group}
    return {"vr": "PN", "Value": [value]} if value else {"vr": "PN"}
