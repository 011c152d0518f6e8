"""What the reading room keeps, in the same transaction as everything else: how each person reads each study, who has it open, what they laid on its films, and text that could not be saved."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from wetread.domain.identifiers import StudyKey
from wetread.domain.mark import ReaderMarks
from wetread.domain.reading import ReaderProfile, ReadingRecord
from wetread.domain.study_lock import RecoveryCopy, StudyLock

__all__ = ["ReadingStore"]


class ReadingStore(Protocol):
    """Part of every unit of work."""

    # how a person reads a study
    def begin_reading(self, record: ReadingRecord) -> ReadingRecord:
        """Keep how this person reads this study, unless that is kept already; returns what is kept."""
        ...

    def reveal_reading(self, record: ReadingRecord) -> None:
        """Keep what was committed, and that the machine's words were shown (`revealed_at`, not None): once.

        Raises PermanentError(code='already_revealed') when that was done before, or no reading was begun.
        """
        ...

    def reading(self, study_key: StudyKey, reader_id: str) -> ReadingRecord | None: ...
    def readings_by(self, reader_id: str, study_keys: Collection[StudyKey]) -> dict[StudyKey, ReadingRecord]:
        """This person's, of those studies."""
        ...

    # what a person chose
    def save_reader_profile(self, profile: ReaderProfile) -> None: ...
    def reader_profile(self, reader_id: str) -> ReaderProfile:
        """Nothing chosen where nothing is kept."""
        ...

    # who has a study open
    def save_lock(self, lock: StudyLock) -> None:
        """In place of any other on this study."""
        ...

    def release_lock(self, study_key: StudyKey, screen: str) -> bool:
        """False when that screen does not hold it."""
        ...

    def lock(self, study_key: StudyKey) -> StudyLock | None:
        """The last one, also when it has expired."""
        ...

    def locks(self, now: datetime) -> tuple[StudyLock, ...]:
        """Those that hold at `now`, by study key."""
        ...

    # what people laid on the films
    def save_marks(self, marks: ReaderMarks) -> None:
        """In place of the same person's for the same study and version."""
        ...

    def marks(self, study_key: StudyKey) -> tuple[ReaderMarks, ...]:
        """Of everybody and every version, by reader and version."""
        ...

    # text that could not be saved
    def save_recovery(self, copy: RecoveryCopy) -> None:
        """In place of the same author's earlier copy of this study."""
        ...

    def recovery(self, study_key: StudyKey, author_id: str) -> RecoveryCopy | None: ...
    def drop_recovery(self, study_key: StudyKey, author_id: str) -> bool: ...
