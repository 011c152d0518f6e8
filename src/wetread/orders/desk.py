"""Takes what the hospital says: orders, changes of a patient's data, merged patients. Each message one act, audited, answered only once it is durable.

Vault rows are written inside the still open working transaction, in which no film can arrive: an order and the film it is for never miss each other. What was answered is noted last, so that a
message that a crash cut short is taken again; everything it does twice has the same effect as once.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import Purpose, of_service
from wetread.domain.identity_hold import HoldKind, IdentityHold, hold_key
from wetread.domain.order import Merge, Order, OrderStatus, PatientNumber, Person, number_of, person_of
from wetread.orders.matching import compared
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.order_store import Answered, OrderStore
from wetread.ports.vault import Search, Vault, VaultStudy

__all__ = [
    "REMEMBERED",
    "CancelOrders",
    "Instruction",
    "MergePatients",
    "OrderDesk",
    "PlaceOrders",
    "Said",
    "UpdatePatient",
    "hold_if_differs",
    "imaged_under",
    "open_and_audit",
    "placed_or_cancelled",
]

_LOG = logging.getLogger(__name__)
_MOST_STUDIES = 1000
REMEMBERED = timedelta(days=30)
"""A sender may begin to count its control ids anew after this."""


@dataclass(frozen=True, slots=True)
class PlaceOrders:
    """New orders, or new words for known ones."""

    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class CancelOrders:
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class UpdatePatient:
    person: Person


@dataclass(frozen=True, slots=True)
class MergePatients:
    """(prior, surviving) numbers."""

    pairs: tuple[tuple[PatientNumber, PatientNumber], ...]


Instruction = PlaceOrders | CancelOrders | UpdatePatient | MergePatients


def placed_or_cancelled(order: Order) -> PlaceOrders | CancelOrders:
    """By its status: for who says of an order how it stands, not what to do."""
    return PlaceOrders((order,)) if order.status is OrderStatus.ACTIVE else CancelOrders((order,))


@dataclass(frozen=True, slots=True)
class Said:
    """One message: which system wrote it (with its control id what it is known by), who brought it (for the audit), the digest of its bytes, and what it asks for."""

    sender: str
    brought_by: str
    control_id: str
    digest: str
    instruction: Instruction
    by: str = "hl7"
    """Which language it was said in."""


@dataclass(frozen=True, slots=True)
class OrderDesk:
    database: Database
    vault: Vault
    store: OrderStore
    clock: Clock
    secret: bytes

    def take(self, said: Said) -> Answered:
        """The answer, kept: a message that comes again is answered alike and changes nothing.

        Raises PermanentError 'control_id_reused' where another message came under this control id within 30 days; what cannot be done raises PermanentError too, and
        TransientError is for the sender to try again.
        """
        now = self.clock.now()
        known = self.store.answered(said.sender, said.control_id)
        if known and now - known.answered_at < REMEMBERED:
            if known.digest == said.digest:
                return known
            raise PermanentError("another message came under this control id", code="control_id_reused")
        with self.database.begin() as unit:
            facts = self._do(unit, said.instruction, f"{said.sender}\0{said.control_id}", now)
            unit.audit(
                AuditEvent(f"{said.by}.{_name(said.instruction)}", said.brought_by, detail=tuple(facts.items())), now
            )
            unit.commit()
        answer = Answered(said.sender, said.control_id, said.digest, "accept", "", now)
        self.store.remember(answer)
        return answer

    def undo_merge(self, merge_key: str, by: str) -> Merge:
        """Move back what a merge moved; each study gets a hold for a person to look at. Raises PermanentError."""
        now = self.clock.now()
        with self.database.begin() as unit:
            undone = self.store.undo_merge(merge_key, now)
            self._hold(unit, undone.study_keys, HoldKind.MERGE_UNDONE, now, (), merge_key)
            facts = (("merge", merge_key), ("studies", str(len(undone.study_keys))))
            unit.audit(AuditEvent("patient.unmerge", by, detail=facts), now)
            unit.commit()
        return undone

    def refused(self, brought_by: str, code: str, by: str = "hl7") -> None:
        """Note in the audit what was not taken, by a code that says nothing of its content."""
        with self.database.begin() as unit:
            unit.audit(AuditEvent(f"{by}.refuse", brought_by, code), self.clock.now())
            unit.commit()

    def _do(self, unit: UnitOfWork, instruction: Instruction, source: str, now: datetime) -> dict[str, str]:
        match instruction:
            case PlaceOrders(orders):
                return self._place(unit, orders, now)
            case CancelOrders(orders):
                return self._cancel(unit, orders, now)
            case UpdatePatient(person):
                return self._update(unit, person, now)
            case MergePatients(pairs):
                return self._merge(unit, pairs, source, now)

    def _place(self, unit: UnitOfWork, orders: tuple[Order, ...], now: datetime) -> dict[str, str]:
        kept = [each for each in orders if self.store.keep_order(each)]
        imaged = [(each.person, self._imaged(unit, each)) for each in kept]
        held = sum(self._check(unit, person, studies, now) for person, studies in imaged)
        waiting = sum(not studies for _, studies in imaged)
        return _counts(orders=len(orders), overtaken=len(orders) - len(kept), waiting=waiting, holds=held)

    def _cancel(self, unit: UnitOfWork, orders: tuple[Order, ...], now: datetime) -> dict[str, str]:
        kept = [each for each in map(self._as_cancelled, orders) if self.store.keep_order(each)]
        cancelled = [(each, study) for each in kept for study in self._imaged(unit, each)]
        held = sum(
            self._hold(unit, [study.study_key], HoldKind.ORDER_CANCELLED, now, (), order.order_key)
            for order, study in cancelled
        )
        return _counts(orders=len(orders), overtaken=len(orders) - len(kept), holds=held)

    def _as_cancelled(self, order: Order) -> Order:
        """What is known of it stays known. Raises PermanentError 'order_of_another' where it was placed for another patient."""
        known = self.store.order(order.order_key)
        if known and known.person.number != order.person.number:
            raise PermanentError("this order was placed for another patient", code="order_of_another")
        return replace(known or order, status=OrderStatus.CANCELLED, said_at=order.said_at)

    def _update(self, unit: UnitOfWork, person: Person, now: datetime) -> dict[str, str]:
        studies = self._studies_of(unit, person.number)
        return _counts(studies=len(studies), holds=self._check(unit, person, studies, now))

    def _merge(
        self, unit: UnitOfWork, pairs: tuple[tuple[PatientNumber, PatientNumber], ...], source: str, now: datetime
    ) -> dict[str, str]:
        moved = held = 0
        for prior, surviving in pairs:
            key = hold_key(StudyKey(""), HoldKind.PATIENT_MERGED, self.secret, source, *_said(prior), *_said(surviving))
            merge = self.store.merge(Merge(key, prior, surviving, now))
            moved += len(merge.study_keys)
            held += self._hold(unit, merge.study_keys, HoldKind.PATIENT_MERGED, now, ("patient_id",), key)
        return _counts(merges=len(pairs), studies=moved, holds=held)

    def _check(self, unit: UnitOfWork, person: Person, studies: Iterable[VaultStudy], now: datetime) -> int:
        return sum(
            hold_if_differs(unit, self.store, self.secret, each.study_key, person, person_of(each.identity), now)
            for each in studies
        )

    def _hold(
        self,
        unit: UnitOfWork,
        studies: Iterable[StudyKey],
        kind: HoldKind,
        now: datetime,
        differs: tuple[str, ...],
        source: str,
    ) -> int:
        holds = (IdentityHold(hold_key(key, kind, self.secret, source), key, kind, now, differs) for key in studies)
        return sum(open_and_audit(unit, each, now) for each in holds)

    def _imaged(self, unit: UnitOfWork, order: Order) -> tuple[VaultStudy, ...]:
        """Studies under the order's accession number, whoever they are of."""
        return imaged_under(self.vault, order.accession_number, unit)

    def _studies_of(self, unit: UnitOfWork, number: PatientNumber) -> tuple[VaultStudy, ...]:
        found = self.vault.on_behalf_of(of_service(Purpose.ORDERS), unit).search_studies(
            Search({"PatientID": number.patient_id}, _MOST_STUDIES)
        )
        return tuple(each for each in found if number_of(each.identity) == number)


def imaged_under(vault: Vault, accession_number: str, unit: UnitOfWork | None = None) -> tuple[VaultStudy, ...]:
    """Studies under exactly this accession number, whoever they are of; none for ""."""
    if not accession_number:
        return ()
    found = vault.on_behalf_of(of_service(Purpose.ORDERS), unit).search_studies(
        Search({"AccessionNumber": accession_number}, _MOST_STUDIES)
    )
    return tuple(each for each in found if each.identity.accession_number == accession_number)


def hold_if_differs(
    unit: UnitOfWork, store: OrderStore, secret: bytes, study_key: StudyKey, said: Person, imaged: Person, now: datetime
) -> bool:
    """Open a hold where the two are not, or not surely, one person, and keep what was said beside it. False where nothing is new."""
    found = compared(said, imaged)
    if found.kind is None:
        return False
    key = hold_key(study_key, found.kind, secret, *_said(said.number), said.name, said.birth_date, said.sex)
    store.keep_claim(key, said)
    return open_and_audit(unit, IdentityHold(key, study_key, found.kind, now, found.differs), now)


def open_and_audit(unit: UnitOfWork, hold: IdentityHold, now: datetime) -> bool:
    if unit.find_study(hold.study_key) is None or not unit.open_hold(hold):
        return False
    facts = (("hold", hold.hold_key), ("kind", hold.kind.value), ("differs", ",".join(hold.differs)))
    unit.audit(AuditEvent("identity.hold", "wetread", study_key=hold.study_key, detail=facts), now)
    _LOG.warning("identity_hold kind=%s study=%s differs=%s", hold.kind.value, hold.study_key, ",".join(hold.differs))
    return True


def _said(number: PatientNumber) -> tuple[str, str]:
    return number.patient_id, number.issuer_of_patient_id


def _counts(**counts: int) -> dict[str, str]:
    return {name: str(count) for name, count in counts.items() if count}


def _name(instruction: Instruction) -> str:
    return {
        PlaceOrders: "order",
        CancelOrders: "order_cancel",
        UpdatePatient: "patient_update",
        MergePatients: "patient_merge",
    }[type(instruction)]
