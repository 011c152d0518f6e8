"""Doubts about who a study is of: what they stop, and how a person answers them."""

from dataclasses import dataclass

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import IllegalTransition, PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import IdentityHold, Resolution, resolved, stops_signing
from wetread.domain.role import Act, Actor, require
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork

__all__ = ["IdentityDesk", "refuse_if_in_doubt"]


def refuse_if_in_doubt(unit: UnitOfWork, study_key: StudyKey) -> None:
    """Raises IllegalTransition 'patient_in_doubt' while the film may be another patient's: reading and writing go on, a signature does not."""
    if any(map(stops_signing, unit.holds_of((study_key,)).get(study_key, ()))):
        raise IllegalTransition(
            "film and order are of different patients: compare them, and say whether it is the right patient, before you sign",
            code="patient_in_doubt",
        )


@dataclass(frozen=True, slots=True)
class IdentityDesk:
    database: Database
    clock: Clock

    def answer(self, actor: Actor, study_key: StudyKey, hold_key: str, resolution: Resolution) -> IdentityHold:
        """Raises PermanentError 'no_hold' for a question that is not this study's, IllegalTransition for one that was answered."""
        require(actor, Act.EDIT_DRAFT)
        now = self.clock.now()
        with self.database.begin() as unit:
            unit.study(study_key)
            hold = unit.hold(hold_key)
            if hold is None or hold.study_key != study_key:
                raise PermanentError("this study has no such question about its patient", code="no_hold")
            answered = resolved(hold, resolution, actor.actor_id, now)
            unit.save_hold(answered)
            facts = (("hold", hold_key), ("kind", hold.kind.value), ("answer", resolution.value))
            unit.audit(AuditEvent("identity.answer", actor.actor_id, study_key=study_key, detail=facts), now)
            unit.commit()
        return answered
