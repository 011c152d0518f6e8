"""The disks of this installation: which of its parts lie on a disk that we see, and the watch over the room that is left there."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wetread.domain.disk_room import DiskRoom
from wetread.domain.errors import TransientError
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.storage.disk_room import rooms_of

if TYPE_CHECKING:
    from wetread.monitoring.disk_watch import DiskWatch
    from wetread.settings import Settings

__all__ = ["build_disk_watch", "disk_problem", "disk_rooms"]


def build_disk_watch(settings: "Settings", database: Database, clock: Clock) -> "DiskWatch":
    from wetread.monitoring.disk_watch import DiskWatch

    return DiskWatch(database, partial(disk_rooms, settings), clock, settings.disk_reserve_bytes)


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
        raise TransientError(f"a disk cannot be asked for its room ({error.strerror})", code="disk_unseen") from None


def disk_problem(settings: "Settings") -> str:
    """For readiness: "" while each disk has more than its reserve."""
    short = [each for each in disk_rooms(settings) if each.free_bytes < settings.disk_reserve_bytes]
    return f"less than disk_reserve_mib free for {', '.join(short[0].holds)}" if short else ""
