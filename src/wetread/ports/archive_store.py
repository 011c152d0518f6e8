"""What is kept of other archives, and of images that came late, in the same transaction as everything else."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from wetread.domain.archive_feed import ArchiveProbe, FeedState, FetchedCopy, PriorSearch, PutAside
from wetread.domain.identifiers import StudyKey
from wetread.domain.late_images import LateImages

__all__ = ["ARCHIVE_BEAT", "ArchiveStore"]

ARCHIVE_BEAT = "archive/"
"""Before an archive's name: under which the process that asks it shows that it lives."""


class ArchiveStore(Protocol):
    """Part of every unit of work."""

    def feed(self, archive: str) -> FeedState:
        """A new one where nothing is kept."""
        ...

    def save_feed(self, state: FeedState) -> None: ...
    def feeds(self) -> tuple[FeedState, ...]:
        """All that are kept, by name."""
        ...

    def put_aside(self, aside: PutAside) -> None:
        """Insert or replace by archive and name."""
        ...

    def put_asides(self, archive: str) -> tuple[PutAside, ...]:
        """Oldest first."""
        ...

    def take_back(self, archive: str, name: str) -> None:
        """Forget it; harmless where it is not kept."""
        ...

    def save_probe(self, probe: ArchiveProbe) -> None: ...
    def probe(self, archive: str) -> ArchiveProbe | None: ...

    def save_copy(self, copy: FetchedCopy) -> None: ...
    def copy(self, study_key: StudyKey) -> FetchedCopy | None: ...
    def copies(self, *, before: datetime | None = None, limit: int = 500) -> tuple[FetchedCopy, ...]:
        """Fetched before that time, oldest first."""
        ...

    def copies_for(self, study_key: StudyKey) -> tuple[FetchedCopy, ...]:
        """Fetched to be compared with that study, oldest first."""
        ...

    def forget_copy(self, study_key: StudyKey) -> None:
        """It is no copy any more: the study was sent to be read. Harmless where it is none."""
        ...

    def drop_copy(self, study_key: StudyKey) -> tuple[str, ...]:
        """Remove a fetched study with its instances; the sha256 of bytes that nothing here names any more. Raises PermanentError for a study in another state than FETCHED ('no_copy'), and for one that anything else here names."""
        ...

    def save_prior_search(self, search: PriorSearch) -> None: ...
    def prior_search(self, study_key: StudyKey) -> PriorSearch | None: ...

    def save_late_images(self, late: LateImages) -> None: ...
    def late_images(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, LateImages]:
        """The newest of those that have any."""
        ...
