"""What we keep about other archives: how far a change feed came, what was put aside, what a probe found, which copies of earlier films were fetched. Never a UID, name or date of a patient."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from wetread.domain.capability import Capability
from wetread.domain.identifiers import StudyKey

__all__ = ["ArchiveProbe", "FeedState", "FetchedCopy", "PriorFetch", "PriorOutcome", "PriorSearch", "PutAside"]


@dataclass(frozen=True, slots=True)
class FeedState:
    """One archive's feed. `cursor` is the archive's own; `answered_at` is when it last answered, `failing_since` is set while it does not.

    `sweep_day` is how far the running sweep came (ISO day, "" between sweeps); `missed` and `incomplete` are what the last whole sweep found: studies' instances that a feed had not
    brought, days that the archive did not list whole.
    """

    archive: str
    cursor: str = ""
    answered_at: datetime | None = None
    failing_since: datetime | None = None
    failure: str = ""
    hinted_at: datetime | None = None
    sweep_day: str = ""
    sweep_missed: int = 0
    sweep_incomplete: int = 0
    swept_at: datetime | None = None
    missed: int = 0
    incomplete: int = 0

    def answered(self, now: datetime) -> "FeedState":
        return replace(self, answered_at=now, failing_since=None, failure="")


@dataclass(frozen=True, slots=True)
class PutAside:
    """One instance that could not be taken and does not stop the rest. `name`: the archive's own name for it, or our key of it."""

    archive: str
    name: str
    code: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ArchiveProbe:
    """What an archive was found to be and to do, and when."""

    archive: str
    product: str
    version: str
    probed_at: datetime
    found: tuple[Capability, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchedCopy:
    """An earlier study that was fetched to be compared with another: not ours to read."""

    study_key: StudyKey
    archive: str
    fetched_for: StudyKey
    fetched_at: datetime


class PriorOutcome(StrEnum):
    FETCHED = "fetched"
    NONE = "none"
    """The archive has no earlier chest film that is not here."""
    AMBIGUOUS = "ambiguous"
    """What the archive has may be of another person: nothing was fetched."""
    UNIDENTIFIED = "unidentified"
    """The study has no patient number or no date: nothing can be asked."""
    AWAY = "away"
    PARTLY = "partly"
    """Some, not all: the archive has more than is fetched, or broke off."""


@dataclass(frozen=True, slots=True)
class PriorFetch:
    """What one archive gave. `studies`: how many were fetched whole."""

    archive: str
    outcome: PriorOutcome
    studies: int = 0


@dataclass(frozen=True, slots=True)
class PriorSearch:
    """For one study, in every archive that is asked."""

    study_key: StudyKey
    searched_at: datetime
    fetches: tuple[PriorFetch, ...] = ()
