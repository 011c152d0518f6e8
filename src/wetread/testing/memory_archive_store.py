"""What is kept of other archives and of late images (`ports.archive_store`), in memory."""

from collections.abc import Collection
from datetime import datetime

from wetread.domain.archive_feed import ArchiveProbe, FeedState, FetchedCopy, PriorSearch, PutAside
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.late_images import LateImages
from wetread.domain.study_state import StudyState
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryArchiveStore"]


class MemoryArchiveStore(MemoryTransaction):
    def feed(self, archive: str) -> FeedState:
        return self._visible.feeds.get(archive, FeedState(archive))

    def save_feed(self, state: FeedState) -> None:
        self._changing.feeds[state.archive] = state

    def feeds(self) -> tuple[FeedState, ...]:
        return tuple(each for _, each in sorted(self._visible.feeds.items()))

    def put_aside(self, aside: PutAside) -> None:
        self._changing.asides[aside.archive, aside.name] = aside

    def put_asides(self, archive: str) -> tuple[PutAside, ...]:
        mine = [each for each in self._visible.asides.values() if each.archive == archive]
        return tuple(sorted(mine, key=lambda each: (each.at, each.name)))

    def take_back(self, archive: str, name: str) -> None:
        self._changing.asides.pop((archive, name), None)

    def save_probe(self, probe: ArchiveProbe) -> None:
        self._changing.probes[probe.archive] = probe

    def probe(self, archive: str) -> ArchiveProbe | None:
        return self._visible.probes.get(archive)

    def save_copy(self, copy: FetchedCopy) -> None:
        self._changing.copies[copy.study_key] = copy

    def copy(self, study_key: StudyKey) -> FetchedCopy | None:
        return self._visible.copies.get(study_key)

    def copies(self, *, before: datetime | None = None, limit: int = 500) -> tuple[FetchedCopy, ...]:
        return tuple([each for each in self._oldest_copies() if before is None or each.fetched_at < before][:limit])

    def copies_for(self, study_key: StudyKey) -> tuple[FetchedCopy, ...]:
        return tuple(each for each in self._oldest_copies() if each.fetched_for == study_key)

    def _oldest_copies(self) -> list[FetchedCopy]:
        return sorted(self._visible.copies.values(), key=lambda each: (each.fetched_at, each.study_key))

    def forget_copy(self, study_key: StudyKey) -> None:
        self._changing.copies.pop(study_key, None)

    def drop_copy(self, study_key: StudyKey) -> tuple[str, ...]:
        state = self._changing
        study = state.studies.get(study_key)
        if study is None or study.state is not StudyState.FETCHED:
            raise PermanentError("only a copy that was fetched for comparison can be dropped", code="no_copy")
        dropped = {key: each for key, each in state.instances.items() if each.study_key == study_key}
        self.forget_copy(study_key)
        del state.studies[study_key]
        for key in dropped:
            del state.instances[key]
        state.check()
        still = {each.content_sha256 for each in state.instances.values()}
        return tuple(sorted({each.content_sha256 for each in dropped.values()} - still))

    def save_prior_search(self, search: PriorSearch) -> None:
        self._changing.prior_searches[search.study_key] = search

    def prior_search(self, study_key: StudyKey) -> PriorSearch | None:
        return self._visible.prior_searches.get(study_key)

    def save_late_images(self, late: LateImages) -> None:
        self._changing.late[late.study_key] = late

    def late_images(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, LateImages]:
        return {key: self._visible.late[key] for key in study_keys if key in self._visible.late}
