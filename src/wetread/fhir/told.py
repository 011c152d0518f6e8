"""A critical result as FHIR R4 Communications, for reading: each page as it stands, and what a person told whom (https://hl7.org/fhir/R4/communication.html). People are named by their accounts, patients by their number."""

from collections.abc import Iterable

from wetread.domain.critical import Communication, CriticalResult
from wetread.domain.page import Page, PageState, idempotency_key
from wetread.domain.study import PatientIdentity
from wetread.fhir.datatypes import Json, clean, dicom_uid_identifier, identifier, instant, patient_identifier, present

__all__ = ["communications"]

_STATUS = {PageState.QUEUED: "in-progress", PageState.SENT: "completed", PageState.OBSOLETE: "not-done"}
_MODES = {"phone": "PHONE", "in_person": "FACE", "secure_message": "ELECTRONIC", "video": "VIDEOCONF"}


def communications(
    result: CriticalResult, pages: Iterable[Page], identity: PatientIdentity, study_instance_uid: str, fallback_uid: str
) -> dict[str, Json]:
    """By id. `fallback_uid` names a patient without a number."""
    about = [{"type": "ImagingStudy", "identifier": dicom_uid_identifier(study_instance_uid)}]
    if accession := clean(identity.accession_number):
        about.append({"type": "ServiceRequest", "identifier": identifier("urn:wetread:accession", accession, "ACSN")})
    subject = {"type": "Patient", "identifier": patient_identifier(identity, "urn:wetread:mrn", fallback_uid)}
    category = "http://terminology.hl7.org/CodeSystem/communication-category"
    common: Json = {
        "resourceType": "Communication",
        "category": [{"coding": [{"system": category, "code": "alert"}]}],
        "priority": result.priority.value,
        "subject": subject,
        "topic": {"text": clean(result.reason) or "critical result"},
        "about": about,
    }
    found = {_id(result, page): {**common, **_page(result, page)} for page in pages}
    if result.communication:
        found[f"{result.study_key}.told"] = {**common, **_told(result, result.communication)}
    return {key: {"id": key, **each} for key, each in found.items()}


def _id(result: CriticalResult, page: Page) -> str:
    return f"{result.study_key}.{idempotency_key(page.page_key, '')}"


def _page(result: CriticalResult, page: Page) -> Json:
    taken = result.acknowledgement
    mine = taken is not None and taken.actor_id == page.person_id and page.state is PageState.SENT
    return present(
        identifier=[identifier("urn:wetread:page", idempotency_key(page.page_key, page.channel))],
        status=_STATUS[page.state],
        statusReason={"text": "somebody had acknowledged it"} if page.state is PageState.OBSOLETE else None,
        sent=instant(page.sent_at) if page.sent_at else None,
        received=instant(taken.acknowledged_at) if taken and mine else None,
        recipient=[_account(page.person_id)],
        payload=[{"contentString": clean(result.message) or "-"}],
        note=[{"text": "acknowledged, with read-back"}] if mine else [],
    )


def _told(result: CriticalResult, told: Communication) -> Json:
    """What a person did, in their own words."""
    medium = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode"
    heard = "read back correctly" if told.read_back_confirmed else "not read back, or not asked"
    words = f"{clean(result.reason)}: told to {clean(told.to_whom)}, {heard}"
    return present(
        status="completed",
        medium=[{"coding": [{"system": medium, "code": _MODES[told.how]}]}] if told.how in _MODES else [],
        sent=instant(told.communicated_at),
        sender=_account(told.actor_id),
        recipient=[{"display": clean(told.to_whom)}] if clean(told.to_whom) else [],
        payload=[{"contentString": words}],
    )


def _account(actor_id: str) -> Json:
    return {"type": "Practitioner", "identifier": identifier("urn:wetread:account", actor_id)}
