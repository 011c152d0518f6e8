"""Whose record it is: the one patient who has this number, and whether a resource is about that patient. In doubt it is somebody else's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from wetread.domain.study import PatientIdentity
from wetread.fhir.bounded_http import Budget
from wetread.fhir.datatypes import Json, clean, search_token
from wetread.fhir.record_server import RecordServer
from wetread.fhir.record_values import days_of, objects, text_of

__all__ = ["FoundPatient", "find_patient", "is_of", "names_patient"]

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
_REFERENCE = re.compile(r"Patient/([A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class FoundPatient:
    """One Patient resource of one server, and the number it was found by."""

    base_url: str
    logical_id: str
    system: str
    number: str


def find_patient(
    server: RecordServer, identity: PatientIdentity, systems: Mapping[str, str], budget: Budget
) -> FoundPatient | str:
    """The patient, or in words why there is no telling: no number, no system for its issuer, nobody, several, or somebody born on another day."""
    number, system = clean(identity.patient_id), systems.get(clean(identity.issuer_of_patient_id), "")
    if not number:
        return "the film carries no patient number: the record was not asked"
    if not system:
        return "no identifier system is set for the issuer of this patient's number (record_patient_systems): the record was not asked"
    page = server.find("Patient", {"identifier": search_token(system, number), "_count": "10"}, budget)
    found = [each for each in page.matches if _has_number(each, system, number)]
    if page.following or len(found) > 1:
        return "the record has this patient's number more than once: not used"
    if not found:
        return "the record does not know this patient"
    if _born_otherwise(found[0], identity):
        return "the record's patient with this number was born on another day: not used"
    return FoundPatient(server.base_url, text_of(found[0].get("id"), 64), system, number)


def _has_number(resource: Json, system: str, number: str) -> bool:
    """A living resource that carries the number now: neither merged into another nor inactive, the number not an old one."""
    if resource.get("resourceType") != "Patient" or not _ID.fullmatch(text_of(resource.get("id"), 65)):
        return False
    merged = any(each.get("type") == "replaced-by" for each in objects(resource.get("link")))
    numbers = (each for each in objects(resource.get("identifier")) if each.get("use") != "old")
    same = any((text_of(each.get("system")), text_of(each.get("value"))) == (system, number) for each in numbers)
    return same and not merged and resource.get("active") is not False


def _born_otherwise(resource: Json, identity: PatientIdentity) -> bool:
    """Only two known days can differ; a birth date of a year or a month differs when the day is outside."""
    theirs, written = days_of(resource.get("birthDate")), identity.patient_birth_date
    ours = days_of(f"{written[:4]}-{written[4:6]}-{written[6:]}")
    if not (theirs and ours and theirs.first and theirs.last and ours.first):
        return False
    return not theirs.first <= ours.first <= theirs.last


def is_of(resource: Json, patient: FoundPatient) -> bool:
    """By `subject`, or `patient` where a resource has that."""
    return names_patient(resource.get("subject") or resource.get("patient"), patient)


def names_patient(reference: object, patient: FoundPatient) -> bool:
    """A relative or absolute reference to the patient at that server, or without one the patient's number itself."""
    if not isinstance(reference, dict):
        return False
    where = text_of(reference.get("reference"), 500)
    if where:
        found = _REFERENCE.fullmatch(where.removeprefix(f"{patient.base_url}/"))
        return found is not None and found[1] == patient.logical_id
    named = reference.get("identifier")
    return isinstance(named, dict) and (text_of(named.get("system")), text_of(named.get("value"))) == (
        patient.system,
        patient.number,
    )
