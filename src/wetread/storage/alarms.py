"""Rows of alarms, of hand-overs on the roster, and of signs of life."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select

from wetread.domain.alarm import Alarm
from wetread.domain.roster import RosterOverride
from wetread.storage import schema
from wetread.storage.codec import decode, encode
from wetread.storage.transaction import Transaction, replacing

__all__ = ["OPEN", "AlarmRows"]

_ALARMS, _OVERRIDES, _BEATS = schema.alarms.c, schema.roster_overrides.c, schema.beats.c
_SAVE_ALARM = replacing(schema.alarms)
_SAVE_OVERRIDE = replacing(schema.roster_overrides)
_SAVE_BEAT = replacing(schema.beats)
_ALARM = select(_ALARMS.body).where(_ALARMS.alarm_key == bindparam("key"))
_NEWEST = select(_ALARMS.body).order_by(_ALARMS.raised_at.desc(), _ALARMS.alarm_key.desc()).limit(bindparam("most"))
OPEN, _CLEARED = _NEWEST.where(_ALARMS.cleared_at.is_(None)), _NEWEST.where(_ALARMS.cleared_at.is_not(None))
_REMOVE = delete(schema.roster_overrides).where(_OVERRIDES.override_id == bindparam("key"))
_STANDING = (
    select(_OVERRIDES.body)
    .where(_OVERRIDES.ends_at > bindparam("after"))
    .order_by(_OVERRIDES.starts_at, _OVERRIDES.override_id)
)
_BEAT = select(_BEATS.beat_at).where(_BEATS.name == bindparam("of"))


class AlarmRows(Transaction):
    def save_alarm(self, alarm: Alarm) -> None:
        times = {"raised_at": alarm.raised_at, "cleared_at": alarm.cleared_at}
        self._write(_SAVE_ALARM, {"alarm_key": alarm.alarm_key, **times, "body": encode(alarm)})

    def alarm(self, alarm_key: str) -> Alarm | None:
        return self._one(Alarm, _ALARM, {"key": alarm_key})

    def alarms(self, *, cleared: bool = False, limit: int = 500) -> tuple[Alarm, ...]:
        bodies = self._read(_CLEARED if cleared else OPEN, {"most": limit}).scalars()
        return tuple(decode(Alarm, body) for body in bodies)

    def save_override(self, override: RosterOverride) -> None:
        times = {"starts_at": override.starts_at, "ends_at": override.ends_at}
        self._write(_SAVE_OVERRIDE, {"override_id": override.override_id, **times, "body": encode(override)})

    def remove_override(self, override_id: str) -> bool:
        return self._write(_REMOVE, {"key": override_id}).rowcount == 1

    def overrides(self, *, ends_after: datetime) -> tuple[RosterOverride, ...]:
        bodies = self._read(_STANDING, {"after": ends_after}).scalars()
        return tuple(decode(RosterOverride, body) for body in bodies)

    def beat(self, name: str, now: datetime) -> None:
        self._write(_SAVE_BEAT, {"name": name, "beat_at": now})

    def last_beat(self, name: str) -> datetime | None:
        return self._read(_BEAT, {"of": name}).scalar_one_or_none()
