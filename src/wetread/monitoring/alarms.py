"""What becomes of an alarm when its cause is seen, seen again, acknowledged or over: pure steps over `domain.alarm.Alarm`, and the same inside a unit of work, audited.

An alarm that pages goes out at once, then hourly until a person acknowledges it or its cause ends. Acknowledging makes it quiet, not gone: it stays open until its cause ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from wetread.domain.alarm import Alarm, AlarmKind
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.role import SERVICE
from wetread.ports.database import UnitOfWork

__all__ = [
    "PAGE_EVERY",
    "Silence",
    "acknowledge_alarm",
    "acknowledged",
    "clear_alarm",
    "cleared",
    "paged",
    "raise_alarm",
    "seen_again",
    "settle",
]

PAGE_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Silence:
    """A trouble as seen now. `alarm_key` is the same as long as it is the same trouble; `message` says what, where and what to do next, without PHI."""

    kind: AlarmKind
    alarm_key: str
    site: str
    message: str
    pages: bool


def seen_again(alarm: Alarm | None, silence: Silence, now: datetime) -> Alarm:
    """The alarm after its cause was seen at `now`: a new one, the next episode of a cleared one, or the open one seen once more.

    When something that was only worth a note becomes worth a page, the acknowledgement of the note does not silence it.
    """
    if alarm is None or not alarm.is_open:
        return _raised(silence, now, episode=1 if alarm is None else alarm.episode + 1)
    seen = replace(alarm, message=silence.message, last_seen_at=max(now, alarm.last_seen_at), seen=alarm.seen + 1)
    if silence.pages == alarm.pages:
        return seen
    if not silence.pages:
        return replace(seen, pages=False, next_page_at=None)
    return replace(seen, pages=True, next_page_at=now, acknowledged_by="", acknowledged_at=None)


def _raised(silence: Silence, now: datetime, *, episode: int) -> Alarm:
    return Alarm(
        alarm_key=silence.alarm_key,
        kind=silence.kind,
        site=silence.site,
        message=silence.message,
        raised_at=now,
        last_seen_at=now,
        pages=silence.pages,
        next_page_at=now if silence.pages else None,
        episode=episode,
    )


def cleared(alarm: Alarm, now: datetime) -> Alarm:
    """The alarm after its cause was found gone; one that is over stays as it is."""
    return replace(alarm, cleared_at=now, next_page_at=None) if alarm.is_open else alarm


def acknowledged(alarm: Alarm, actor_id: str, now: datetime) -> Alarm:
    """Quiet from now on, still open; the first who acknowledged stays named."""
    if alarm.acknowledged_at is not None or not alarm.is_open:
        return alarm
    return replace(alarm, acknowledged_by=actor_id, acknowledged_at=now, next_page_at=None)


def paged(alarm: Alarm, now: datetime) -> Alarm:
    """After its pages were queued at `now`: due again in an hour."""
    return replace(alarm, next_page_at=now + PAGE_EVERY)


def raise_alarm(unit: UnitOfWork, silence: Silence, now: datetime) -> Alarm:
    """Save that the cause was seen; idempotent. Audited when the alarm is new, comes back, or begins to page, not each time it is seen."""
    before = unit.alarm(silence.alarm_key)
    after = seen_again(before, silence, now)
    unit.save_alarm(after)
    if before is None or after.episode != before.episode or (after.pages and not before.pages):
        unit.audit(_event("alarm.raise", SERVICE.actor_id, after), now)
    return after


def clear_alarm(unit: UnitOfWork, alarm_key: str, now: datetime) -> Alarm | None:
    """Save that the cause is gone; nothing happens (None) when no such alarm is open."""
    alarm = unit.alarm(alarm_key)
    if alarm is None or not alarm.is_open:
        return None
    over = cleared(alarm, now)
    unit.save_alarm(over)
    unit.audit(_event("alarm.clear", SERVICE.actor_id, over), now)
    return over


def acknowledge_alarm(unit: UnitOfWork, alarm_key: str, actor_id: str, now: datetime) -> Alarm:
    """A person has seen it. Raises PermanentError(code='no_such_alarm') when none with this key is open."""
    alarm = unit.alarm(alarm_key)
    if alarm is None or not alarm.is_open:
        raise PermanentError("no open alarm has this key: see `wetread alarms list`", code="no_such_alarm")
    after = acknowledged(alarm, actor_id, now)
    if after is not alarm:
        unit.save_alarm(after)
        unit.audit(_event("alarm.acknowledge", actor_id, after), now)
    return after


def settle(unit: UnitOfWork, silences: Iterable[Silence], kinds: frozenset[AlarmKind], now: datetime) -> None:
    """Make the open alarms of these kinds exactly `silences`: raise what is seen, clear what is not."""
    seen = {raise_alarm(unit, silence, now).alarm_key for silence in silences}
    for alarm in unit.alarms(limit=100_000):
        if alarm.kind in kinds and alarm.alarm_key not in seen:
            clear_alarm(unit, alarm.alarm_key, now)


def _event(action: str, actor_id: str, alarm: Alarm) -> AuditEvent:
    detail = (("alarm", alarm.alarm_key), ("kind", alarm.kind.value), ("episode", str(alarm.episode)))
    return AuditEvent(action, actor_id, detail=detail)
