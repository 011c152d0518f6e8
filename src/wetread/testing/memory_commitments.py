"""What receivers were asked to answer for (`ports.commitment_store`), in memory."""

from wetread.domain.commitment import Commitment
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryCommitmentStore"]


class MemoryCommitmentStore(MemoryTransaction):
    def save_commitment(self, commitment: Commitment) -> None:
        self._changing.commitments[commitment.transaction_uid] = commitment

    def commitment(self, transaction_uid: str) -> Commitment | None:
        return self._visible.commitments.get(transaction_uid)

    def last_commitment(self, sink: str, of: str) -> Commitment | None:
        asked = (each for each in self._visible.commitments.values() if (each.sink, each.of) == (sink, of))
        return max(asked, key=lambda each: (each.asked_at, each.transaction_uid), default=None)
