"""Rows about other archives and late images."""

from collections.abc import Collection
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Table, bindparam, delete, select

from wetread.domain.archive_feed import ArchiveProbe, FeedState, FetchedCopy, PriorSearch, PutAside
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.late_images import LateImages
from wetread.domain.study_state import StudyState
from wetread.storage import archive_schema, schema
from wetread.storage.codec import decode, encode
from wetread.storage.studies import FilmRows
from wetread.storage.transaction import replacing

__all__ = ["ArchiveRows"]

_FEEDS, _ASIDES, _COPIES = archive_schema.archive_feeds.c, archive_schema.put_asides.c, archive_schema.fetched_copies.c
_LATE = archive_schema.late_images.c
_LATE_OF = select(_LATE.study_key, _LATE.body).where(_LATE.study_key.in_(bindparam("keys", expanding=True)))
_OLDEST_COPIES = select(_COPIES.body).order_by(_COPIES.fetched_at, _COPIES.study_key)
_T = TypeVar("_T")
_SAVE = {name: replacing(table) for name, table in schema.work.tables.items() if name in archive_schema.__all__}


class ArchiveRows(FilmRows):
    def feed(self, archive: str) -> FeedState:
        return self._of(FeedState, archive_schema.archive_feeds, "archive", archive) or FeedState(archive)

    def save_feed(self, state: FeedState) -> None:
        self._write(_SAVE["archive_feeds"], {"archive": state.archive, "body": encode(state)})

    def feeds(self) -> tuple[FeedState, ...]:
        return self._all(FeedState, select(_FEEDS.body).order_by(_FEEDS.archive))

    def put_aside(self, aside: PutAside) -> None:
        row = {"archive": aside.archive, "name": aside.name, "at": aside.at, "body": encode(aside)}
        self._write(_SAVE["put_asides"], row)

    def put_asides(self, archive: str) -> tuple[PutAside, ...]:
        query = select(_ASIDES.body).where(_ASIDES.archive == archive).order_by(_ASIDES.at, _ASIDES.name)
        return self._all(PutAside, query)

    def take_back(self, archive: str, name: str) -> None:
        self._write(delete(archive_schema.put_asides).where(_ASIDES.archive == archive, _ASIDES.name == name))

    def save_probe(self, probe: ArchiveProbe) -> None:
        self._write(_SAVE["archive_probes"], {"archive": probe.archive, "body": encode(probe)})

    def probe(self, archive: str) -> ArchiveProbe | None:
        return self._of(ArchiveProbe, archive_schema.archive_probes, "archive", archive)

    def save_copy(self, copy: FetchedCopy) -> None:
        times = {"fetched_for": copy.fetched_for, "fetched_at": copy.fetched_at}
        self._write(_SAVE["fetched_copies"], {"study_key": copy.study_key, **times, "body": encode(copy)})

    def copy(self, study_key: StudyKey) -> FetchedCopy | None:
        return self._of(FetchedCopy, archive_schema.fetched_copies, "study_key", study_key)

    def copies(self, *, before: datetime | None = None, limit: int = 500) -> tuple[FetchedCopy, ...]:
        query = _OLDEST_COPIES.limit(limit)
        if before is not None:
            query = query.where(_COPIES.fetched_at < before)
        return self._all(FetchedCopy, query)

    def copies_for(self, study_key: StudyKey) -> tuple[FetchedCopy, ...]:
        return self._all(FetchedCopy, _OLDEST_COPIES.where(_COPIES.fetched_for == study_key))

    def forget_copy(self, study_key: StudyKey) -> None:
        self._write(delete(archive_schema.fetched_copies).where(_COPIES.study_key == study_key))

    def drop_copy(self, study_key: StudyKey) -> tuple[str, ...]:
        state = self._read(select(schema.studies.c.state).where(schema.studies.c.study_key == study_key))
        if state.scalar_one_or_none() != StudyState.FETCHED.value:
            raise PermanentError("only a copy that was fetched for comparison can be dropped", code="no_copy")
        for table in _naming_studies():
            if self._read(select(table.c.study_key).where(table.c.study_key == study_key).limit(1)).one_or_none():
                raise PermanentError(f"the copy is named by {table.name}: it stays", code="copy_named")
        unnamed = self.films_of_it_alone(study_key)
        self.forget_copy(study_key)
        self._write(delete(schema.instances).where(schema.instances.c.study_key == study_key))
        self._write(delete(schema.studies).where(schema.studies.c.study_key == study_key))
        return unnamed

    def save_prior_search(self, search: PriorSearch) -> None:
        self._write(_SAVE["prior_searches"], {"study_key": search.study_key, "body": encode(search)})

    def prior_search(self, study_key: StudyKey) -> PriorSearch | None:
        return self._of(PriorSearch, archive_schema.prior_searches, "study_key", study_key)

    def save_late_images(self, late: LateImages) -> None:
        self._write(_SAVE["late_images"], {"study_key": late.study_key, "body": encode(late)})

    def late_images(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, LateImages]:
        return {StudyKey(key): decode(LateImages, body) for key, body in self._of_keys(_LATE_OF, study_keys)}

    def _of(self, cls: type[_T], table: Table, key: str, value: str) -> _T | None:
        return self._one(cls, select(table.c.body).where(table.c[key] == bindparam("of")), {"of": value})


def _naming_studies() -> list[Table]:
    """Whose rows belong to a study, but for what goes with a copy. Looked at before: a foreign key is checked at the end, when the vault has forgotten already."""
    gone = {schema.instances.name, archive_schema.fetched_copies.name}
    named = [
        each
        for each in schema.work.tables.values()
        if any(key.column.table is schema.studies for key in each.foreign_keys)
    ]
    return [each for each in named if each.name not in gone]
