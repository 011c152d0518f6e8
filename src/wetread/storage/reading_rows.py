"""Rows of the reading room. What a reader committed is written once: here by the WHERE clause, in the database by a trigger."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.mark import FilmMarks, ReaderMarks
from wetread.domain.reading import OwnFindings, ReaderProfile, ReadingMode, ReadingRecord
from wetread.domain.report import ReportContent
from wetread.domain.study_lock import RecoveryCopy, StudyLock
from wetread.storage import reading_schema
from wetread.storage.codec import decode, encode
from wetread.storage.transaction import Row, Transaction, batches, replacing

__all__ = ["ReadingRows"]

_READINGS, _PROFILES = reading_schema.readings.c, reading_schema.reader_profiles.c
_LOCKS, _RECOVERIES = reading_schema.study_locks.c, reading_schema.recovery_copies.c
_BEGIN = insert(reading_schema.readings).on_conflict_do_nothing()
_REVEAL = update(reading_schema.readings).where(
    _READINGS.study_key == bindparam("of_study"),
    _READINGS.reader_id == bindparam("of_reader"),
    _READINGS.revealed_at.is_(None),
)
_READING = select(reading_schema.readings).where(_READINGS.reader_id == bindparam("reader"))
_OF_STUDY = _READING.where(_READINGS.study_key == bindparam("study"))
_OF_STUDIES = _READING.where(_READINGS.study_key.in_(bindparam("studies", expanding=True)))
_SAVE_PROFILE = replacing(reading_schema.reader_profiles)
_READ_PROFILE = select(_PROFILES.body).where(_PROFILES.reader_id == bindparam("of"))
_SAVE_LOCK = replacing(reading_schema.study_locks)
_RELEASE = delete(reading_schema.study_locks).where(
    _LOCKS.study_key == bindparam("of_study"), _LOCKS.screen == bindparam("of_screen")
)
_READ_LOCK = select(reading_schema.study_locks).where(_LOCKS.study_key == bindparam("study"))
_HELD = select(reading_schema.study_locks).where(_LOCKS.expires_at > bindparam("now")).order_by(_LOCKS.study_key)
_SAVE_COPY = replacing(reading_schema.recovery_copies)
_MINE = (_RECOVERIES.study_key == bindparam("of_study"), _RECOVERIES.author_id == bindparam("of_author"))
_READ_COPY, _DROP_COPY = (
    select(reading_schema.recovery_copies).where(*_MINE),
    delete(reading_schema.recovery_copies).where(*_MINE),
)


_SAVE_MARKS = replacing(reading_schema.marks)
_READ_MARKS = (
    select(reading_schema.marks)
    .where(reading_schema.marks.c.study_key == bindparam("of_study"))
    .order_by(reading_schema.marks.c.reader_id, reading_schema.marks.c.version)
)


@dataclass(frozen=True, slots=True)
class _Films:
    """As they travel: the codec writes dataclasses."""

    films: tuple[FilmMarks, ...]


class ReadingRows(Transaction):
    def begin_reading(self, record: ReadingRecord) -> ReadingRecord:
        self._write(
            _BEGIN,
            {
                "study_key": record.study_key,
                "reader_id": record.reader_id,
                "mode": record.mode.value,
                "begun_at": record.begun_at,
                **_said(record),
            },
        )
        return self.reading(record.study_key, record.reader_id) or record

    def reveal_reading(self, record: ReadingRecord) -> None:
        of = {"of_study": record.study_key, "of_reader": record.reader_id}
        if self._write(_REVEAL, {**_said(record), **of}).rowcount != 1:
            raise PermanentError("this was committed or shown before: it cannot be changed", code="already_revealed")

    def reading(self, study_key: StudyKey, reader_id: str) -> ReadingRecord | None:
        row = self._read(_OF_STUDY, {"study": study_key, "reader": reader_id}).one_or_none()
        return None if row is None else _record(row)

    def readings_by(self, reader_id: str, study_keys: Collection[StudyKey]) -> dict[StudyKey, ReadingRecord]:
        found: dict[StudyKey, ReadingRecord] = {}
        for batch in batches(list(study_keys)):
            rows = self._read(_OF_STUDIES, {"reader": reader_id, "studies": batch})
            found |= {record.study_key: record for record in map(_record, rows)}
        return found

    def save_reader_profile(self, profile: ReaderProfile) -> None:
        self._write(_SAVE_PROFILE, {"reader_id": profile.reader_id, "body": encode(profile)})

    def reader_profile(self, reader_id: str) -> ReaderProfile:
        body = self._read(_READ_PROFILE, {"of": reader_id}).scalar_one_or_none()
        return ReaderProfile(reader_id) if body is None else decode(ReaderProfile, body)

    def save_lock(self, lock: StudyLock) -> None:
        self._write(
            _SAVE_LOCK,
            {
                "study_key": lock.study_key,
                "holder_id": lock.holder_id,
                "holder_name": lock.holder_name,
                "screen": lock.screen,
                "taken_at": lock.taken_at,
                "expires_at": lock.expires_at,
            },
        )

    def release_lock(self, study_key: StudyKey, screen: str) -> bool:
        return self._write(_RELEASE, {"of_study": study_key, "of_screen": screen}).rowcount == 1

    def lock(self, study_key: StudyKey) -> StudyLock | None:
        row = self._read(_READ_LOCK, {"study": study_key}).one_or_none()
        return None if row is None else _lock(row)

    def locks(self, now: datetime) -> tuple[StudyLock, ...]:
        return tuple(map(_lock, self._read(_HELD, {"now": now})))

    def save_marks(self, marks: ReaderMarks) -> None:
        self._write(
            _SAVE_MARKS,
            {
                "study_key": marks.study_key,
                "reader_id": marks.reader_id,
                "version": marks.version,
                "reader_name": marks.reader_name,
                "saved_at": marks.saved_at,
                "films": encode(_Films(marks.films)),
            },
        )

    def marks(self, study_key: StudyKey) -> tuple[ReaderMarks, ...]:
        return tuple(map(_marks, self._read(_READ_MARKS, {"of_study": study_key})))

    def save_recovery(self, copy: RecoveryCopy) -> None:
        self._write(
            _SAVE_COPY,
            {
                "study_key": copy.study_key,
                "author_id": copy.author_id,
                "version": copy.version,
                "content": encode(copy.content),
                "saved_at": copy.saved_at,
            },
        )

    def recovery(self, study_key: StudyKey, author_id: str) -> RecoveryCopy | None:
        row = self._read(_READ_COPY, {"of_study": study_key, "of_author": author_id}).one_or_none()
        if row is None:
            return None
        content = decode(ReportContent, row.content)
        return RecoveryCopy(StudyKey(row.study_key), row.author_id, row.version, content, row.saved_at)

    def drop_recovery(self, study_key: StudyKey, author_id: str) -> bool:
        return self._write(_DROP_COPY, {"of_study": study_key, "of_author": author_id}).rowcount == 1


def _said(record: ReadingRecord) -> Row:
    return {"own": None if record.own is None else encode(record.own), "revealed_at": record.revealed_at}


def _record(row: Any) -> ReadingRecord:
    return ReadingRecord(
        StudyKey(row.study_key),
        row.reader_id,
        ReadingMode(row.mode),
        row.begun_at,
        None if row.own is None else decode(OwnFindings, row.own),
        row.revealed_at,
    )


def _lock(row: Any) -> StudyLock:
    return StudyLock(StudyKey(row.study_key), row.holder_id, row.holder_name, row.screen, row.taken_at, row.expires_at)


def _marks(row: Any) -> ReaderMarks:
    films = decode(_Films, row.films).films
    return ReaderMarks(StudyKey(row.study_key), row.reader_id, row.reader_name, row.version, row.saved_at, films)
