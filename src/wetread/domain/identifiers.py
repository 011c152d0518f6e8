"""Identifiers: DICOM UIDs as they arrive, and the keyed pseudonyms that are all the working rooms ever see."""

import hmac
import re
from base64 import b32encode
from datetime import date
from hashlib import sha256
from typing import NewType

__all__ = [
    "InstanceKey",
    "PatientKey",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "StudyKey",
    "derived_uid",
    "instance_key",
    "is_valid_uid",
    "patient_day",
    "patient_key",
    "source_id",
    "study_key",
]

StudyInstanceUID = NewType("StudyInstanceUID", str)
SeriesInstanceUID = NewType("SeriesInstanceUID", str)
SOPInstanceUID = NewType("SOPInstanceUID", str)
StudyKey = NewType("StudyKey", str)
InstanceKey = NewType("InstanceKey", str)
PatientKey = NewType("PatientKey", str)

_CENTURY_DAYS = 36525
_UID = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))+", re.ASCII)


def is_valid_uid(uid: str) -> bool:
    """True for a UID of PS3.5 §9.1: 1-64 characters, numeric components, no leading zeros."""
    return len(uid) <= 64 and _UID.fullmatch(uid) is not None


def _pseudonym(secret: bytes, domain: bytes, uid: str) -> str:
    digest = hmac.new(secret, domain + b"\0" + uid.encode(), sha256).digest()
    return b32encode(digest[:15]).decode().lower()


def study_key(secret: bytes, uid: StudyInstanceUID) -> StudyKey:
    """24 base-32 characters, the same for the same UID and secret; not reversible without the secret."""
    return StudyKey(_pseudonym(secret, b"study", uid))


def instance_key(secret: bytes, uid: SOPInstanceUID) -> InstanceKey:
    """As `study_key`, for one SOP instance."""
    return InstanceKey(_pseudonym(secret, b"instance", uid))


def patient_key(secret: bytes, patient_id: str, issuer_of_patient_id: str) -> PatientKey:
    """As `study_key`, for a patient. Raises ValueError without a PatientID: nobody's record is not everybody's."""
    if not patient_id.strip():
        raise ValueError("a patient without a PatientID has no key")
    return PatientKey(_pseudonym(secret, b"patient", f"{patient_id}\0{issuer_of_patient_id}"))


def patient_day(secret: bytes, patient: PatientKey, day: date) -> int:
    """The day on the patient's own axis: days between two of one patient are kept, the calendar day is hidden by a keyed shift of up to a century."""
    digest = hmac.new(secret, b"day\0" + patient.encode(), sha256).digest()
    return day.toordinal() + int.from_bytes(digest[:8], "big") % _CENTURY_DAYS


def derived_uid(secret: bytes, *parts: str) -> str:
    """A UUID-derived UID (PS3.5 §B.2, `2.25.`) fixed by `parts`: making an object twice gives it the same UID."""
    digest = hmac.new(secret, b"uid\0" + "\0".join(parts).encode(), sha256).digest()
    number = int.from_bytes(digest[:16], "big") & ~(0xF << 76 | 0b11 << 62)
    return f"2.25.{number | 4 << 76 | 0b10 << 62}"  # version 4, variant of RFC 9562


def source_id(secret: bytes, *parts: str) -> str:
    """As `study_key`, for where a piece of knowledge comes from; opaque to whoever lacks the secret."""
    return _pseudonym(secret, b"source", "\0".join(parts))
