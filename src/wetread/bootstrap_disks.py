"""The disks of this installation: which of its parts lie on a disk that we see, and the watch over the room that is left there."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wetread.domain.disk_room import DiskOutlook, DiskRoom
from wetread.domain.errors import TransientError
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.file_store import FileStore
from wetread.storage.disk_room import rooms_of

if TYPE_CHECKING:
    from wetread.monitoring.disk_watch import DiskWatch
    from wetread.settings import Settings

__all__ = ["build_disk_watch", "disk_problem", "disk_rooms"]


def build_disk_watch(settings: "Settings", database: Database, files: FileStore, clock: Clock) -> "DiskWatch":
    from wetread.monitoring.disk_watch import DiskWatch

    return DiskWatch(database, partial(disk_rooms, settings), clock, settings.disk_reserve_bytes, files)


def disk_rooms(settings: "Settings") -> tuple[DiskRoom, ...]:
    """Of films and SQLite databases; a PostgreSQL server's disk is its own to watch. Raises TransientError where one cannot be asked."""
    from wetread.storage.engine import parse_url

    places = {"films": settings.films_dir}
    for name, url in (("database", settings.resolved_database_url), ("vault", settings.resolved_vault_url)):
        parsed = parse_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            places[name] = Path(parsed.database).parent
    try:
        return rooms_of(places)
    except OSError as error:
        raise TransientError(
            f"{error.filename} cannot be asked for its room ({error.strerror}): mount its disk, or bring the folder back",
            code="disk_unseen",
        ) from None


def disk_problem(settings: "Settings") -> str:
    """For readiness: "" while each disk has more than its reserve."""
    for room in disk_rooms(settings):
        if what := _lack(DiskOutlook(room, settings.disk_reserve_bytes)):
            return f"{what} for {', '.join(room.holds)}"
    return ""


def _lack(one: DiskOutlook) -> str:
    if one.room.read_only:
        return "read-only"
    if one.lacks_files:
        return "no room for files"
    return "less than disk_reserve_mib free" if one.is_short else ""
