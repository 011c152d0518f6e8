"""Rows of the installation's upkeep: one for each thing that is kept, by its name."""

from sqlalchemy import bindparam, select

from wetread.domain.upkeep import DoorCounts, FilmScrub
from wetread.storage import schema
from wetread.storage.codec import encode
from wetread.storage.transaction import Transaction, replacing

__all__ = ["UpkeepRows"]

_SAVE = replacing(schema.upkeep)
_READ = select(schema.upkeep.c.body).where(schema.upkeep.c.name == bindparam("of"))
_SCRUB, _DOOR = "film_scrub", "door_counts"


class UpkeepRows(Transaction):
    def film_scrub(self) -> FilmScrub:
        return self._one(FilmScrub, _READ, {"of": _SCRUB}) or FilmScrub()

    def save_film_scrub(self, scrub: FilmScrub) -> None:
        self._write(_SAVE, {"name": _SCRUB, "body": encode(scrub)})

    def door_counts(self) -> DoorCounts:
        return self._one(DoorCounts, _READ, {"of": _DOOR}) or DoorCounts()

    def add_door_counts(self, more: DoorCounts) -> None:
        self._write(_SAVE, {"name": _DOOR, "body": encode(self.door_counts() + more)})
