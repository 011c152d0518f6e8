"""What was asked of receivers that answer for what they store, and the reports that we owe, kept in the same transaction as everything else."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from wetread.domain.commitment import Commitment, OwedReport, OwedState, OwedTotal

__all__ = ["CommitmentStore"]


class CommitmentStore(Protocol):
    """Part of every unit of work."""

    def save_commitment(self, commitment: Commitment) -> None:
        """Insert or replace by transaction."""
        ...

    def commitment(self, transaction_uid: str) -> Commitment | None: ...
    def last_commitment(self, sink: str, of: str) -> Commitment | None:
        """The one that was asked for last."""
        ...

    def save_owed_report(self, report: OwedReport) -> None:
        """Insert or replace by request_key."""
        ...

    def owed_report(self, request_key: str) -> OwedReport | None: ...
    def due_owed_report(self, now: datetime, *, but_not: Collection[str] = ()) -> OwedReport | None:
        """The one that is due longest, of no AE title in `but_not`."""
        ...

    def owed_reports(self, state: OwedState, *, of: Collection[str] = (), limit: int = 1000) -> tuple[OwedReport, ...]:
        """By AE title, then the oldest first; `of` these AE titles, none: of all."""
        ...

    def owed_totals(self) -> tuple[OwedTotal, ...]:
        """Of each AE title that is still to be told or has reports put aside; by title and state."""
        ...

    def count_owed(self, ae_title: str) -> int:
        """How many are still to be told to it."""
        ...

    def ended_owed_reports(self, before: datetime, *, limit: int = 500) -> tuple[OwedReport, ...]:
        """Told, put aside or void before then; the oldest first."""
        ...

    def forget_owed_reports(self, request_keys: Collection[str]) -> None: ...
