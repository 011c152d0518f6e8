"""A film without an order: a modality worklist elsewhere is asked for it, once, and what it says is taken as any other order is. Whatever becomes of it, the film is read."""

import logging
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import Purpose, of_service
from wetread.domain.order import Order
from wetread.domain.resting import Resting
from wetread.domain.study import PatientIdentity
from wetread.orders.arrivals import ArrivalCheck
from wetread.orders.desk import OrderDesk, PlaceOrders, Said
from wetread.orders.matching import compared
from wetread.ports.modality_worklist import ModalityWorklist, Scheduled
from wetread.ports.neighbours import note_asked

__all__ = ["Asked", "WorklistAsker", "judged"]

_LOG = logging.getLogger(__name__)
_LONGEST = 16
"""Of an accession number (VR SH, PS3.5 §6.2)."""


class Asked(StrEnum):
    """What came of it."""

    KNOWN = "known"
    """There is an order: nobody was asked."""
    UNASKABLE = "unaskable"
    """No accession number, or one that would ask for others, too."""
    TAKEN = "taken"
    NONE = "none"
    """Nothing is scheduled under it."""
    MISMATCHED = "mismatched"
    """It answers with another accession number, or without one, or without a patient number."""
    AMBIGUOUS = "ambiguous"
    """What it answers with is of two patients, neither or both of them the film's: nothing was taken."""
    TOO_MANY = "too_many"
    """It answers with more than one film can be for: nothing was taken."""
    AWAY = "away"
    REFUSED = "refused"


_EXPECTED = (Asked.TAKEN, Asked.NONE)
_NO_ANSWER = (Asked.AWAY, Asked.REFUSED)


def judged(who: PatientIdentity, said: Scheduled) -> tuple[Asked, tuple[Order, ...]]:
    """Of what was said the orders that may be taken for a film of `who`; all of them or none.

    A film under another patient's number finds its order, too: that they are of two patients is a hold, which the order desk finds, and not to be found would hide it.
    """
    mine = {each.order_key: each for each in said.orders if each.accession_number == who.accession_number}
    of_the_film = [each for each in mine.values() if each.person.number.patient_id == who.patient_id]
    orders = tuple(of_the_film or mine.values())
    if not said.complete:
        return Asked.TOO_MANY, ()
    if not orders:
        return Asked.MISMATCHED if said.orders or said.unreadable else Asked.NONE, ()
    pairs = ((one, other) for at, one in enumerate(orders) for other in orders[at + 1 :])
    if any(compared(one.person, other.person).kind for one, other in pairs):
        return Asked.AMBIGUOUS, ()
    return Asked.TAKEN, orders


def _is_askable(number: str) -> bool:
    """Not with a value that is a list or a pattern (PS3.4 §C.2.2.2): it would ask for others."""
    return 0 < len(number) <= _LONGEST and number.isprintable() and not set("\\*?") & set(number)


@dataclass(frozen=True, slots=True)
class WorklistAsker:
    worklist: ModalityWorklist
    desk: OrderDesk
    resting: Resting

    def ask(self, study_key: StudyKey, *, again: bool = False) -> Asked:
        """Repeated after a crash it has the same effect as once. `again`: an earlier try may have kept an order and not compared it yet. Raises StudyNotFound."""
        who = self.desk.vault.on_behalf_of(of_service(Purpose.ORDERS)).study(study_key).identity
        if who.accession_number and self.desk.store.orders_of(who.accession_number):
            if again:
                self._compare(study_key, who)
            return Asked.KNOWN
        outcome, orders = self._answer(who) if _is_askable(who.accession_number) else (Asked.UNASKABLE, ())
        if orders:
            source = f"worklist:{self.worklist.name}"
            digest = sha256("\0".join(each.order_key for each in orders).encode()).hexdigest()
            self.desk.take(Said(source, source, study_key, digest, PlaceOrders(orders), by="worklist"))
        self._note(study_key, outcome, len(orders))
        return outcome

    def _answer(self, who: PatientIdentity) -> tuple[Asked, tuple[Order, ...]]:
        if self.resting.rests:
            return Asked.AWAY, ()
        try:
            said = self.worklist.scheduled(who.accession_number, self.desk.clock.now())
        except (TransientError, PermanentError) as error:
            self.resting.failed()
            _LOG.warning("worklist_failed worklist=%s code=%s", self.worklist.name, error.code)
            return Asked.AWAY if isinstance(error, TransientError) else Asked.REFUSED, ()
        self.resting.answered()
        return judged(who, said)

    def _compare(self, study_key: StudyKey, who: PatientIdentity) -> None:
        now = self.desk.clock.now()
        with self.desk.database.begin() as unit:
            ArrivalCheck(self.desk.store, self.desk.secret)(unit, [(study_key, who)], now)
            unit.commit()

    def _note(self, study_key: StudyKey, outcome: Asked, orders: int) -> None:
        source = f"worklist:{self.worklist.name}"
        event = AuditEvent("worklist.ask", source, outcome.value, study_key, (("orders", str(orders)),))
        with self.desk.database.begin() as unit:
            now = self.desk.clock.now()
            unit.audit(event, now)
            if outcome is not Asked.UNASKABLE:
                note_asked(unit, source, now, answered=outcome not in _NO_ANSWER)
            unit.commit()
        if outcome not in _EXPECTED:
            _LOG.warning("worklist_asked worklist=%s outcome=%s study=%s", self.worklist.name, outcome, study_key)
