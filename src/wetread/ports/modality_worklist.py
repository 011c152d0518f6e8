"""A modality worklist elsewhere (PS3.4 annex K): what it says was scheduled under an accession number."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from wetread.domain.order import Order

__all__ = ["ModalityWorklist", "Scheduled"]


@dataclass(frozen=True, slots=True)
class Scheduled:
    """`orders`: one for each requested procedure that it answers with, believed in nothing yet. `unreadable`: answers without an accession number or a patient number. `complete`: False where it says more than it may."""

    orders: tuple[Order, ...] = ()
    unreadable: int = 0
    complete: bool = True


class ModalityWorklist(Protocol):
    @property
    def name(self) -> str:
        """Its AE title."""
        ...

    def scheduled(self, accession_number: str, said_at: datetime) -> Scheduled:
        """Under exactly this accession number, of whomever. Raises TransientError when it is away or slow, PermanentError for what it will not answer or answers with."""
        ...
