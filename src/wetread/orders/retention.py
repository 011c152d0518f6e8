"""Which orders may go: those that nothing waits for any more. What a report was made from stays with the report, who did what stays in the audit, and merges stay: films that come late follow them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from wetread.domain.audit import AuditEvent
from wetread.domain.identity_hold import stops_signing
from wetread.domain.order import Order
from wetread.domain.role import SERVICE
from wetread.domain.study_state import REPORTED, StudyState
from wetread.orders.asked_tasks import every_open_task
from wetread.orders.desk import REMEMBERED, imaged_under
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.order_store import OrderStore
from wetread.ports.vault import Vault

__all__ = ["OrderRetention"]

_BATCH = 500
_OVER = (REPORTED - {StudyState.NEW_IMAGES}) | {StudyState.REJECTED, StudyState.FETCHED}


@dataclass(frozen=True, slots=True)
class OrderRetention:
    """`purge` as `context.retention.Purged` has it."""

    database: Database
    vault: Vault
    store: OrderStore
    clock: Clock

    def purge(self, before: datetime) -> int:
        """Orders said before then, except those with a film that is not reported, with a doubt about its patient that is open or stops the signature, or that a Task still asks about;
        and answers to messages that are that old, but never younger than the time in which a repeat is known. How many orders.
        """
        removed, after = 0, ""
        while batch := self.store.orders_before(before, after=after, limit=_BATCH):
            after = batch[-1].order_key
            removed += self.store.remove_orders([each.order_key for each in self._free(batch)], before)
        forgotten = self.store.forget_answers(min(before, self.clock.now() - REMEMBERED))
        if removed or forgotten:
            self._audit(removed, forgotten)
        return removed

    def _free(self, orders: tuple[Order, ...]) -> Iterator[Order]:
        films = {
            each.order_key: [study.study_key for study in imaged_under(self.vault, each.accession_number)]
            for each in orders
        }
        keys = [key for found in films.values() for key in found]
        with self.database.begin(write=False) as unit:
            states, holds = unit.study_states(keys), unit.holds_of(keys)
            asked = {each.order_key for each in every_open_task(unit)}
        doubted = {key for key, found in holds.items() if any(each.is_open or stops_signing(each) for each in found)}
        for each in orders:
            over = all(states.get(key) in _OVER and key not in doubted for key in films[each.order_key])
            if over and each.order_key not in asked:
                yield each

    def _audit(self, removed: int, forgotten: int) -> None:
        facts = (("orders", str(removed)), ("answers", str(forgotten)))
        with self.database.begin() as unit:
            unit.audit(AuditEvent("orders.purge", SERVICE.actor_id, detail=facts), self.clock.now())
            unit.commit()
