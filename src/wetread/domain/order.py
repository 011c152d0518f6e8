"""What the hospital says of a patient and of what was ordered (HL7 v2, FHIR). It identifies, and lives in the vault only (law 4)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from wetread.domain.finding import Code
from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import Priority
from wetread.domain.study import Indication, PatientIdentity, Sex

__all__ = ["Merge", "Order", "OrderStatus", "PatientNumber", "Person", "number_of", "person_of"]


@dataclass(frozen=True, slots=True)
class PatientNumber:
    """A PatientID in the name space of its issuer, "" where the sender names none."""

    patient_id: str
    issuer_of_patient_id: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """`name` is in DICOM's form (PS3.5 §6.2.1), `birth_date` YYYYMMDD; "" where not said."""

    number: PatientNumber
    name: str = ""
    birth_date: str = ""
    sex: Sex = Sex.UNKNOWN


class OrderStatus(StrEnum):
    ACTIVE = "active"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for. `order_key` is of the placer's and the filler's number; `said_at` is the message's own time: an older message never overrules a newer one."""

    order_key: str
    accession_number: str
    person: Person
    said_at: datetime
    status: OrderStatus = OrderStatus.ACTIVE
    priority: Priority = Priority.ROUTINE
    indication: Indication = field(default=Indication())
    procedure: Code | None = None


@dataclass(frozen=True, slots=True)
class Merge:
    """Two numbers are one person: studies under `prior` stand under `surviving` from then on. `study_keys` are those that moved; `undone_at` is set when they moved back."""

    merge_key: str
    prior: PatientNumber
    surviving: PatientNumber
    merged_at: datetime
    study_keys: tuple[StudyKey, ...] = ()
    undone_at: datetime | None = None


def number_of(identity: PatientIdentity) -> PatientNumber:
    return PatientNumber(identity.patient_id, identity.issuer_of_patient_id)


def person_of(identity: PatientIdentity) -> Person:
    """Whom a film's header names."""
    return Person(number_of(identity), identity.patient_name, identity.patient_birth_date, identity.patient_sex)
