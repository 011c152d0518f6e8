"""A hospital's record to ask, in memory and behind a real FHIR R4 server, filled by the same words."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from neighbours.fhir_server import FhirServer, fhir_server
from neighbours.process import free_port

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.finding import Code
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.record import DayRange, Quantity, RecordEntry
from wetread.fhir.backend_services import Credentials, NoCredentials
from wetread.fhir.bounded_http import BoundedHttp, checked_url
from wetread.fhir.patient_record import FhirPatientRecord, RecordLimits
from wetread.fhir.record_server import RecordServer
from wetread.ports.patient_record import PatientRecord
from wetread.ports.vault import Vault
from wetread.testing.builders import a_header, a_vault_instance, an_identity
from wetread.testing.memory_record import MemoryPatientRecord
from wetread.testing.memory_vault import MemoryVault

SECRET = b"r" * 32
SYSTEMS = {"HOSPITAL": "urn:oid:2.999.1", "CLINIC": "urn:oid:2.999.2"}
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
COPD = Code("13645005", "SCT", "Chronic obstructive lung disease")
CREATININE = Code("2160-0", "LN", "Creatinine")
HEPARIN = Code("5224", "RXNORM", "Heparin")
BIOPSY = Code("biopsy-wall", "urn:oid:2.999.8", "Biopsy of chest wall")
_URIS = {
    "SCT": "http://snomed.info/sct",
    "LN": "http://loinc.org",
    "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
}
_numbers = count(1)
_studies = count(1)


def a_number() -> str:
    """A patient number that no other test has."""
    return f"P{next(_numbers):06d}"


class RecordWorld(Protocol):
    """Days are ISO texts; "" is not said."""

    vault: Vault

    @property
    def record(self) -> PatientRecord: ...
    def patient(self, number: str, issuer: str = "HOSPITAL") -> None: ...
    def condition(self, number: str, code: Code = COPD, *, clinical: str = "active", verification: str = "confirmed",
                  began: str = "2024-05-01", ended: str = "", issuer: str = "HOSPITAL") -> None: ...  # fmt: skip
    def lab(self, number: str, value: float, *, day: str = "2026-02-20", status: str = "final") -> None: ...
    def medication(
        self, number: str, *, status: str = "active", began: str = "2020-01-01", ended: str = ""
    ) -> None: ...
    def procedure(self, number: str, *, status: str = "completed", day: str = "2026-01-15") -> None: ...
    def document(self, number: str, text: str, *, day: str = "2026-02-01") -> None: ...
    def report(self, number: str, text: str, *, day: str = "2026-02-02", status: str = "final") -> None: ...
    def break_down(self, error: type[TransientError] | type[PermanentError]) -> PatientRecord: ...


def admit(vault: Vault, number: str, *, issuer: str = "HOSPITAL", **identity: Any) -> StudyKey:
    """A new study of a patient."""
    key = StudyKey(f"study-{next(_studies)}")
    uid = f"2.25.77{next(_studies)}"
    header = a_header(
        study_instance_uid=uid,
        series_instance_uid=f"{uid}.1",
        sop_instance_uid=f"{uid}.1.1",
        identity=an_identity(patient_id=number, issuer_of_patient_id=issuer, **identity),
    )
    vault.admit([a_vault_instance(study_key=key, instance_key=InstanceKey(f"i-{key}"), header=header)])
    return key


def _days(text: str) -> DayRange | None:
    return DayRange(date.fromisoformat(text), date.fromisoformat(text)) if text else None


@dataclass
class MemoryRecordWorld:
    vault: Vault = field(default_factory=MemoryVault)

    def __post_init__(self) -> None:
        self.record = MemoryPatientRecord(self.vault, issuers=tuple(SYSTEMS))

    def patient(self, number: str, issuer: str = "HOSPITAL") -> None:
        self.record.add(number, issuer=issuer)

    def _add(self, number: str, kind: RecordKind, code: Code, text: str, issuer: str = "HOSPITAL", **said: Any) -> None:
        self.record.add(number, RecordEntry(f"e{next(_numbers)}", kind, (code,), text, **said), issuer=issuer)

    def condition(self, number: str, code: Code = COPD, *, clinical: str = "active", verification: str = "confirmed",
                  began: str = "2024-05-01", ended: str = "", issuer: str = "HOSPITAL") -> None:  # fmt: skip
        text = f"{code.meaning} ({clinical}, {verification})"
        said = {"status": verification, "clinical_status": clinical, "began": _days(began), "ended": _days(ended)}
        self._add(number, RecordKind.CONDITION, code, text, issuer, **said)

    def lab(self, number: str, value: float, *, day: str = "2026-02-20", status: str = "final") -> None:
        text, quantity = f"Creatinine: {value:g} mg/dL", Quantity(value, "mg/dL")
        self._add(number, RecordKind.OBSERVATION, CREATININE, text, status=status, quantity=quantity, began=_days(day))

    def medication(self, number: str, *, status: str = "active", began: str = "2020-01-01", ended: str = "") -> None:
        text = f"Heparin, twice a day ({status})"
        said = {"status": status, "began": _days(began), "ended": _days(ended)}
        self._add(number, RecordKind.MEDICATION_STATEMENT, HEPARIN, text, **said)

    def procedure(self, number: str, *, status: str = "completed", day: str = "2026-01-15") -> None:
        self._add(number, RecordKind.PROCEDURE, BIOPSY, BIOPSY.meaning, status=status, began=_days(day))

    def document(self, number: str, text: str, *, day: str = "2026-02-01") -> None:
        code = Code("18842-5", "LN", "Discharge summary")
        began = DayRange(None, date.fromisoformat(day))
        self._add(number, RecordKind.DOCUMENT_REFERENCE, code, f"{code.meaning}\n{text}", status="current", began=began)

    def report(self, number: str, text: str, *, day: str = "2026-02-02", status: str = "final") -> None:
        code = Code("24627-2", "LN", "CT Chest")
        self._add(
            number, RecordKind.DIAGNOSTIC_REPORT, code, f"{code.meaning}: {text}", status=status, began=_days(day)
        )

    def break_down(self, error: type[TransientError] | type[PermanentError]) -> PatientRecord:
        self.record.fail_with = error("down")
        return self.record


def concept(code: Code) -> dict[str, object]:
    return {"coding": [{"system": _URIS.get(code.scheme, code.scheme), "code": code.value, "display": code.meaning}]}


def coded(system: str, code: str) -> dict[str, object]:
    return {"coding": [{"system": system, "code": code}]}


@dataclass
class FhirRecordWorld:
    server: FhirServer
    vault: Vault = field(default_factory=MemoryVault)
    credentials: Credentials = field(default_factory=NoCredentials)
    limits: RecordLimits = field(default_factory=lambda: RecordLimits(deadline_s=120))
    ids: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def record(self) -> FhirPatientRecord:
        return a_fhir_record(self.server.url, self.vault, self.credentials, self.limits)

    def patient(self, number: str, issuer: str = "HOSPITAL") -> None:
        named = [{"system": SYSTEMS[issuer], "value": number}]
        self.ids[number, issuer] = self.server.create({"resourceType": "Patient", "identifier": named})

    def subject(self, number: str, issuer: str = "HOSPITAL") -> dict[str, object]:
        if (number, issuer) not in self.ids:
            self.patient(number, issuer)
        return {"subject": {"reference": f"Patient/{self.ids[number, issuer]}"}}

    def condition(self, number: str, code: Code = COPD, *, clinical: str = "active", verification: str = "confirmed",
                  began: str = "2024-05-01", ended: str = "", issuer: str = "HOSPITAL") -> None:  # fmt: skip
        resource = {
            "resourceType": "Condition",
            "clinicalStatus": coded(CLINICAL, clinical),
            "verificationStatus": coded(VERIFICATION, verification),
            "code": concept(code),
            "onsetDateTime": began,
            **({"abatementDateTime": ended} if ended else {}),
            **self.subject(number, issuer),
        }
        if verification == "entered-in-error":
            del resource["clinicalStatus"]
        self.server.create(resource)

    def lab(self, number: str, value: float, *, day: str = "2026-02-20", status: str = "final") -> None:
        quantity = {"value": value, "unit": "mg per dl", "system": "http://unitsofmeasure.org", "code": "mg/dL"}
        self.server.create(
            {
                "resourceType": "Observation",
                "status": status,
                "category": [coded(CATEGORY, "laboratory")],
                "code": concept(CREATININE),
                "valueQuantity": quantity,
                **({"effectiveDateTime": f"{day}T08:15:00+01:00"} if day else {}),
                **self.subject(number),
            }
        )

    def medication(self, number: str, *, status: str = "active", began: str = "2020-01-01", ended: str = "") -> None:
        self.server.create(
            {
                "resourceType": "MedicationStatement",
                "status": status,
                "medicationCodeableConcept": concept(HEPARIN),
                "dosage": [{"text": "twice a day"}],
                "effectivePeriod": {"start": began, **({"end": ended} if ended else {})},
                **self.subject(number),
            }
        )

    def procedure(self, number: str, *, status: str = "completed", day: str = "2026-01-15") -> None:
        resource = {"resourceType": "Procedure", "status": status, "code": concept(BIOPSY), "performedDateTime": day}
        self.server.create({**resource, **self.subject(number)})

    def document(self, number: str, text: str, *, day: str = "2026-02-01") -> None:
        attachment = {"contentType": "text/plain; charset=utf-8", "data": b64encode(text.encode()).decode()}
        self.server.create(
            {
                "resourceType": "DocumentReference",
                "status": "current",
                "type": concept(Code("18842-5", "LN", "Discharge summary")),
                "date": f"{day}T10:00:00Z",
                "content": [{"attachment": attachment}],
                **self.subject(number),
            }
        )

    def report(self, number: str, text: str, *, day: str = "2026-02-02", status: str = "final") -> None:
        self.server.create(
            {
                "resourceType": "DiagnosticReport",
                "status": status,
                "code": concept(Code("24627-2", "LN", "CT Chest")),
                "effectiveDateTime": day,
                "conclusion": text,
                **self.subject(number),
            }
        )

    def break_down(self, error: type[TransientError] | type[PermanentError]) -> PatientRecord:
        """Nobody at the port, or a server that knows nothing of FHIR."""
        wrong = f"http://127.0.0.1:{free_port()}" if error is TransientError else f"{self.server.url}no-such-place"
        return a_fhir_record(wrong, self.vault, self.credentials, self.limits)


def a_fhir_record(
    url: str, vault: Vault, credentials: Credentials | None = None, limits: RecordLimits | None = None
) -> FhirPatientRecord:
    server = RecordServer(BoundedHttp(), checked_url(url), credentials or NoCredentials())
    return FhirPatientRecord(server, vault, SECRET, SYSTEMS, limits or RecordLimits(deadline_s=120))


@contextmanager
def fhir_record_world(folder: Path) -> Iterator[FhirRecordWorld]:
    with fhir_server(folder) as server:
        yield FhirRecordWorld(server)
