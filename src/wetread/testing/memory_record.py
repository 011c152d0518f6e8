"""A patient record in memory: entries by patient number and issuer."""

from dataclasses import dataclass, field

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import WetreadError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import Purpose, of_service
from wetread.domain.record import RecordEntry
from wetread.ports.patient_record import RecordAnswer, RecordQuery, is_wanted
from wetread.ports.vault import Vault

__all__ = ["MemoryPatientRecord"]

_NO_ENTRY = ("entered-in-error", "refuted", "not-done", "not-taken")


@dataclass(slots=True)
class MemoryPatientRecord:
    """Implements `ports.patient_record.PatientRecord` for tests. `issuers` are those whose numbers it understands; `fail_with` is raised instead of an answer."""

    vault: Vault
    issuers: tuple[str, ...] = ("HOSPITAL",)
    fail_with: WetreadError | None = None
    problems: tuple[str, ...] = ()
    asked: list[StudyKey] = field(default_factory=list)
    _patients: dict[tuple[str, str], list[RecordEntry]] = field(default_factory=dict)

    def add(self, patient_id: str, *entries: RecordEntry, issuer: str = "HOSPITAL") -> None:
        """The patient is known from then on, with these entries too."""
        self._patients.setdefault((patient_id, issuer), []).extend(entries)

    def entries(self, study_key: StudyKey, query: RecordQuery) -> RecordAnswer:
        identity = self.vault.on_behalf_of(of_service(Purpose.RECORD)).study(study_key).identity
        self.asked.append(study_key)
        if self.fail_with:
            raise self.fail_with
        if not identity.patient_id:
            return RecordAnswer(problems=("the film carries no patient number: the record was not asked",))
        if identity.issuer_of_patient_id not in self.issuers:
            return RecordAnswer(
                problems=("the issuer of this patient's number is not known: the record was not asked",)
            )
        held = self._patients.get((identity.patient_id, identity.issuer_of_patient_id))
        if held is None:
            return RecordAnswer(problems=("the record does not know this patient",))
        standing = [each for each in held if each.status not in _NO_ENTRY and is_wanted(each, query)]
        order = list(RecordKind)
        return RecordAnswer(tuple(sorted(standing, key=lambda each: order.index(each.kind))), self.problems)
