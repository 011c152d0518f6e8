"""A page as a FHIR R4 Communication (https://hl7.org/fhir/R4/communication.html), created only where no other has its identifier, so that a repeat is one resource."""

import json
import re
from collections.abc import Mapping
from typing import Protocol

from wetread.domain.errors import PermanentError
from wetread.domain.page import PageMessage, PagePatient, refuse_identity
from wetread.fhir.datatypes import (
    Json,
    clean,
    dicom_uid_identifier,
    identifier,
    instant,
    patient_number,
    present,
    search_identifier,
)

__all__ = ["FhirNotifier", "Poster", "to_communication"]

_KEY_SYSTEM = "urn:wetread:page"
_REFERENCE = re.compile(r"[A-Z][A-Za-z]{1,40}/[A-Za-z0-9.-]{1,64}", re.ASCII)
_LONGEST = 100_000
_RECIPIENTS = ("CareTeam", "Device", "Group", "HealthcareService", "Organization", "Practitioner", "PractitionerRole")


class Poster(Protocol):
    """Posts a body to the server's Communication endpoint; answers the 2xx status or raises TransientError or PermanentError."""

    def post(self, body: bytes, headers: Mapping[str, str]) -> int: ...


class FhirNotifier:
    """`authorization` is the value of that header. The address is a reference ('Practitioner/12') or an identifier ('system|value')."""

    def __init__(
        self,
        name: str,
        poster: Poster,
        *,
        authorization: str = "",
        carries_phi: bool = False,
        patient_system: str = "urn:wetread:mrn",
    ) -> None:
        self.name = name
        self.carries_phi = carries_phi
        self._poster = poster
        self._patient_system = patient_system
        self._headers = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
        if authorization:
            self._headers["Authorization"] = authorization

    def send(self, message: PageMessage, address: str, key: str) -> str:
        refuse_identity(message, carries_phi=self.carries_phi)
        resource = to_communication(message, address, key, self._patient_system)
        condition = search_identifier("Communication", identifier(_KEY_SYSTEM, key)).partition("?")[2]
        body = json.dumps(resource, ensure_ascii=False).encode()
        status = self._poster.post(body, self._headers | {"If-None-Exist": condition, "Prefer": "return=minimal"})
        return f"Communication {'created' if status == 201 else 'known already'} (HTTP {status})"


def to_communication(message: PageMessage, address: str, key: str, patient_system: str = "urn:wetread:mrn") -> Json:
    """Completed: it has been said; whether anybody took it up is not this resource's to know."""
    patient = message.patient
    return present(
        resourceType="Communication",
        identifier=[identifier(_KEY_SYSTEM, key)],
        status="completed",
        category=[
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/communication-category", "code": "alert"}]}
        ],
        priority=message.priority.value,
        subject=_subject(patient, patient_system) if patient else None,
        topic={"text": clean(message.title) or "wetread"},
        about=[_logical("ImagingStudy", dicom_uid_identifier(patient.study_instance_uid))] if patient else [],
        sent=instant(message.sent_at),
        recipient=[_recipient(address)],
        payload=[{"contentString": clean(text)[:_LONGEST] or "-"} for text in (message.body, message.link)],
        note=[{"text": "Sent by wetread, an assistive research tool, not a cleared device. AI may be wrong."}],
    )


def _subject(patient: PagePatient, system: str) -> Json | None:
    number = patient_number(patient.patient_id, patient.issuer_of_patient_id, system)
    return (
        _logical("Patient", number) | present(display=clean(patient.patient_name.replace("^", " "))) if number else None
    )


def _recipient(address: str) -> Json:
    kind = address.partition("/")[0]
    if _REFERENCE.fullmatch(address) and kind in _RECIPIENTS:
        return {"reference": address}
    system, bar, value = address.partition("|")
    if bar and value.strip() and re.fullmatch(r"[a-z][a-z0-9+.-]*:\S+", system, re.ASCII):
        return {"identifier": identifier(system, value)}
    raise PermanentError(
        "this is neither a FHIR reference such as Practitioner/12 nor system|value: check the roster",
        code="bad_address",
    )


def _logical(kind: str, named: Json) -> Json:
    return {"type": kind, "identifier": named}
