"""A legal hold: a study, or all of a patient, is kept whatever else asks for its erasure. Pseudonyms only; who the patient is, the vault knows."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from wetread.domain.erasure import check_other_pair_of_eyes
from wetread.domain.errors import IllegalTransition
from wetread.domain.role import Actor, Role

__all__ = ["HoldReason", "HoldScope", "LegalHold", "lifted"]


class HoldScope(StrEnum):
    STUDY = "study"
    PATIENT = "patient"


class HoldReason(StrEnum):
    """Fixed codes, as an erasure's."""

    LITIGATION = "litigation"
    COMPLAINT = "complaint"
    INVESTIGATION = "investigation"
    AUTHORITY = "authority"


@dataclass(frozen=True, slots=True)
class LegalHold:
    """`subject` is a study key or a patient key; `reference` the number of the site's own file on it."""

    number: int
    scope: HoldScope
    subject: str
    reason: HoldReason
    set_by: str
    set_role: Role
    set_at: datetime
    reference: str = ""
    lifted_by: str = ""
    lifted_at: datetime | None = None

    @property
    def stands(self) -> bool:
        return self.lifted_at is None


def lifted(hold: LegalHold, actor: Actor, now: datetime) -> LegalHold:
    """Raises IllegalTransition for one that was lifted, NotPermitted for who set it and for their role."""
    if not hold.stands:
        raise IllegalTransition("this hold was lifted already")
    check_other_pair_of_eyes(actor, hold.set_by, hold.set_role, "whoever set a hold")
    return replace(hold, lifted_by=actor.actor_id, lifted_at=now)
