"""What the file systems say of their room (statvfs(3))."""

import os
from collections.abc import Mapping
from pathlib import Path

from wetread.domain.disk_room import DiskRoom

__all__ = ["free_bytes", "free_files", "rooms_of"]


def rooms_of(places: Mapping[str, Path]) -> tuple[DiskRoom, ...]:
    """Each file system once, with the names of the places that lie on it. Raises OSError where a place is not there."""
    names: dict[int, list[str]] = {}
    for name, path in places.items():
        names.setdefault(path.stat().st_dev, []).append(name)
    return tuple(_room(tuple(held), places[held[0]]) for held in names.values())


def free_bytes(path: Path) -> int:
    """What a process without privileges may still write there."""
    stat = os.statvfs(path)
    return stat.f_bavail * stat.f_frsize


def free_files(path: Path) -> int | None:
    """How many files a process without privileges may still make there; None where the file system does not count them."""
    stat = os.statvfs(path)
    return stat.f_favail if stat.f_files else None


def _room(holds: tuple[str, ...], path: Path) -> DiskRoom:
    stat = os.statvfs(path)
    read_only = bool(stat.f_flag & os.ST_RDONLY)
    return DiskRoom(holds, stat.f_blocks * stat.f_frsize, free_bytes(path), free_files(path), read_only)
