"""Erasures, legal holds and what stays of erased studies, kept in the same transaction as everything else."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from wetread.domain.erasure import Erasure, Tombstone
from wetread.domain.identifiers import StudyKey
from wetread.domain.legal_hold import LegalHold

__all__ = ["ErasureStore"]


class ErasureStore(Protocol):
    """Part of every unit of work."""

    def save_erasure(self, erasure: Erasure) -> None:
        """Insert or replace by number."""
        ...

    def erasure(self, number: int) -> Erasure | None: ...
    def erasures(self, *, only_open: bool = False, limit: int = 100) -> tuple[Erasure, ...]:
        """Newest number first."""
        ...

    def due_erasure(self, now: datetime) -> Erasure | None:
        """The oldest that was approved, is not over, and whose `due_at` has come."""
        ...

    def save_legal_hold(self, hold: LegalHold) -> None:
        """Insert or replace by number."""
        ...

    def legal_hold(self, number: int) -> LegalHold | None: ...
    def legal_holds(self, *, lifted: bool = False, limit: int = 500) -> tuple[LegalHold, ...]:
        """Those that stand, newest first; with `lifted` the others."""
        ...

    def last_legal_hold(self) -> int:
        """The highest number given, 0 for none."""
        ...

    def legal_holds_on(self, subjects: Collection[str]) -> tuple[LegalHold, ...]:
        """Those that stand on any of these study or patient keys, oldest first."""
        ...

    def save_tombstone(self, tombstone: Tombstone) -> None:
        """Insert or replace by study_key."""
        ...

    def tombstone(self, study_key: StudyKey) -> Tombstone | None: ...
    def tombstones_of(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, Tombstone]:
        """Those that there are."""
        ...

    def tombstones(self, limit: int = 100) -> tuple[Tombstone, ...]:
        """The last begun first."""
        ...

    def returned(self, limit: int = 100) -> tuple[Tombstone, ...]:
        """Of erased studies that came again and wait for a person, the last begun first."""
        ...

    def open_jobs(self, study_key: StudyKey) -> int:
        """How many wait or run; not those that are over, or given up for good."""
        ...

    def films_of_it_alone(self, study_key: StudyKey) -> tuple[str, ...]:
        """Content addresses of its films, without those that another study has, too."""
        ...

    def erase_rows(self, study_key: StudyKey, asked_for: Collection[str] = ()) -> dict[str, int]:
        """Remove every row that tells of the study, or of the requests and workitems of these keys, but for the audit log, its tombstone and its erasure; how many, by table. The bytes remain until `Database.rewrite`.

        Raises PermanentError (code 'not_erasing') for a study whose tombstone does not say that it is being erased.
        """
        ...
