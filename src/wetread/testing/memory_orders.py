"""What the hospital said (`ports.order_store`), in memory, over the vault in memory."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from itertools import islice

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.order import Merge, Order, PatientNumber, Person
from wetread.ports.order_store import Answered
from wetread.testing.memory_vault import MemoryVault

__all__ = ["MemoryOrderStore"]


class MemoryOrderStore:
    def __init__(self, vault: MemoryVault) -> None:
        self._vault = vault
        self._answers: dict[tuple[str, str], Answered] = {}
        self._orders: dict[str, Order] = {}
        self._claims: dict[str, Person] = {}
        self._merges: dict[str, Merge] = {}

    def answered(self, sender: str, control_id: str) -> Answered | None:
        return self._answers.get((sender, control_id))

    def remember(self, answer: Answered) -> None:
        self._answers[answer.sender, answer.control_id] = answer

    def keep_order(self, order: Order) -> bool:
        held = self._orders.get(order.order_key)
        if held is not None and held.said_at > order.said_at:
            return False
        self._orders[order.order_key] = order
        return True

    def orders_of(self, accession_number: str) -> tuple[Order, ...]:
        found = [
            each for each in self._orders.values() if accession_number and each.accession_number == accession_number
        ]
        by_key = sorted(found, key=lambda each: each.order_key)
        return tuple(sorted(by_key, key=lambda each: each.said_at, reverse=True))

    def order(self, order_key: str) -> Order | None:
        return self._orders.get(order_key)

    def orders_before(self, before: datetime, *, after: str = "", limit: int = 500) -> tuple[Order, ...]:
        old = (each for key, each in sorted(self._orders.items()) if key > after and each.said_at < before)
        return tuple(islice(old, limit))

    def remove_orders(self, order_keys: Collection[str], before: datetime) -> int:
        gone = [key for key in order_keys if key in self._orders and self._orders[key].said_at < before]
        for key in gone:
            del self._orders[key]
        return len(gone)

    def forget_answers(self, before: datetime) -> int:
        old = [which for which, each in self._answers.items() if each.answered_at < before]
        for which in old:
            del self._answers[which]
        return len(old)

    def keep_claim(self, hold_key: str, person: Person) -> None:
        self._claims.setdefault(hold_key, person)

    def claim(self, hold_key: str) -> Person | None:
        return self._claims.get(hold_key)

    def merge(self, merge: Merge) -> Merge:
        kept = self._merges.setdefault(merge.merge_key, merge)
        if kept.undone_at is not None:
            return kept
        moving = self._vault.under(kept.prior) if kept.prior != kept.surviving else ()
        self._vault.renumber(moving, kept.surviving)
        done = replace(kept, study_keys=tuple(dict.fromkeys((*kept.study_keys, *moving))))
        self._merges[merge.merge_key] = done
        return done

    def undo_merge(self, merge_key: str, now: datetime) -> Merge:
        kept = self._merges.get(merge_key)
        if kept is None:
            raise PermanentError("no such merge of patients", code="no_merge")
        if kept.undone_at is not None:
            raise PermanentError("this merge was undone already", code="merge_undone")
        there = tuple(each for each in self._vault.under(kept.surviving) if each in kept.study_keys)
        self._vault.renumber(there, kept.prior)
        self._merges[merge_key] = replace(kept, study_keys=there, undone_at=now)
        return self._merges[merge_key]

    def merges(self, *, of: PatientNumber | None = None) -> tuple[Merge, ...]:
        wanted = [each for each in self._merges.values() if of is None or (each.prior == of and each.undone_at is None)]
        by_key = sorted(wanted, key=lambda each: each.merge_key)
        return tuple(sorted(by_key, key=lambda each: each.merged_at, reverse=True))

    def forget_claims(self, hold_keys: Collection[str]) -> int:
        return sum(self._claims.pop(each, None) is not None for each in hold_keys)

    def forget_orders(self, order_keys: Iterable[str]) -> int:
        return sum(self._orders.pop(each, None) is not None for each in order_keys)

    def forget_in_merges(self, study_key: StudyKey) -> None:
        for key, each in self._merges.items():
            kept = tuple(study for study in each.study_keys if study != study_key)
            self._merges[key] = replace(each, study_keys=kept)

    def forget_patients(self, numbers: Collection[PatientNumber]) -> int:
        """Orders and merges of these numbers; how many orders."""
        gone = [key for key, each in self._orders.items() if each.person.number in numbers]
        for key, merge in list(self._merges.items()):
            if merge.prior in numbers or merge.surviving in numbers:
                del self._merges[key]
        return self.forget_orders(gone)
