"""How much room there is on the disks that films and databases lie on, and how long it will do."""

from dataclasses import dataclass

__all__ = ["FILES_LEFT", "DiskOutlook", "DiskRoom", "outlook"]

FILES_LEFT = 1024
"""Films leave room for so many files of others (inodes): each film is one, and a file system may run out of them long before it runs out of bytes."""


@dataclass(frozen=True, slots=True)
class DiskRoom:
    """One file system. `holds` is what of ours lies on it, such as "films"; `free_bytes` what a process without privileges may still write, `free_files` how many more files it may make; None where the file system does not count them."""

    holds: tuple[str, ...]
    total_bytes: int
    free_bytes: int
    free_files: int | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class DiskOutlook:
    """`days_left` until films are refused, at `bytes_a_day`; None where none come, or they lie elsewhere."""

    room: DiskRoom
    reserve_bytes: int
    bytes_a_day: float = 0.0

    @property
    def is_short(self) -> bool:
        """Less than the reserve is free: films are refused, and where there are none, soon nothing can be recorded."""
        return self.room.free_bytes < self.reserve_bytes or self.lacks_files

    @property
    def lacks_files(self) -> bool:
        free = self.room.free_files
        return bool(self.reserve_bytes) and free is not None and free < FILES_LEFT

    @property
    def days_left(self) -> float | None:
        if not self.bytes_a_day:
            return None
        return max(0.0, (self.room.free_bytes - self.reserve_bytes) / self.bytes_a_day)


def outlook(room: DiskRoom, reserve_bytes: int, last_day_bytes: int, last_week_bytes: int) -> DiskOutlook:
    """The faster of the last day and the last week counts: a new house has no week yet, and an import fills a disk within a day."""
    bytes_a_day = max(last_day_bytes, last_week_bytes / 7) if "films" in room.holds else 0.0
    return DiskOutlook(room, reserve_bytes, bytes_a_day)
