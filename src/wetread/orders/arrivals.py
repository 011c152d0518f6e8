"""A study that arrives after its order, or under a number that was merged meanwhile: the same checks, the other way round."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import HoldKind, IdentityHold, hold_key
from wetread.domain.order import Merge, PatientNumber, number_of, person_of
from wetread.domain.study import PatientIdentity
from wetread.orders.desk import hold_if_differs, open_and_audit
from wetread.ports.database import UnitOfWork
from wetread.ports.order_store import OrderStore

__all__ = ["ArrivalCheck"]


@dataclass(frozen=True, slots=True)
class ArrivalCheck:
    """Called with the studies of a commit after the vault has them and before the commit is durable."""

    store: OrderStore
    secret: bytes

    def __call__(self, unit: UnitOfWork, arrived: Iterable[tuple[StudyKey, PatientIdentity]], now: datetime) -> None:
        for key, identity in dict.fromkeys(arrived):
            imaged = replace(person_of(identity), number=self._moved(unit, key, number_of(identity), now))
            for order in self.store.orders_of(identity.accession_number):
                hold_if_differs(unit, self.store, self.secret, key, order.person, imaged, now)

    def _moved(self, unit: UnitOfWork, key: StudyKey, number: PatientNumber, now: datetime) -> PatientNumber:
        """Where merges that stand have put this number, step by step; the study goes there, too."""
        seen = {number}
        while found := self.store.merges(of=number):
            number = found[0].surviving
            if number in seen:  # merged in a circle: the hospital's matter, not ours to follow for ever
                break
            seen.add(number)
            self._follow(unit, key, found[0], now)
        return number

    def _follow(self, unit: UnitOfWork, key: StudyKey, merge: Merge, now: datetime) -> None:
        self.store.merge(merge)
        hold = hold_key(key, HoldKind.PATIENT_MERGED, self.secret, merge.merge_key)
        open_and_audit(unit, IdentityHold(hold, key, HoldKind.PATIENT_MERGED, now, ("patient_id",)), now)
