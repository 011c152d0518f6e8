"""The patient record on a FHIR R4 server, read for one study's patient (`ports.patient_record`).

The patient is found by number and issuer, which the vault alone knows, and must be exactly one. Whatever the server then sends is looked at for whose it is: another
patient's resource is dropped, counted and said.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.identifiers import StudyKey, source_id
from wetread.domain.identity_access import Purpose, of_service
from wetread.domain.record import RecordEntry
from wetread.domain.study import PatientIdentity
from wetread.fhir.bounded_http import Budget
from wetread.fhir.datatypes import report_identifier
from wetread.fhir.record_documents import Attachment, attachments, binary, plain_text
from wetread.fhir.record_entries import entry_of, medication_names
from wetread.fhir.record_patient import FoundPatient, find_patient, is_of, names_patient
from wetread.fhir.record_server import Json, RecordServer
from wetread.fhir.record_values import objects, text_of
from wetread.ports.patient_record import RecordAnswer, RecordQuery, is_wanted
from wetread.ports.vault import Vault

__all__ = ["FhirPatientRecord", "RecordLimits"]

_LOG = logging.getLogger(__name__)
_WITH_TEXT = (RecordKind.DOCUMENT_REFERENCE, RecordKind.DIAGNOSTIC_REPORT)
_MAY_GO_ON = (RecordKind.CONDITION, RecordKind.MEDICATION_STATEMENT)


@dataclass(frozen=True, slots=True)
class RecordLimits:
    """What one reading may cost. `pages` is for each kind; `documents` counts attachments that must be fetched."""

    deadline_s: float = 5.0
    page_size: int = 100
    pages: int = 5
    answer_bytes: int = 4 * 1024 * 1024
    total_bytes: int = 32 * 1024 * 1024
    documents: int = 20
    document_bytes: int = 256 * 1024


class FhirPatientRecord:
    """`systems` gives the identifier system of an IssuerOfPatientID, "" being none: a number without a known system is asked for nowhere, for it may be anybody's."""

    def __init__(
        self,
        server: RecordServer,
        vault: Vault,
        secret: bytes,
        systems: Mapping[str, str],
        limits: RecordLimits,
    ) -> None:
        self._server = server
        self._vault = vault
        self._secret = secret
        self._systems = systems
        self._limits = limits

    def entries(self, study_key: StudyKey, query: RecordQuery) -> RecordAnswer:
        identity = self._vault.on_behalf_of(of_service(Purpose.RECORD)).study(study_key).identity
        own = frozenset(self._own_report(key) for key in (study_key, *self._vault.unnamed.priors(study_key)))
        limits = self._limits
        budget = Budget(limits.deadline_s, limits.answer_bytes, limits.total_bytes)
        patient = find_patient(self._server, identity, self._systems, budget)
        if isinstance(patient, str):
            return RecordAnswer(problems=(patient,))
        return _Reading(self._server, patient, query, limits, budget, self._named(identity), own).run()

    def _own_report(self, key: StudyKey) -> str:
        """The identifier of a report that we delivered ourselves (`fhir.bundle`): it is a prior of ours already."""
        return str(report_identifier(self._secret, key)["value"])

    def _named(self, identity: PatientIdentity) -> Callable[[RecordKind, str], str]:
        """Source ids of one patient's resources; another patient's never meet them, whatever the server merges."""
        whose = (self._server.base_url, identity.issuer_of_patient_id, identity.patient_id)
        return lambda kind, logical_id: source_id(self._secret, "record", *whose, kind.value, logical_id)


@dataclass(slots=True)
class _Reading:
    """One patient, all kinds, one budget. What was read before a failure is kept."""

    server: RecordServer
    patient: FoundPatient
    query: RecordQuery
    limits: RecordLimits
    budget: Budget
    named: Callable[[RecordKind, str], str]
    own_reports: frozenset[str]
    found: list[RecordEntry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    foreign: int = 0
    unread: int = 0
    fetched: int = 0

    def run(self) -> RecordAnswer:
        """Raises the first failure when every kind failed and nothing was found."""
        failures: list[TransientError | PermanentError] = []
        kinds = [kind for kind in RecordKind if kind in self.query.kinds]
        for kind in kinds:
            try:
                self._read(kind)
            except (TransientError, PermanentError) as error:
                failures.append(error)
                self.problems.append(f"{kind.value}: {error}")
        if failures and len(failures) == len(kinds) and not self.found:
            raise failures[0]
        return RecordAnswer(tuple(self.found), (*self.problems, *self._counted()))

    def _counted(self) -> Iterator[str]:
        if self.foreign:
            _LOG.error("record_foreign_resources dropped=%d", self.foreign)
            yield f"the record server sent {self.foreign} resources of another patient: not used"
        if self.unread:
            yield f"{self.unread} documents are in no format that is read, too long or too many"

    def _read(self, kind: RecordKind) -> None:
        for number, page in enumerate(self.server.pages(kind.value, self._parameters(kind), self.budget), 1):
            names = medication_names(page.included)
            self.found.extend(filter(None, (self._entry(kind, each, names) for each in page.matches)))
            if page.following and number == self.limits.pages:
                self.problems.append(f"{kind.value}: only the first {number} pages were read")
                return

    def _parameters(self, kind: RecordKind) -> dict[str, str]:
        asked = {"patient": f"Patient/{self.patient.logical_id}", "_count": str(self.limits.page_size)}
        if kind is RecordKind.OBSERVATION:
            asked["category"] = "laboratory,vital-signs"
        if kind is RecordKind.MEDICATION_STATEMENT:
            asked["_include"] = "MedicationStatement:medication"
        if kind not in _MAY_GO_ON:
            asked["_sort"] = "-date"
            if self.query.since:
                asked["date"] = f"ge{self.query.since.isoformat()}"
        return asked

    def _entry(self, kind: RecordKind, resource: Json, names: Mapping[str, Json]) -> RecordEntry | None:
        if resource.get("resourceType") != kind.value:
            return None
        if not is_of(resource, self.patient):
            self.foreign += 1
            return None
        entry = entry_of(resource, kind, self.named(kind, text_of(resource.get("id"), 64)), names)
        if entry is None or not is_wanted(entry, self.query) or self._is_own(resource):
            return None
        return self._with_text(entry, resource) if kind in _WITH_TEXT else entry

    def _is_own(self, resource: Json) -> bool:
        return any(text_of(each.get("value"), 200) in self.own_reports for each in objects(resource.get("identifier")))

    def _with_text(self, entry: RecordEntry, resource: Json) -> RecordEntry | None:
        """With the first attachment that can be read. A document without one is counted and is no entry."""
        text = self._attached(resource)
        if text:
            return replace(entry, text=f"{entry.text}\n{text}")
        if entry.kind is not RecordKind.DOCUMENT_REFERENCE:
            return entry
        self.unread += 1
        return None

    def _attached(self, resource: Json) -> str:
        for each in attachments(resource, self.limits.document_bytes):
            whole = each if each.data is not None else self._fetched(each.reference)
            text = plain_text(whole) if whole else None
            if text:
                return text
        return ""

    def _fetched(self, reference: str) -> Attachment | None:
        """A Binary of this server that is no other patient's; a reference to anywhere else is not followed."""
        if self.fetched >= self.limits.documents:
            return None
        self.fetched += 1
        try:
            resource = self.server.binary(reference, self.budget)
        except PermanentError as error:
            _LOG.warning("record_document_refused code=%s", error.code)
            return None
        owner = resource.get("securityContext")
        if owner is not None and not names_patient(owner, self.patient):
            self.foreign += 1
            return None
        return binary(resource, self.limits.document_bytes)
