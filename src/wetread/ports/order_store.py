"""What the hospital said, kept with the vault: orders, merged patients, what a message claims of a person, and which messages were answered."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from wetread.domain.identifiers import StudyKey
from wetread.domain.order import Merge, Order, PatientNumber, Person

__all__ = ["Answered", "OrderStore", "OrdersOf", "no_orders"]


@dataclass(frozen=True, slots=True)
class Answered:
    """A message that was answered: `control_id` is its own (MSH-10), unique for its `sender`; `code` and `error` are the answer, without identity."""

    sender: str
    control_id: str
    digest: str
    code: str
    error: str
    answered_at: datetime


OrdersOf = Callable[[StudyKey], tuple[Order, ...]]
"""The orders that a study is for, the newest message first. Raises what the vault raises when it is away."""


def no_orders(study_key: StudyKey) -> tuple[Order, ...]:
    """Where no hospital system says what was ordered."""
    return ()


class OrderStore(Protocol):
    def answered(self, sender: str, control_id: str) -> Answered | None: ...
    def remember(self, answer: Answered) -> None:
        """Durable; in place of an earlier answer to the same control id."""
        ...

    def keep_order(self, order: Order) -> bool:
        """Insert or replace by order_key; False, and nothing changes, when what is kept was said later."""
        ...

    def orders_of(self, accession_number: str) -> tuple[Order, ...]:
        """Those under exactly this accession number, the newest message first; none for ""."""
        ...

    def order(self, order_key: str) -> Order | None: ...
    def orders_before(self, before: datetime, *, after: str = "", limit: int = 500) -> tuple[Order, ...]:
        """Those said before then, in order of their keys, from the one behind `after` on."""
        ...

    def remove_orders(self, order_keys: Collection[str], before: datetime) -> int:
        """Those of them that are still as they were said before then; how many."""
        ...

    def forget_answers(self, before: datetime) -> int:
        """Messages answered before then are taken as new; how many."""
        ...

    def keep_claim(self, hold_key: str, person: Person) -> None:
        """What a message says of the person a hold is about."""
        ...

    def claim(self, hold_key: str) -> Person | None: ...

    def merge(self, merge: Merge) -> Merge:
        """Give every study that stands under `prior` the number `surviving`, all in one commit; what each came with stays known.

        Returned with all that it ever moved: repeated, it moves what has come since. One that was undone moves nothing.
        """
        ...

    def undo_merge(self, merge_key: str, now: datetime) -> Merge:
        """Give the studies that it moved, and that still stand where it put them, the number back. Raises PermanentError 'no_merge', 'merge_undone'."""
        ...

    def merges(self, *, of: PatientNumber | None = None) -> tuple[Merge, ...]:
        """Those that stand (or, without `of`, all), newest first; `of` is the prior number."""
        ...
