"""An order that the hospital told us, by HL7 or FHIR, as a FHIR R4 ServiceRequest (https://hl7.org/fhir/R4/servicerequest.html). The patient is contained: here a Patient resource is of one study, and there may be none yet."""

from wetread.domain.finding import Code
from wetread.domain.order import Order, OrderStatus, Person
from wetread.domain.study import Sex
from wetread.fhir.datatypes import Json, clean, human_name, identifier, instant, patient_number, present, study_day
from wetread.fhir.record_values import DESIGNATORS

__all__ = ["service_request"]

_SYSTEMS = {scheme: system for system, scheme in DESIGNATORS.items()}
_GENDERS = {Sex.FEMALE: "female", Sex.MALE: "male", Sex.OTHER: "other"}
_STATUS = {OrderStatus.ACTIVE: "active", OrderStatus.CANCELLED: "revoked"}


def service_request(order: Order, *, patient_system: str = "urn:wetread:mrn") -> Json:
    """Its id is the order's key; its version the time at which it was said."""
    reason = present(coding=list(map(_coding, order.indication.codes)), text=clean(order.indication.text))
    return present(
        resourceType="ServiceRequest",
        id=order.order_key,
        meta={"versionId": f"{order.said_at:%Y%m%d%H%M%S%f}", "lastUpdated": instant(order.said_at)},
        contained=[_patient(order.person, patient_system)],
        identifier=[identifier("urn:wetread:accession", order.accession_number, "ACSN")]
        if order.accession_number
        else [],
        status=_STATUS[order.status],
        intent="order",
        priority=order.priority.value,
        code={"coding": [_coding(order.procedure)]} if order.procedure else None,
        subject={"reference": "#patient"},
        reasonCode=[reason] if reason else [],
    )


def _patient(person: Person, system: str) -> Json:
    number = patient_number(person.number.patient_id, person.number.issuer_of_patient_id, system)
    named = human_name(person.name) if person.name else {}
    return present(
        resourceType="Patient",
        id="patient",
        identifier=[number] if number else [],
        name=[named] if named else [],
        gender=_GENDERS.get(person.sex, "unknown"),
        birthDate=study_day(person.birth_date),
    )


def _coding(code: Code) -> Json:
    """A scheme that no URI is known of is left out: the code alone is what was said."""
    system = _SYSTEMS.get(code.scheme, code.scheme if ":" in code.scheme else "")
    return present(system=system, code=clean(code.value), display=clean(code.meaning))
