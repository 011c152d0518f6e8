"""Which orders a study is for: those under its accession number that are not of another patient and were not cancelled."""

from dataclasses import dataclass

from wetread.domain.errors import StudyNotFound
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import Purpose, of_service
from wetread.domain.identity_hold import HoldKind
from wetread.domain.order import Order, OrderStatus, person_of
from wetread.orders.matching import compared
from wetread.ports.order_store import OrderStore
from wetread.ports.vault import Vault

__all__ = ["OrdersOfStudy"]


@dataclass(frozen=True, slots=True)
class OrdersOfStudy:
    """Implements `ports.order_store.OrdersOf`."""

    vault: Vault
    store: OrderStore

    def __call__(self, study_key: StudyKey) -> tuple[Order, ...]:
        """The newest message first; none for a study that the vault has lost."""
        try:
            identity = self.vault.on_behalf_of(of_service(Purpose.ORDERS)).study(study_key).identity
        except StudyNotFound:
            return ()
        return tuple(
            each
            for each in self.store.orders_of(identity.accession_number)
            if each.status is OrderStatus.ACTIVE
            and compared(each.person, person_of(identity)).kind is not HoldKind.PATIENT_MISMATCH
        )
