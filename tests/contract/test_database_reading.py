"""What the reading room keeps: a commit is written once, a lock has one holder, unsaved text is its author's."""

from dataclasses import replace
from datetime import timedelta

import pytest

from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.mark import FilmMarks, Mark, MarkKind, ReaderMarks
from wetread.domain.reading import Macro, OwnFinding, OwnFindings, ReaderProfile, ReadingMode, ReadingRecord
from wetread.domain.report import ReportContent, Section
from wetread.domain.statement import Presence
from wetread.domain.study_lock import RecoveryCopy, StudyLock
from wetread.ports.database import Database
from wetread.testing.builders import NOON, STUDY_KEY, a_study

LATER = NOON + timedelta(minutes=5)
OWN = OwnFindings((OwnFinding(FindingName.EFFUSION, Presence.POSITIVE, "left", 80),), LATER)
BEGUN = ReadingRecord(STUDY_KEY, "dr.roe", ReadingMode.SECOND_READER, NOON)
COMMITTED = replace(BEGUN, own=OWN, revealed_at=LATER)
LOCK = StudyLock(STUDY_KEY, "dr.roe", "Richard Röe", "screen-one", NOON, LATER)


@pytest.fixture(autouse=True)
def _studies(database: Database) -> None:
    with database.begin() as uow:
        for key in (STUDY_KEY, StudyKey("t" * 24)):
            uow.save_study(a_study(study_key=key))
        uow.commit()


def test_the_mode_in_which_a_reading_began_stays(database: Database) -> None:
    with database.begin() as uow:
        assert uow.begin_reading(BEGUN) == BEGUN
        assert uow.begin_reading(replace(BEGUN, mode=ReadingMode.CONCURRENT, begun_at=LATER)) == BEGUN
        uow.commit()
    with database.begin(write=False) as uow:
        assert uow.reading(STUDY_KEY, "dr.roe") == BEGUN
        assert uow.reading(STUDY_KEY, "dr.doe") is None
        assert uow.readings_by("dr.roe", [STUDY_KEY, StudyKey("t" * 24)]) == {STUDY_KEY: BEGUN}
        assert uow.readings_by("dr.roe", []) == {}


def test_what_was_committed_is_never_changed(database: Database) -> None:
    with database.begin() as uow:
        uow.begin_reading(BEGUN)
        uow.reveal_reading(COMMITTED)
        uow.commit()
    for again in (COMMITTED, replace(BEGUN, revealed_at=LATER)):
        with database.begin() as uow, pytest.raises(PermanentError) as refused:
            uow.reveal_reading(again)
        assert refused.value.code == "already_revealed"
    with database.begin(write=False) as uow:
        assert uow.reading(STUDY_KEY, "dr.roe") == COMMITTED


def test_what_was_shown_before_a_commit_cannot_be_committed_afterwards(database: Database) -> None:
    with database.begin() as uow:
        with pytest.raises(PermanentError):
            uow.reveal_reading(COMMITTED)
        uow.begin_reading(BEGUN)
        uow.reveal_reading(replace(BEGUN, revealed_at=LATER))
        with pytest.raises(PermanentError):
            uow.reveal_reading(COMMITTED)


def test_a_profile_is_kept_whole(database: Database) -> None:
    chosen = ReaderProfile("dr.roe", ReadingMode.AI_OFF, NOON, (Macro(".nl", "The lungs are clear."),))
    with database.begin() as uow:
        assert uow.reader_profile("dr.roe") == ReaderProfile("dr.roe")
        uow.save_reader_profile(ReaderProfile("dr.roe"))
        uow.save_reader_profile(chosen)
        uow.commit()
    with database.begin(write=False) as uow:
        assert uow.reader_profile("dr.roe") == chosen


def test_a_lock_has_one_holder_and_is_given_back_by_it_alone(database: Database) -> None:
    other = replace(LOCK, holder_id="dr.doe", screen="screen-two", expires_at=LATER + timedelta(minutes=1))
    with database.begin() as uow:
        assert uow.lock(STUDY_KEY) is None
        uow.save_lock(LOCK)
        uow.save_lock(other)
        assert uow.release_lock(STUDY_KEY, "screen-one") is False
        uow.commit()
    with database.begin(write=False) as uow:
        assert uow.lock(STUDY_KEY) == other
        assert uow.locks(LATER) == (other,)
        assert uow.locks(other.expires_at) == ()
    with database.begin() as uow:
        assert uow.release_lock(STUDY_KEY, "screen-two") is True
        uow.commit()
    with database.begin(write=False) as uow:
        assert uow.lock(STUDY_KEY) is None


def test_unsaved_text_is_its_authors_until_they_drop_it(database: Database) -> None:
    copy = RecoveryCopy(STUDY_KEY, "dr.roe", 1, ReportContent(((Section.FINDINGS, "Zwei Wörter"),), ()), NOON)
    newer = replace(copy, version=2, saved_at=LATER)
    with database.begin() as uow:
        uow.save_recovery(copy)
        uow.save_recovery(newer)
        uow.commit()
    with database.begin() as uow:
        assert uow.recovery(STUDY_KEY, "dr.roe") == newer
        assert uow.recovery(STUDY_KEY, "dr.doe") is None
        assert uow.drop_recovery(STUDY_KEY, "dr.doe") is False
        assert uow.drop_recovery(STUDY_KEY, "dr.roe") is True
        assert uow.recovery(STUDY_KEY, "dr.roe") is None


def test_marks_are_kept_by_reader_and_version(database: Database) -> None:
    arrow = Mark(MarkKind.ARROW, ((1.5, 2.0), (3.0, 4.25)), "Fräulein Röe ❦")
    films = (FilmMarks(InstanceKey("i" * 24), (arrow, Mark(MarkKind.RULER, ((0.0, 0.0), (9.0, 9.0))))),)
    first = ReaderMarks(STUDY_KEY, "dr.roe", "Richard Röe", 1, NOON, films)
    again, second = replace(first, films=(), saved_at=LATER), replace(first, version=2)
    other = replace(first, reader_id="dr.doe")
    with database.begin() as uow:
        for each in (first, second, other, again):
            uow.save_marks(each)
        uow.commit()
    with database.begin(write=False) as uow:
        assert uow.marks(STUDY_KEY) == (other, again, second)
        assert uow.marks(StudyKey("t" * 24)) == ()


def test_all_of_it_needs_its_study(database: Database) -> None:
    stranger = StudyKey("z" * 24)
    with database.begin() as uow:
        uow.begin_reading(replace(BEGUN, study_key=stranger))
        with pytest.raises(PermanentError):
            uow.commit()
