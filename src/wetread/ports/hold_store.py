"""Doubts about who a study is of, kept in the same transaction as everything else."""

from collections.abc import Collection
from typing import Protocol

from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import IdentityHold

__all__ = ["HoldStore"]


class HoldStore(Protocol):
    """Part of every unit of work."""

    def open_hold(self, hold: IdentityHold) -> bool:
        """False, and nothing changes, when a hold of this key is kept: open or answered."""
        ...

    def save_hold(self, hold: IdentityHold) -> None:
        """Its answer; raises PermanentError(code='no_hold') for one that was never opened."""
        ...

    def hold(self, hold_key: str) -> IdentityHold | None: ...
    def holds_of(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, tuple[IdentityHold, ...]]:
        """Of those studies that have any, oldest first."""
        ...

    def open_holds(self, limit: int = 500) -> tuple[IdentityHold, ...]:
        """Those that nobody has answered, oldest first."""
        ...

    def wrong_patients(self, limit: int = 500) -> tuple[IdentityHold, ...]:
        """Those found to be another patient's and not found right after all, oldest first: they stop a signature until the archive or the order is corrected."""
        ...
