"""One writer at a time: a soft lock that ends by itself, and taking it over with a reason. Reading is never locked (law 1)."""

from dataclasses import dataclass, replace
from datetime import timedelta

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import StudyLocked
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import ReportContent
from wetread.domain.role import Act, Actor, require
from wetread.domain.study_lock import RecoveryCopy, StudyLock, TakeOverReason
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork

__all__ = ["LEASE", "LockDesk", "refuse_if_locked"]

LEASE = timedelta(seconds=45)
"""A page renews every third of it: two lost heartbeats lose nothing."""


def refuse_if_locked(unit: UnitOfWork, actor: Actor, study_key: StudyKey, screen: str, clock: Clock) -> None:
    """Raises StudyLocked while another person or another screen of this person holds the study. A caller without a screen (the command line) is stopped by other people's locks only."""
    held = unit.lock(study_key)
    if held is None or not held.held_at(clock.now()) or held.is_of(actor.actor_id, screen):
        return
    if held.holder_id == actor.actor_id:
        if screen:
            raise StudyLocked("you have this study open on another screen, which has the report now")
        return
    raise StudyLocked(
        f"{held.holder_name} has this study open since {held.taken_at:%H:%M} UTC: read along, or take over"
    )


@dataclass(frozen=True, slots=True)
class LockDesk:
    database: Database
    clock: Clock

    def take(self, actor: Actor, study_key: StudyKey, screen: str, reason: TakeOverReason | None = None) -> StudyLock:
        """Take the lock, or keep it a lease longer; returns whoever holds it afterwards. With a `reason` it is taken from its holder. Audited when it changes hands."""
        require(actor, Act.EDIT_DRAFT)
        now = self.clock.now()
        with self.database.begin() as unit:
            unit.study(study_key)
            held = unit.lock(study_key)
            if held is not None and held.held_at(now) and not held.is_of(actor.actor_id, screen):
                if reason is None:
                    return held
                facts = (("reason", reason.value), ("from", held.holder_id))
                unit.audit(AuditEvent("study.take_over", actor.actor_id, study_key=study_key, detail=facts), now)
                held = None
            elif held is None or not held.is_of(actor.actor_id, screen):
                unit.audit(AuditEvent("study.lock", actor.actor_id, study_key=study_key), now)
                held = None
            name = actor.display_name or actor.actor_id
            taken = held or StudyLock(study_key, actor.actor_id, name, screen, now, now)
            taken = replace(taken, expires_at=now + LEASE)
            unit.save_lock(taken)
            unit.commit()
        return taken

    def release(self, actor: Actor, study_key: StudyKey, screen: str) -> None:
        """Give the lock back; nothing happens where another screen holds it."""
        require(actor, Act.EDIT_DRAFT)
        with self.database.begin() as unit:
            unit.study(study_key)
            held = unit.lock(study_key)
            if held is not None and held.is_of(actor.actor_id, screen) and unit.release_lock(study_key, screen):
                unit.audit(AuditEvent("study.unlock", actor.actor_id, study_key=study_key), self.clock.now())
                unit.commit()

    def keep_unsaved(self, actor: Actor, study_key: StudyKey, version: int, content: ReportContent) -> RecoveryCopy:
        """Text that could not be saved into the report, kept for its author alone until they drop it."""
        require(actor, Act.EDIT_DRAFT)
        now = self.clock.now()
        with self.database.begin() as unit:
            unit.study(study_key)
            copy = RecoveryCopy(study_key, actor.actor_id, version, content, now)
            unit.save_recovery(copy)
            unit.audit(AuditEvent("report.keep_unsaved", actor.actor_id, study_key=study_key), now)
            unit.commit()
        return copy

    def drop_unsaved(self, actor: Actor, study_key: StudyKey) -> None:
        require(actor, Act.EDIT_DRAFT)
        with self.database.begin() as unit:
            unit.study(study_key)
            if unit.drop_recovery(study_key, actor.actor_id):
                event = AuditEvent("report.drop_unsaved", actor.actor_id, study_key=study_key)
                unit.audit(event, self.clock.now())
                unit.commit()
