"""DICOM and domain values as FHIR R4 datatypes: codings, identifiers, names, dates (https://hl7.org/fhir/R4/datatypes.html).

Resources are plain JSON objects; an absent value is left out, as FHIR allows neither empty strings nor nulls.
"""

import re
from datetime import date, datetime
from hashlib import sha256
from typing import Literal
from urllib.parse import quote
from uuid import UUID, uuid5

from wetread.domain.finding import Code, FindingName, concept
from wetread.domain.identifiers import derived_uid
from wetread.domain.study import PatientIdentity

__all__ = [
    "OWN_SYSTEM",
    "FhirVersion",
    "Json",
    "clean",
    "codeable",
    "coding",
    "dicom_uid_identifier",
    "finding_concept",
    "full_url",
    "human_name",
    "identifier",
    "instant",
    "own_identifier",
    "patient_identifier",
    "patient_number",
    "present",
    "report_identifier",
    "search_identifier",
    "search_token",
    "study_day",
]

FhirVersion = Literal["R4", "R5"]
Json = dict[str, object]

OWN_SYSTEM = "urn:wetread:codes"
_SYSTEMS = {
    "SCT": "http://snomed.info/sct",
    "LN": "http://loinc.org",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "RADLEX": "http://radlex.org",
    "99WETREAD": OWN_SYSTEM,
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def clean(text: str) -> str:
    """Text as a FHIR string: control characters and lone surrogates become U+FFFD, outer white space goes."""
    encodable = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return _CONTROL.sub("\ufffd", encodable).strip()


def present(**values: object) -> Json:
    """A JSON object of the values that are there; a trailing underscore in a name is dropped (`class_`)."""
    return {key.rstrip("_"): value for key, value in values.items() if value not in (None, "", [], {})}


def coding(code: Code) -> Json:
    return {"system": _SYSTEMS[code.scheme], "code": code.value, "display": code.meaning}


def codeable(*codes: Code, text: str = "") -> Json:
    return present(coding=[coding(each) for each in codes], text=text)


def finding_concept(name: FindingName) -> Json:
    known = concept(name)
    return codeable(*known.codes, text=known.display)


def identifier(system: str, value: str, type_code: str = "") -> Json:
    """`type_code` is a code of HL7 table 0203, for example MR or ACSN."""
    kind = [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": type_code}] if type_code else []
    return present(type={"coding": kind} if kind else None, system=system, value=clean(value))


def dicom_uid_identifier(uid: str) -> Json:
    """A DICOM UID as R4 ImagingStudy.identifier writes it."""
    return identifier("urn:dicom:uid", f"urn:oid:{uid}")


def own_identifier(uid_seed: bytes, study_key: str, *parts: str) -> Json:
    """What we say of a study is known by this on every FHIR server that we send it to."""
    return identifier("urn:ietf:rfc:3986", f"urn:oid:{derived_uid(uid_seed, 'fhir', study_key, *parts)}")


def report_identifier(uid_seed: bytes, study_key: str) -> Json:
    return own_identifier(uid_seed, study_key, "report")


def search_identifier(resource_type: str, named: Json) -> str:
    """The conditional query `Type?identifier=system|value`, percent-encoded."""
    return f"{resource_type}?identifier=" + quote(search_token(str(named["system"]), str(named["value"])), safe="")


def search_token(system: str, value: str) -> str:
    """`system|value` as a search parameter's value, escaped (R4 search §3.1.1.4: a bare comma would mean "or")."""
    return "|".join(re.sub(r"([\\,|$])", r"\\\1", part) for part in (system, value))


def full_url(uid_seed: bytes, *parts: str) -> str:
    """A urn:uuid that is the same for the same seed and parts."""
    namespace = UUID(bytes=sha256(b"fhir\0" + uid_seed).digest()[:16])
    return uuid5(namespace, "\0".join(parts)).urn


def human_name(person_name: str) -> Json:
    """A DICOM person name (PS3.5 §6.2.1), alphabetic group, as HumanName."""
    parts = [clean(part) for part in person_name.split("=")[0].split("^")]
    family, given, middle, prefix, suffix = (*parts, "", "", "", "", "")[:5]
    words = [each for each in (prefix, given, middle, family, suffix) if each]
    return present(
        text=" ".join(words),
        family=family,
        given=[each for each in (given, middle) if each],
        prefix=[prefix] if prefix else [],
        suffix=[suffix] if suffix else [],
    )


def study_day(dicom_date: str) -> str | None:
    """YYYYMMDD as a FHIR date; None when it is no date. A study's time has no zone in DICOM, so FHIR gets the day alone."""
    try:
        return date.fromisoformat(dicom_date).isoformat() if re.fullmatch(r"\d{8}", dicom_date, re.ASCII) else None
    except ValueError:
        return None


def instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def patient_identifier(identity: PatientIdentity, system: str, fallback_uid: str) -> Json:
    """The patient's number in its issuer's name space, or a name of our own for a study that came without one."""
    named = patient_number(identity.patient_id, identity.issuer_of_patient_id, system)
    return named or identifier("urn:ietf:rfc:3986", f"urn:oid:{fallback_uid}")


def patient_number(patient_id: str, issuer_of_patient_id: str, system: str) -> Json | None:
    """The patient's number in its issuer's name space; None without a number."""
    number, issuer = clean(patient_id), clean(issuer_of_patient_id)
    return identifier(f"{system}:{quote(issuer, safe='')}" if issuer else system, number, "MR") if number else None
