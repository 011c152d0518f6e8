"""What was asked of receivers that answer for what they store, kept in the same transaction as everything else."""

from typing import Protocol

from wetread.domain.commitment import Commitment

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
