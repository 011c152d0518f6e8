"""Removes a study from the vault: another credential than the reading rooms need."""

from typing import Protocol

from wetread.domain.erasure import Leftovers
from wetread.domain.identifiers import StudyKey
from wetread.domain.order import PatientNumber

__all__ = ["VaultEraser"]


class VaultEraser(Protocol):
    def numbers(self, study_key: StudyKey) -> tuple[PatientNumber, ...]:
        """Under which numbers the study stands and came, none for a patient without one or a study that is not held."""
        ...

    def workitems(self, study_key: StudyKey, *, whole_patient: bool) -> tuple[str, ...]:
        """Keys of the workitems whose data sets name the study, or with `whole_patient` its patient's numbers. Every data set is looked into."""
        ...

    def erase(self, study_key: StudyKey, leftovers: Leftovers, *, whole_patient: bool) -> dict[str, int]:
        """In one durable commit, harmless a second time: identity, series and instances, what messages claimed under its holds, its workitems, its orders, the orders of an accession number that no other study has, the study
        in every merge. `whole_patient`: also the orders and merges of the numbers that no other study stands under. How many rows, by table."""
        ...

    def rewrite(self) -> None:
        """So that no byte of it remains (ADR-0011). Raises TransientError where others hold the database."""
        ...
