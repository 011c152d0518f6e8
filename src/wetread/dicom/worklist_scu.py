"""The Modality Worklist as SCU (PS3.4 annex K, C-FIND): what was scheduled under an accession number, as orders. Bounded in answers, bytes and time; nothing of it is believed here."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from wetread.dicom.header import INDICATION_CAP, plain
from wetread.dicom.query_scu import Keys, find, no_file, spooled
from wetread.dicom.remote_ae import UNCOMPRESSED, RemoteAe, associate
from wetread.domain.finding import Code
from wetread.domain.order import Order, PatientNumber, Person
from wetread.domain.priority import Priority
from wetread.domain.study import Indication, Sex
from wetread.ports.modality_worklist import Scheduled

__all__ = ["MODALITY_WORKLIST", "WORKLIST_RETURNED", "WorklistScu", "order_of"]

MODALITY_WORKLIST = "1.2.840.10008.5.1.4.31"
_MOST_ANSWERS = 20
"""Scheduled steps of one accession number; of more none is taken."""
_NOBODYS = "WETREAD-CHECK"
_STEP: Keys = {"ScheduledProcedureStepSequence": {"ScheduledStationAETitle": "", "ScheduledProcedureStepStartDate": "", "Modality": ""}}  # fmt: skip
WORKLIST_RETURNED = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "RequestedProcedureID", "RequestedProcedureDescription",
    "RequestedProcedurePriority", "ReasonForTheRequestedProcedure", "RequestedProcedureCodeSequence", "ReasonForRequestedProcedureCodeSequence",
)  # fmt: skip
_PRIORITIES = {"STAT": Priority.STAT, "HIGH": Priority.ASAP, "MEDIUM": Priority.URGENT}
"""The rest, LOW among it, is routine. HL7's A (as soon as possible) is HIGH and T (timing critical) is MEDIUM in IHE RAD TF-2 appendix B."""
_SEXES = {"F": Sex.FEMALE, "M": Sex.MALE, "O": Sex.OTHER}


@dataclass(frozen=True, slots=True)
class WorklistScu:
    """Implements `ports.modality_worklist.ModalityWorklist`."""

    peer: RemoteAe

    @property
    def name(self) -> str:
        return self.peer.ae_title

    def scheduled(self, accession_number: str, said_at: datetime) -> Scheduled:
        rows, complete = self._find(accession_number, _MOST_ANSWERS)
        orders = [order_of(row, self.name, said_at) for row in rows]
        known = tuple(each for each in orders if each)
        return Scheduled(known, len(orders) - len(known), complete)

    def answers(self) -> str:
        """In words, what it answers to a question for an accession number that nobody has. Raises as `scheduled`."""
        rows, _ = self._find(_NOBODYS, 1)
        return "it answers with what was not asked for: it does not match by accession number" if rows else ""

    def _find(self, accession_number: str, limit: int) -> tuple[list[Mapping[str, str]], bool]:
        with associate(self.peer, [(MODALITY_WORKLIST, UNCOMPRESSED)]) as association:
            spooled(association, no_file, 0)
            ends_at = time.monotonic() + self.peer.timeout_s
            keys: Keys = {**dict.fromkeys(WORKLIST_RETURNED, ""), "AccessionNumber": accession_number, **_STEP}
            return find(association, MODALITY_WORKLIST, keys, limit, ends_at, self.name)


def order_of(texts: Mapping[str, str], worklist: str, said_at: datetime) -> Order | None:
    """Of one answer, its texts by keyword ("Sequence.Keyword" in the first item of a sequence); None without an accession number or a patient number.

    One requested procedure is one order, however many steps were scheduled for it.
    """
    accession, patient_id, issuer, procedure_id = (
        texts.get(each, "").strip()
        for each in ("AccessionNumber", "PatientID", "IssuerOfPatientID", "RequestedProcedureID")
    )
    if not (accession and patient_id and all(each.isprintable() for each in (accession, patient_id, issuer))):
        return None
    number = PatientNumber(patient_id, issuer)
    key = sha256("\0".join(("worklist", worklist, accession, procedure_id, patient_id, issuer)).encode()).hexdigest()
    return Order(
        key[:32],
        accession,
        Person(
            number,
            _said(texts, "PatientName", 256).rstrip("^= "),
            day if (day := _said(texts, "PatientBirthDate")).isdigit() and len(day) == 8 else "",
            _SEXES.get(_said(texts, "PatientSex").upper(), Sex.UNKNOWN),
        ),
        said_at,
        priority=_PRIORITIES.get(_said(texts, "RequestedProcedurePriority").upper(), Priority.ROUTINE),
        indication=_indication(texts),
        procedure=_code(texts, "RequestedProcedureCodeSequence"),
    )


def _indication(texts: Mapping[str, str]) -> Indication:
    """The reason; what was requested where no reason is said."""
    reason = _said(texts, "ReasonForTheRequestedProcedure", INDICATION_CAP)
    code = _code(texts, "ReasonForRequestedProcedureCodeSequence")
    asked = "" if reason or code else _said(texts, "RequestedProcedureDescription", INDICATION_CAP)
    return Indication(reason or asked, (code,) if code else ())


def _code(texts: Mapping[str, str], sequence: str) -> Code | None:
    """The first coded entry (PS3.3 §8.8); None without value and scheme."""
    value, scheme, meaning = (
        _said(texts, f"{sequence}.{each}") for each in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
    )
    return Code(value, scheme, meaning or value) if value and scheme else None


def _said(texts: Mapping[str, str], keyword: str, cap: int = 64) -> str:
    return plain(texts.get(keyword, ""))[:cap].strip()
