"""Legal holds: one person sets one, another in the other role lifts it. Each act is one transaction with its audit record."""

from dataclasses import dataclass

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import IllegalTransition, PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.legal_hold import HoldReason, HoldScope, LegalHold, lifted
from wetread.domain.role import Act, Actor, require
from wetread.governance.erasure_desk import checked_reference
from wetread.governance.erasure_standing import patient_keys
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.vault import Vault
from wetread.ports.vault_eraser import VaultEraser

__all__ = ["LegalHoldDesk"]


@dataclass(frozen=True, slots=True)
class LegalHoldDesk:
    database: Database
    vault: Vault
    eraser: VaultEraser
    clock: Clock
    secret: bytes

    def set_hold(
        self, actor: Actor, study_key: StudyKey, reason: HoldReason, *, reference: str = "", whole_patient: bool = False
    ) -> LegalHold:
        """On the study, or on all of its patient, what comes later as well. An erasure that was approved and has not begun waits for it to be lifted.

        Raises StudyNotFound, PermanentError (codes 'no_patient_number', 'bad_reference'), IllegalTransition where the same is held already.
        """
        require(actor, Act.SET_LEGAL_HOLD)
        self.vault.unnamed.study(study_key)
        scope, subject = HoldScope.STUDY, str(study_key)
        if whole_patient:
            patients = patient_keys(self.secret, self.eraser.numbers(study_key))
            if not patients:
                raise PermanentError("the study has no PatientID: hold the study itself", code="no_patient_number")
            scope, subject = HoldScope.PATIENT, str(patients[0])
        now = self.clock.now()
        with self.database.begin() as unit:
            if any(each.reason is reason for each in unit.legal_holds_on([subject])):
                raise IllegalTransition("it is held for this reason already")
            hold = LegalHold(
                unit.last_legal_hold() + 1,
                scope,
                subject,
                reason,
                actor.actor_id,
                actor.role,
                now,
                checked_reference(reference),
            )
            _save(unit, hold, "set", actor, study_key)
            unit.commit()
        return hold

    def lift(self, actor: Actor, number: int) -> LegalHold:
        """Raises NotPermitted for who set it and for their role, IllegalTransition for one that was lifted, PermanentError (code 'no_hold')."""
        require(actor, Act.LIFT_LEGAL_HOLD)
        with self.database.begin() as unit:
            held = unit.legal_hold(number)
            if held is None:
                raise PermanentError("no legal hold of that number was ever set", code="no_hold")
            hold = lifted(held, actor, self.clock.now())
            _save(unit, hold, "lift", actor, StudyKey(hold.subject) if hold.scope is HoldScope.STUDY else None)
            unit.commit()
        return hold


def _save(unit: UnitOfWork, hold: LegalHold, act: str, actor: Actor, study_key: StudyKey | None) -> None:
    unit.save_legal_hold(hold)
    facts = (("hold", str(hold.number)), ("scope", hold.scope.value), ("reason", hold.reason.value))
    moment = hold.lifted_at or hold.set_at
    unit.audit(AuditEvent(f"legal_hold.{act}", actor.actor_id, study_key=study_key, detail=facts), moment)
