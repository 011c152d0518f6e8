"""What the processes of one installation keep in common of its upkeep, in the same transaction as everything else."""

from typing import Protocol

from wetread.domain.upkeep import DoorCounts, FilmScrub

__all__ = ["UpkeepStore"]


class UpkeepStore(Protocol):
    """Part of every unit of work."""

    def film_scrub(self) -> FilmScrub: ...
    def save_film_scrub(self, scrub: FilmScrub) -> None: ...
    def door_counts(self) -> DoorCounts: ...
    def add_door_counts(self, more: DoorCounts) -> None: ...
