"""What an AE title asks us to answer for: UIDs that identify. They live beside the vault (law 4) until it is told; the working database has the transaction under a pseudonym."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["AskedCommitment", "CommitmentVault"]


@dataclass(frozen=True, slots=True)
class AskedCommitment:
    """`instances`: (SOP Class UID, SOP Instance UID), in the order in which they were asked for; at least one."""

    transaction_uid: str
    instances: tuple[tuple[str, str], ...]


class CommitmentVault(Protocol):
    def keep(self, request_key: str, asked: AskedCommitment, now: datetime) -> None:
        """Durable; replaces."""
        ...

    def find(self, request_key: str) -> AskedCommitment | None:
        """None once it is forgotten, or a film that it names was erased."""
        ...

    def forget(self, request_keys: Collection[str]) -> None: ...
    def kept_before(self, before: datetime, *, after: str = "", limit: int = 500) -> tuple[str, ...]:
        """Keys of those kept before then, in their order, from the one behind `after` on."""
        ...
