"""Rings when the audit log is not sealed any more: checkpoints that fall behind, or a key that is gone, would otherwise be a line in a log that nobody reads."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from wetread.checkpoints.folder import CheckpointFolder
from wetread.checkpoints.keeper import CheckpointKeeper
from wetread.checkpoints.note import Checkpoint
from wetread.domain.alarm import AlarmKind
from wetread.domain.audit import AuditRecord
from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.monitoring.alarms import Silence, clear_alarm, raise_alarm
from wetread.ports.database import Database

__all__ = ["SealWatch", "is_late", "late_after"]

_KEY = AlarmKind.AUDIT_UNSEALED.value
_WALK_S = 600.0
"""What a walk through a long log may take before a process that has just begun says that it is late."""


def late_after(every_s: float) -> float:
    """Seconds that a record may wait for its checkpoint: two rounds, of which one may fail, and the walk."""
    return 2 * every_s + _WALK_S


def is_late(waited_s: float, age_s: float, late_s: float) -> bool:
    """`waited_s` as this process saw it, whatever the clock says; `age_s` as the record bears it: a process that is started again and again sees nothing wait for long."""
    return waited_s >= late_s or (waited_s >= _WALK_S and age_s >= late_s)


@dataclass(slots=True)
class SealWatch:
    """`key` gives what signs, or raises; `keeper` may raise as it does. `late_s`: `late_after` of the settings."""

    database: Database
    folder: CheckpointFolder
    keeper: Callable[[], CheckpointKeeper]
    key: Callable[[], object]
    late_s: float
    now_s: Callable[[], float] = time.monotonic
    _failed: str = field(default="", init=False)
    _oldest: tuple[int, float] = field(default=(0, 0.0), init=False)
    """The first record without a checkpoint, and since when it was seen to be."""
    _mark: int | None = field(default=None, init=False)
    """How far a checkpoint must reach for the alarm to be over."""

    def seal(self, now: datetime) -> Checkpoint | None:
        """As `CheckpointKeeper.run_once`; why it could not is kept for the alarm."""
        try:
            made = self.keeper().run_once(now)
        except WetreadError as error:
            self._failed = str(error)
            raise
        self._failed = ""
        return made

    def look(self, now: datetime) -> None:
        """The alarm while the key is gone or what is unsealed has waited too long; over when a checkpoint covers all that there was then, the alarm's own record with it. Raises TransientError when the database is away."""
        sealed, newest = self.folder.newest_size(), self.database.change_token()
        oldest = next(iter(self.database.audit_records(start=sealed + 1)), None)
        with self.database.begin(write=False) as unit:
            alarm, broken = unit.alarm(_KEY), unit.alarm(AlarmKind.AUDIT_BROKEN.value)
        trouble = self._key_trouble()
        # a log that does not hold rings by itself, and is not to be sealed
        if not trouble and self._waits_too_long(oldest, now) and not (broken and broken.is_open):
            trouble = self._failed or "see the log of `wetread pager`"
        if trouble:
            with self.database.begin() as unit:
                raise_alarm(unit, _silence(oldest, max(0, newest - sealed), trouble), now)
                unit.commit()
            self._mark = self.database.change_token()
        elif alarm and alarm.is_open:
            self._mark = newest if self._mark is None else self._mark
            if sealed >= self._mark:
                self._mark = None
                with self.database.begin() as unit:
                    clear_alarm(unit, _KEY, now)
                    unit.commit()

    def _waits_too_long(self, oldest: AuditRecord | None, now: datetime) -> bool:
        if oldest is None:
            return False
        if self._oldest[0] != oldest.sequence:
            self._oldest = oldest.sequence, self.now_s()
        age_s = (now - oldest.recorded_at).total_seconds()
        return is_late(self.now_s() - self._oldest[1], age_s, self.late_s)

    def _key_trouble(self) -> str:
        """Where it cannot be had for now, only time tells."""
        try:
            self.key()
        except PermanentError as error:
            return str(error)
        except TransientError as error:
            self._failed = str(error)
        return ""


def _silence(oldest: AuditRecord | None, unsealed: int, trouble: str) -> Silence:
    since = f", since {oldest.recorded_at:%Y-%m-%d %H:%M} UTC" if oldest else ""
    message = (
        f"the audit log is not sealed: {unsealed} records have no checkpoint{since}; {trouble}."
        " `wetread audit checkpoint` seals it once that is mended"
    )
    return Silence(AlarmKind.AUDIT_UNSEALED, _KEY, "", message, pages=True)
