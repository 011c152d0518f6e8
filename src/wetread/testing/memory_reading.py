"""What the reading room keeps (`ports.reading_store`), in memory."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.mark import ReaderMarks
from wetread.domain.reading import ReaderProfile, ReadingRecord
from wetread.domain.study_lock import RecoveryCopy, StudyLock
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryReadingStore"]


class MemoryReadingStore(MemoryTransaction):
    def begin_reading(self, record: ReadingRecord) -> ReadingRecord:
        return self._changing.readings.setdefault((record.study_key, record.reader_id), record)

    def reveal_reading(self, record: ReadingRecord) -> None:
        key = (record.study_key, record.reader_id)
        held = self._changing.readings.get(key)
        if held is None or held.revealed_at is not None:
            raise PermanentError("this was committed or shown before: it cannot be changed", code="already_revealed")
        self._changing.readings[key] = replace(held, own=record.own, revealed_at=record.revealed_at)

    def reading(self, study_key: StudyKey, reader_id: str) -> ReadingRecord | None:
        return self._visible.readings.get((study_key, reader_id))

    def readings_by(self, reader_id: str, study_keys: Collection[StudyKey]) -> dict[StudyKey, ReadingRecord]:
        found = {key: self.reading(key, reader_id) for key in study_keys}
        return {key: record for key, record in found.items() if record is not None}

    def save_reader_profile(self, profile: ReaderProfile) -> None:
        self._changing.profiles[profile.reader_id] = profile

    def reader_profile(self, reader_id: str) -> ReaderProfile:
        return self._visible.profiles.get(reader_id) or ReaderProfile(reader_id)

    def save_lock(self, lock: StudyLock) -> None:
        self._changing.locks[lock.study_key] = lock

    def release_lock(self, study_key: StudyKey, screen: str) -> bool:
        held = self._changing.locks.get(study_key)
        if held is None or held.screen != screen:
            return False
        del self._changing.locks[study_key]
        return True

    def lock(self, study_key: StudyKey) -> StudyLock | None:
        return self._visible.locks.get(study_key)

    def locks(self, now: datetime) -> tuple[StudyLock, ...]:
        held = [each for each in self._visible.locks.values() if each.held_at(now)]
        return tuple(sorted(held, key=lambda each: each.study_key))

    def save_marks(self, marks: ReaderMarks) -> None:
        self._changing.marks[marks.study_key, marks.reader_id, marks.version] = marks

    def marks(self, study_key: StudyKey) -> tuple[ReaderMarks, ...]:
        found = (each for key, each in self._visible.marks.items() if key[0] == study_key)
        return tuple(sorted(found, key=lambda each: (each.reader_id, each.version)))

    def save_recovery(self, copy: RecoveryCopy) -> None:
        self._changing.recoveries[copy.study_key, copy.author_id] = copy

    def recovery(self, study_key: StudyKey, author_id: str) -> RecoveryCopy | None:
        return self._visible.recoveries.get((study_key, author_id))

    def drop_recovery(self, study_key: StudyKey, author_id: str) -> bool:
        return self._changing.recoveries.pop((study_key, author_id), None) is not None
