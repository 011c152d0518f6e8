"""A page as an unsolicited preliminary result, ORU^R01 v2.5.1 (chapter 7 §7.3.1). A receiver knows a repeat by MSH-10.

OBX-3 is LOINC 73568-8 "Communication of critical results", OBX-8 AA (critically abnormal, table 0078) for a page above routine, OBX-11 P (preliminary, table 0085).
"""

import re
from dataclasses import dataclass
from hashlib import sha256

from wetread.domain.errors import PermanentError
from wetread.domain.page import PageMessage, PagePatient, refuse_identity
from wetread.domain.priority import Priority
from wetread.hl7.acknowledgement import judge_acknowledgement
from wetread.hl7.character_sets import UTF_8
from wetread.hl7.encode import components, escape, formatted, message, person_name, segment, timestamp
from wetread.hl7.mllp import MllpPeer, exchange

__all__ = ["Hl7Notifier", "OruHeader", "control_id", "encode_oru"]

_CHEST_FILM = ("30745-4", "XR Chest Views", "LN")
_CRITICAL = ("73568-8", "Communication of critical results", "LN")
_ADDRESS = re.compile(r"[^\x00-\x1f\x7f-\x9f]{0,80}")
_LONGEST_TITLE, _LONGEST_BODY = 200, 8000
"""Characters; every one may become six, and FT takes 65,536 (chapter 2A §2.A.31)."""
_STUDY = ("113014", "DICOM Study", "DCM")


@dataclass(frozen=True, slots=True)
class OruHeader:
    """Who speaks to whom (MSH-3 to MSH-6), and in which processing (MSH-11: P, T or D)."""

    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    processing_id: str = "P"


class Hl7Notifier:
    """A result belongs to a patient: this channel must be marked for identity, and refuses a page without one."""

    carries_phi: bool

    def __init__(self, name: str, peer: MllpPeer, header: OruHeader, *, carries_phi: bool) -> None:
        if not carries_phi:
            raise PermanentError("an HL7 channel must be marked with carries_phi", code="bad_settings")
        self.name = name
        self.carries_phi = carries_phi
        self._peer = peer
        self._header = header

    def send(self, message: PageMessage, address: str, key: str) -> str:
        refuse_identity(message, carries_phi=self.carries_phi)
        body = encode_oru(message, address, key, self._header)
        acknowledged = judge_acknowledgement(exchange(self._peer, body), control_id(key))
        return f"HL7 {acknowledged} for message {control_id(key)}"


def control_id(key: str) -> str:
    """MSH-10, at most 20 characters, the same for the same key."""
    return sha256(key.encode()).hexdigest()[:20].upper()


def encode_oru(page: PageMessage, address: str, key: str, header: OruHeader) -> bytes:
    """Raises PermanentError for a page without a patient: there is no result to file."""
    patient = page.patient
    if patient is None or not patient.patient_id.strip():
        raise PermanentError("this page names no patient, so there is no HL7 result to send", code="no_patient")
    if not _ADDRESS.fullmatch(address):
        raise PermanentError("this is no person's id: check the roster", code="bad_address")
    flag = "" if page.priority is Priority.ROUTINE else "AA"
    said = f"{page.title[:_LONGEST_TITLE]}\n{page.body[:_LONGEST_BODY]}"
    text = formatted(f"{said}\n{page.link}\nAI may be wrong: look at the film.")
    return message(
        [
            _msh(page, key, header),
            _pid(patient),
            _obr(page, patient, address),
            segment("OBX", "1", "FT", components(*_CRITICAL), "1", text, "", "", flag, "", "", "P"),
            segment("OBX", "2", "ST", components(*_STUDY), "1", escape(patient.study_instance_uid), *[""] * 5, "P"),
        ]
    )


def _msh(page: PageMessage, key: str, header: OruHeader) -> str:
    return segment(
        "MSH",
        "^~\\&",
        "WETREAD",
        escape(header.sending_facility or page.site),
        escape(header.receiving_application),
        escape(header.receiving_facility),
        timestamp(page.sent_at),
        "",
        "ORU^R01^ORU_R01",
        control_id(key),
        escape(header.processing_id),
        "2.5.1",
        *[""] * 5,
        UTF_8,
    )


def _pid(patient: PagePatient) -> str:
    number = components(patient.patient_id, "", "", patient.issuer_of_patient_id, "MR")
    name, born = person_name(patient.patient_name), escape(patient.patient_birth_date)
    return segment("PID", "1", "", number, "", name, "", born, _sex(patient))


def _sex(patient: PagePatient) -> str:
    return patient.patient_sex if patient.patient_sex in ("M", "F", "O") else "U"


def _obr(page: PageMessage, patient: PagePatient, address: str) -> str:
    accession = escape(patient.accession_number)
    fields = {1: "1", 3: accession, 4: components(*_CHEST_FILM), 7: timestamp(page.sent_at), 18: accession}
    fields |= {22: timestamp(page.sent_at), 25: "P", 28: components(address)}
    return segment("OBR", *(fields.get(number, "") for number in range(1, 29)))
