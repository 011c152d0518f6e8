"""What a person does to the roster: hand a duty over for some hours, and take that back. The file stays the planner's; these stand above it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.role import Act, Actor, require
from wetread.domain.roster import RosterOverride
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.triage.roster import unusable_overrides
from wetread.triage.roster_book import RosterBook

__all__ = ["RosterDesk"]

_LONGEST = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class RosterDesk:
    database: Database
    clock: Clock
    book: RosterBook

    def hand_over(
        self, actor: Actor, *, site: str, duty: str, person_id: str, starts_at: datetime, ends_at: datetime, reason: str
    ) -> RosterOverride:
        """`person_id` holds the duty in that span. Raises NotPermitted, or PermanentError(code='bad_hand_over') saying what cannot be."""
        require(actor, Act.HAND_OVER)
        now = self.clock.now()
        override = RosterOverride(
            _name(actor, site, duty, starts_at, now), site, duty, person_id, starts_at, ends_at, actor.actor_id, " ".join(reason.split())
        )  # fmt: skip
        self._refuse_useless(override, now)
        with self.database.begin() as unit:
            unit.save_override(override)
            facts = (("hand_over", override.override_id), ("site", site), ("duty", duty), ("person", person_id))
            unit.audit(AuditEvent("roster.hand_over", actor.actor_id, detail=facts), now)
            unit.commit()
        return override

    def take_back(self, actor: Actor, override_id: str) -> None:
        """The rotation holds again from now on. Raises NotPermitted, or PermanentError(code='no_such_hand_over')."""
        require(actor, Act.HAND_OVER)
        with self.database.begin() as unit:
            if not unit.remove_override(override_id):
                raise PermanentError("there is no such hand-over any more", code="no_such_hand_over")
            facts = (("hand_over", override_id),)
            unit.audit(AuditEvent("roster.take_back", actor.actor_id, detail=facts), self.clock.now())
            unit.commit()

    def _refuse_useless(self, override: RosterOverride, now: datetime) -> None:
        roster, problem = self.book.current()
        if roster is None:
            raise PermanentError(problem, code="bad_hand_over")
        for _, why in unusable_overrides(roster, (override,)):
            raise PermanentError(f"this hand-over would change nothing: {why}", code="bad_hand_over")
        if override.ends_at <= now:
            raise PermanentError("this hand-over is over already: check the times", code="bad_hand_over")
        if override.ends_at - override.starts_at > _LONGEST:
            raise PermanentError("a hand-over is at most 31 days long: change the roster instead", code="bad_hand_over")


def _name(actor: Actor, site: str, duty: str, starts_at: datetime, now: datetime) -> str:
    """The same person pressing the same button twice in the same moment makes one hand-over."""
    return sha256(f"{actor.actor_id}/{site}/{duty}/{starts_at.isoformat()}/{now.isoformat()}".encode()).hexdigest()[:16]
