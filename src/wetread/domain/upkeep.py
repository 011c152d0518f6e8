"""What several processes of one installation keep in common of its upkeep: whose turn it is to look through the stored films, what the last look found, and how often the DIMSE door was knocked at."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from wetread.domain.identifiers import StudyKey

__all__ = ["DoorCounts", "FilmScrub", "ScrubResult", "ScrubTurn"]


@dataclass(frozen=True, slots=True)
class DoorCounts:
    """Connections to the DIMSE door since the installation began: `unused` were closed before a byte was said, `refused` were turned away."""

    unused: int = 0
    refused: int = 0

    def __add__(self, more: "DoorCounts") -> "DoorCounts":
        return DoorCounts(self.unused + more.unused, self.refused + more.refused)


@dataclass(frozen=True, slots=True)
class ScrubResult:
    """A look through every stored film that came to its end: `damaged` of `looked` are damaged or gone."""

    began_at: datetime
    ended_at: datetime
    looked: int
    damaged: int


@dataclass(frozen=True, slots=True)
class ScrubTurn:
    """A look that is under way: up to the instance `after`, `looked` of them, `damaged`, the first of study `first`. Whoever takes it over when `held_until` has passed goes on from there. `holder` changes with each that takes it."""

    holder: str
    began_at: datetime
    held_until: datetime
    after: str = ""
    looked: int = 0
    damaged: int = 0
    first: StudyKey | None = None


@dataclass(frozen=True, slots=True)
class FilmScrub:
    turn: ScrubTurn | None = None
    last: ScrubResult | None = None

    def is_free(self, now: datetime, every: timedelta) -> bool:
        """May somebody begin, or go on with what another left? `every`: from one beginning to the next. A beginning in the future is of a clock that went back, and binds nobody."""
        if self.turn is not None:
            return not now < self.turn.held_until or self.turn.began_at > now
        return self.last is None or self.last.began_at > now or now - self.last.began_at >= every
