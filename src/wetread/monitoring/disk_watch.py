"""Films must not take the last room of a disk: without it no page, no signature and no audit record can be kept. What is left is looked at every minute, and rings before films are refused."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from wetread.domain.alarm import AlarmKind
from wetread.domain.disk_room import FILES_LEFT, DiskOutlook, DiskRoom, outlook
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.study import Instance
from wetread.monitoring.alarms import Silence, settle
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.file_store import FileStore
from wetread.ports.rounds import in_rounds

__all__ = ["DiskWatch", "outlooks", "said_of"]

_LOG = logging.getLogger(__name__)
_KINDS = frozenset({AlarmKind.DISK_FILLS, AlarmKind.DISK_AWAY})
_GONE = frozenset({AlarmKind.DISK_AWAY})
_FEW_FILES = 10 * FILES_LEFT
_LOOKED_FOR = 5
"""Films that are looked for: that none of so many is there is no damage to a film, but a disk that is not mounted."""
_NOTE_DAYS, _PAGE_DAYS = 7.0, 1.0
_EASE = 1.25
"""An alarm that is open is over when there is so much more room than it takes to raise it: on the edge it would ring at every turn."""


@dataclass(frozen=True, slots=True)
class DiskWatch:
    """`rooms` raises TransientError, or OSError, where a place is not there."""

    database: Database
    rooms: Callable[[], Sequence[DiskRoom]]
    clock: Clock
    reserve_bytes: int
    files: FileStore | None = None
    every_s: float = 60.0

    def run(self, stop: threading.Event) -> None:
        """At once, then every `every_s` until `stop`."""
        in_rounds(self.run_once, stop, self.every_s, _LOG, "disk_watch_waits", "disk_watch_failed", at_once=True)

    def run_once(self) -> None:
        """Raises or clears the alarm of each disk. Of one that is not there the others' are left as they are."""
        now = self.clock.now()
        try:
            rooms = self.rooms()
        except (TransientError, OSError) as error:
            if getattr(error, "code", "disk_unseen") != "disk_unseen":
                raise
            self._settle([_away("", f"{error}; films are refused until then, and who sends keeps them")], _GONE, now)
            return
        with self.database.begin(write=False) as unit:
            found = outlooks(unit, rooms, self.reserve_bytes, self.clock)
            open_keys = {each.alarm_key for each in unit.alarms(limit=100_000) if each.kind in _KINDS}
            away = [*map(_read_only, filter(lambda each: each.read_only, rooms)), *self._unmounted(unit)]
        silences = [each for one in found if (each := _silence(one, _key(one.room) in open_keys))]
        if silences or away or open_keys:
            self._settle([*silences, *away], _KINDS, now)

    def _settle(self, silences: Sequence[Silence], kinds: frozenset[AlarmKind], now: datetime) -> None:
        with self.database.begin() as unit:
            settle(unit, silences, kinds, now)
            unit.commit()

    def _unmounted(self, unit: UnitOfWork) -> tuple[Silence, ...]:
        """A folder without its disk looks like a new one: films are taken into it, and lie hidden once the disk is back."""
        films = unit.instances_after("", limit=_LOOKED_FOR)
        if self.files is None or not films or any(map(partial(_is_there, self.files), films)):
            return ()
        text = f"not one of the {len(films)} stored films that were looked for is in the films' folder: is its disk mounted? Stop wetread before films are taken beside it, mount it, or restore a backup"
        return (_away("unmounted", text),)


def _is_there(files: FileStore, film: Instance) -> bool:
    try:
        files.path_of(film.content_sha256)
    except PermanentError:
        return False
    return True


def outlooks(unit: UnitOfWork, rooms: Sequence[DiskRoom], reserve_bytes: int, clock: Clock) -> tuple[DiskOutlook, ...]:
    now = clock.now()
    day, week = (unit.received_bytes(now - timedelta(days=days)) for days in (1, 7))
    return tuple(outlook(room, reserve_bytes, day, week) for room in rooms)


def said_of(one: DiskOutlook) -> str:
    """In words: whose disk, how much is free, and until when."""
    room, days = one.room, one.days_left
    free = f"{_size(room.free_bytes)} of {_size(room.total_bytes)} free for {', '.join(room.holds)}"
    if one.lacks_files:
        return f"room for {room.free_files} more files (inodes) for {', '.join(room.holds)}, less than the {FILES_LEFT} that films must leave: films are refused until there are more"
    if one.is_short:
        what = "films are refused until there is more" if "films" in room.holds else "soon nothing can be recorded"
        return f"{free}, less than the {_size(one.reserve_bytes)} that films must leave: {what}"
    if room.free_files is not None and room.free_files < _FEW_FILES:
        free += f", room for {room.free_files} more files (inodes)"
    if days is None or days > 3650:
        return free
    return f"{free}; at {_size(one.bytes_a_day)} a day films are refused in {_in_words(days)}"


def _size(size_bytes: float) -> str:
    return f"{size_bytes / 2**30:.1f} GiB" if size_bytes >= 2**30 else f"{size_bytes / 2**20:.0f} MiB"


def _in_words(days: float) -> str:
    return f"{days:.0f} days" if days >= 2 else f"{24 * days:.0f} hours"


def _silence(one: DiskOutlook, is_open: bool) -> Silence | None:
    ease = _EASE if is_open else 1.0
    days, files = one.days_left, one.room.free_files if one.reserve_bytes else None
    short = one.room.free_bytes < one.reserve_bytes * ease or (files is not None and files < FILES_LEFT * ease)
    few = files is not None and files < _FEW_FILES * ease
    if not short and not few and (days is None or days >= _NOTE_DAYS * ease):
        return None
    pages = short or (days is not None and days < _PAGE_DAYS * ease)
    message = f"{said_of(one)}. Free space or enlarge the disk; nothing is lost: who sends keeps what is refused and sends it again"
    return Silence(AlarmKind.DISK_FILLS, _key(one.room), "", message, pages=pages)


def _read_only(room: DiskRoom) -> Silence:
    text = f"the disk of {', '.join(room.holds)} is read-only: nothing can be kept on it. The kernel's log says why; mend it and mount it writable again"
    return _away("+".join(room.holds), text)


def _away(key: str, message: str) -> Silence:
    return Silence(AlarmKind.DISK_AWAY, f"{AlarmKind.DISK_AWAY.value}:{key}", "", message, pages=True)


def _key(room: DiskRoom) -> str:
    return f"{AlarmKind.DISK_FILLS.value}:{'+'.join(room.holds)}"
