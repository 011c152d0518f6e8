"""A FHIR R4 ServiceRequest as an order, a Task as a request for a read (https://hl7.org/fhir/R4/servicerequest.html). What does not fit is refused by a code that quotes nothing."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256

from wetread.domain.errors import PermanentError
from wetread.domain.finding import Code
from wetread.domain.order import Order, OrderStatus, PatientNumber, Person
from wetread.domain.priority import Priority
from wetread.domain.study import Indication, Sex
from wetread.fhir.datatypes import Json
from wetread.fhir.record_values import codes_of, concept_text, objects, text_of

__all__ = [
    "PLACED",
    "REVOKED",
    "WANTED",
    "WITHDRAWN",
    "Resolve",
    "ResourceRefused",
    "digest_of",
    "moment_of",
    "order_key",
    "order_of",
    "order_reference",
    "priority_of",
    "status_of",
    "version_of",
]

PLACED = frozenset({"active"})
REVOKED = frozenset({"revoked", "entered-in-error"})
WITHDRAWN = frozenset({"cancelled", "entered-in-error"})
WANTED = frozenset({"requested", "received", "accepted", "ready"})
_SEXES = {"female": Sex.FEMALE, "male": Sex.MALE, "other": Sex.OTHER}
_KNOWN_SCHEMES = frozenset({"SCT", "LN", "RADLEX", "I10", "I10C", "I9C"})
_LONGEST_TEXT, _MOST_CODES = 4000, 20
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class ResourceRefused(PermanentError):
    """Says what is wrong with a resource, without repeating any of it."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message, code=code)


Resolve = Callable[[str], Json]
"""The Patient that a reference of one server leads to. Raises ResourceRefused for a reference to anywhere else."""


def order_key(*where: str) -> str:
    """Of an order known to FHIR: of the server and the place there."""
    return sha256("\0".join(("fhir", *where)).encode()).hexdigest()[:32]


def digest_of(resource: Json) -> str:
    """SHA-256 of what it says, in whatever order."""
    return sha256(json.dumps(resource, sort_keys=True).encode()).hexdigest()


def status_of(resource: Json) -> str:
    return text_of(resource.get("status"), 40)


def version_of(resource: Json) -> tuple[str, str]:
    """meta.versionId and meta.lastUpdated, "" where the server says neither."""
    meta = resource.get("meta")
    held = meta if isinstance(meta, dict) else {}
    return text_of(held.get("versionId"), 64), text_of(held.get("lastUpdated"), 40)


def moment_of(text: str) -> datetime | None:
    """An instant with its zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def priority_of(resource: Json) -> Priority:
    """The same four codes as ours (https://hl7.org/fhir/R4/valueset-request-priority.html); routine where it says none or another."""
    said = text_of(resource.get("priority"), 20)
    return Priority(said) if said in tuple(Priority) else Priority.ROUTINE


def order_of(resource: Json, key: str, systems: Mapping[str, str], resolve: Resolve, said_at: datetime) -> Order:
    """`systems` gives the identifier system of an IssuerOfPatientID. Raises ResourceRefused, and what `resolve` raises."""
    if resource.get("resourceType") != "ServiceRequest":
        raise ResourceRefused("this is no ServiceRequest", "wrong_type")
    status = status_of(resource)
    if status not in PLACED | REVOKED:
        raise ResourceRefused("only an active or a revoked ServiceRequest is an order", "not_an_order")
    accession = _accession(resource)
    if not accession:
        raise ResourceRefused("the order has no accession number (an identifier of type ACSN)", "no_accession")
    return Order(
        key,
        accession,
        _person(resource.get("subject"), systems, resolve),
        said_at,
        OrderStatus.ACTIVE if status in PLACED else OrderStatus.CANCELLED,
        priority_of(resource),
        _indication(resource),
        next(iter(codes_of(resource.get("code"))), None),
    )


def _accession(resource: Json) -> str:
    for each in objects(resource.get("identifier")):
        if any(code.value == "ACSN" for code in codes_of(each.get("type"))):
            return text_of(each.get("value"), 64)
    return ""


def _person(subject: object, systems: Mapping[str, str], resolve: Resolve) -> Person:
    """The patient that the reference leads to, else the number that it carries itself."""
    if not isinstance(subject, dict):
        raise ResourceRefused("the order names no patient", "no_patient")
    where = text_of(subject.get("reference"), 500)
    patient: Json = resolve(where) if where else {"identifier": subject.get("identifier")}
    number = _number(patient, systems)
    if number is None:
        raise ResourceRefused("no identifier of the patient is of a system that is set here", "unknown_patient_system")
    names = list(objects(patient.get("name")))
    name = next((each for each in names if each.get("use") == "official"), names[0] if names else {})
    born = text_of(patient.get("birthDate"), 10)
    day = born.replace("-", "") if _DAY.fullmatch(born) else ""
    return Person(number, _dicom_name(name), day, _SEXES.get(text_of(patient.get("gender"), 10), Sex.UNKNOWN))


def _number(patient: Json, systems: Mapping[str, str]) -> PatientNumber | None:
    issuers = {system: issuer for issuer, system in systems.items()}
    for each in objects(patient.get("identifier")):
        system, value = text_of(each.get("system"), 200), text_of(each.get("value"), 64)
        if each.get("use") != "old" and value and system in issuers:
            return PatientNumber(value, issuers[system])
    return None


def _dicom_name(name: Json) -> str:
    """PS3.5 §6.2.1: family, given, middle."""
    given = name.get("given")
    words = [text_of(each, 64) for each in given] if isinstance(given, list) else []
    parts = [text_of(name.get("family"), 64), *words[:1], " ".join(words[1:])]
    return "^".join(re.sub(r"[\^=\\\s]+", " ", each)[:64].strip() for each in parts).rstrip("^")


def _indication(resource: Json) -> Indication:
    reasons = resource.get("reasonCode")
    texts = [concept_text(each) for each in objects(reasons)]
    texts += [text_of(each.get("text"), _LONGEST_TEXT) for each in objects(resource.get("note"))]
    codes = [
        Code(each.value[:16], each.scheme, each.meaning[:64] or each.value[:16])
        for each in codes_of(reasons)
        if each.scheme in _KNOWN_SCHEMES
    ]
    return Indication("\n".join(dict.fromkeys(filter(None, texts)))[:_LONGEST_TEXT], tuple(codes[:_MOST_CODES]))


def order_reference(task: Json) -> str:
    """The ServiceRequest that a Task asks us about: its focus, else the only thing that it is based on. Raises ResourceRefused."""
    if task.get("resourceType") != "Task":
        raise ResourceRefused("this is no Task", "wrong_type")
    candidates = [task.get("focus"), *objects(task.get("basedOn"))]
    found = [text_of(each.get("reference"), 500) for each in candidates if isinstance(each, dict)]
    named = [each for each in found if "ServiceRequest/" in each]
    if not named:
        raise ResourceRefused("the Task names no ServiceRequest (focus or basedOn)", "no_order")
    return named[0]
