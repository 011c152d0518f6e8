"""Films must not take the last room of a disk: without it no page, no signature and no audit record can be kept. What is left is looked at every minute, and rings before films are refused."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from wetread.domain.alarm import AlarmKind
from wetread.domain.disk_room import DiskOutlook, DiskRoom, outlook
from wetread.domain.errors import TransientError
from wetread.monitoring.alarms import Silence, settle
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork

__all__ = ["DiskWatch", "outlooks", "said_of"]

_LOG = logging.getLogger(__name__)
_KINDS = frozenset({AlarmKind.DISK_FILLS})
_NOTE_DAYS, _PAGE_DAYS = 7.0, 1.0
_EASE = 1.25
"""An alarm that is open is over when there is so much more room than it takes to raise it: on the edge it would ring at every turn."""


@dataclass(frozen=True, slots=True)
class DiskWatch:
    """`rooms` raises OSError where a place is not there."""

    database: Database
    rooms: Callable[[], Sequence[DiskRoom]]
    clock: Clock
    reserve_bytes: int
    every_s: float = 60.0

    def run(self, stop: threading.Event) -> None:
        """At once, then every `every_s` until `stop`."""
        while True:
            try:
                self.run_once()
            except (TransientError, OSError) as error:
                _LOG.warning("disk_watch_waits code=%s", getattr(error, "code", type(error).__name__))
            except Exception as error:  # noqa: BLE001 - the thread must live on; its text could quote a row
                _LOG.error("disk_watch_failed error=%s", type(error).__name__)
            if stop.wait(self.every_s):
                return

    def run_once(self) -> None:
        """Raises or clears the alarm of each disk."""
        now = self.clock.now()
        with self.database.begin(write=False) as unit:
            found = outlooks(unit, self.rooms(), self.reserve_bytes, self.clock)
            open_keys = {each.alarm_key for each in unit.alarms(limit=100_000) if each.kind in _KINDS}
        silences = [each for one in found if (each := _silence(one, _key(one.room) in open_keys))]
        if not silences and not open_keys:
            return
        with self.database.begin() as unit:
            settle(unit, silences, _KINDS, now)
            unit.commit()


def outlooks(unit: UnitOfWork, rooms: Sequence[DiskRoom], reserve_bytes: int, clock: Clock) -> tuple[DiskOutlook, ...]:
    now = clock.now()
    day, week = (unit.received_bytes(now - timedelta(days=days)) for days in (1, 7))
    return tuple(outlook(room, reserve_bytes, day, week) for room in rooms)


def said_of(one: DiskOutlook) -> str:
    """In words: whose disk, how much is free, and until when."""
    room, days = one.room, one.days_left
    free = f"{_size(room.free_bytes)} of {_size(room.total_bytes)} free for {', '.join(room.holds)}"
    if one.is_short:
        what = "films are refused until there is more" if "films" in room.holds else "soon nothing can be recorded"
        return f"{free}, less than the {_size(one.reserve_bytes)} that films must leave: {what}"
    if days is None or days > 3650:
        return free
    return f"{free}; at {_size(one.bytes_a_day)} a day films are refused in {_in_words(days)}"


def _size(size_bytes: float) -> str:
    return f"{size_bytes / 2**30:.1f} GiB" if size_bytes >= 2**30 else f"{size_bytes / 2**20:.0f} MiB"


def _in_words(days: float) -> str:
    return f"{days:.0f} days" if days >= 2 else f"{24 * days:.0f} hours"


def _silence(one: DiskOutlook, is_open: bool) -> Silence | None:
    ease = _EASE if is_open else 1.0
    days = one.days_left
    short = one.room.free_bytes < one.reserve_bytes * ease
    if not short and (days is None or days >= _NOTE_DAYS * ease):
        return None
    pages = short or (days is not None and days < _PAGE_DAYS * ease)
    message = f"{said_of(one)}. Free space or enlarge the disk; nothing is lost: who sends keeps what is refused and sends it again"
    return Silence(AlarmKind.DISK_FILLS, _key(one.room), "", message, pages=pages)


def _key(room: DiskRoom) -> str:
    return f"{AlarmKind.DISK_FILLS.value}:{'+'.join(room.holds)}"
