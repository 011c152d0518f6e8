"""The installation's upkeep in memory: `ports.upkeep_store`."""

from wetread.domain.upkeep import DoorCounts, FilmScrub
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryUpkeepStore"]


class MemoryUpkeepStore(MemoryTransaction):
    def film_scrub(self) -> FilmScrub:
        return self._visible.film_scrubs.get("", FilmScrub())

    def save_film_scrub(self, scrub: FilmScrub) -> None:
        self._changing.film_scrubs[""] = scrub

    def door_counts(self) -> DoorCounts:
        return self._visible.door_counts.get("", DoorCounts())

    def add_door_counts(self, more: DoorCounts) -> None:
        self._changing.door_counts[""] = self.door_counts() + more
