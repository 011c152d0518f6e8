"""One writer at a time: who holds a study, until when, how it is taken over, and that no word is lost over it."""

from dataclasses import replace

import pytest

from wetread.domain.errors import NotPermitted, StudyLocked
from wetread.domain.reading import ReadingMode
from wetread.domain.report import ReportContent, Section
from wetread.domain.role import Actor, Role
from wetread.domain.study_lock import TakeOverReason
from wetread.domain.study_state import StudyState
from wetread.signoff.desk import ReadingDesk
from wetread.signoff.locking import LEASE, LockDesk
from wetread.signoff.modes import ModePolicy
from wetread.signoff.signing import RejectReason
from wetread.testing.builders import STUDY_KEY, a_draft, a_study
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase

ROE = Actor("dr.roe", Role.RADIOLOGIST, "Richard Roe")
DOE = Actor("dr.doe", Role.RADIOLOGIST, "Dora Doe")
ONE, TWO = "screen-one", "screen-two"


class Ward:
    def __init__(self) -> None:
        self.database, self.clock = MemoryDatabase(), FixedClock()
        self.locks = LockDesk(self.database, self.clock)
        self.desk = ReadingDesk(self.database, self.clock, ())
        with self.database.begin() as unit:
            unit.save_study(a_study(state=StudyState.DRAFTED))
            unit.save_draft(STUDY_KEY, 1, a_draft())
            unit.commit()

    def acts(self) -> list[tuple[str, str]]:
        return [(each.event.action, each.event.actor_id) for each in self.database.audit_records()]


@pytest.fixture
def ward() -> Ward:
    return Ward()


def test_the_first_holds_it_and_a_heartbeat_keeps_it(ward: Ward) -> None:
    first = ward.locks.take(ROE, STUDY_KEY, ONE)
    ward.clock.advance(LEASE.total_seconds() - 1)
    kept = ward.locks.take(ROE, STUDY_KEY, ONE)
    assert kept.taken_at == first.taken_at
    assert kept.expires_at == ward.clock.now() + LEASE
    assert ward.locks.take(DOE, STUDY_KEY, TWO) == kept
    assert ward.acts() == [("study.lock", "dr.roe")]


def test_it_ends_by_itself(ward: Ward) -> None:
    ward.locks.take(ROE, STUDY_KEY, ONE)
    ward.clock.advance(LEASE.total_seconds())
    assert ward.locks.take(DOE, STUDY_KEY, TWO).holder_id == "dr.doe"
    ward.desk.open(DOE, STUDY_KEY, TWO)
    with pytest.raises(StudyLocked):
        ward.desk.open(ROE, STUDY_KEY, ONE)


def test_it_is_given_back_only_by_its_holder(ward: Ward) -> None:
    ward.locks.take(ROE, STUDY_KEY, ONE)
    ward.locks.release(DOE, STUDY_KEY, ONE)
    ward.locks.release(ROE, STUDY_KEY, TWO)
    assert ward.locks.take(DOE, STUDY_KEY, TWO).holder_id == "dr.roe"
    ward.locks.release(ROE, STUDY_KEY, ONE)
    assert ward.locks.take(DOE, STUDY_KEY, TWO).holder_id == "dr.doe"


def test_taking_over_says_why_and_stops_the_other_at_once(ward: Ward) -> None:
    ward.locks.take(ROE, STUDY_KEY, ONE)
    report = ward.desk.open(ROE, STUDY_KEY, ONE).report
    assert report is not None
    taken = ward.locks.take(DOE, STUDY_KEY, TWO, TakeOverReason.URGENT)
    assert (taken.holder_id, taken.screen) == ("dr.doe", TWO)
    record = list(ward.database.audit_records())[-1].event
    assert (record.action, dict(record.detail)) == ("study.take_over", {"reason": "urgent", "from": "dr.roe"})
    for act in (
        lambda: ward.desk.save(ROE, STUDY_KEY, report.content, report.etag, ONE),
        lambda: ward.desk.sign(ROE, STUDY_KEY, report.etag, "m", ONE),
        lambda: ward.desk.reject(ROE, STUDY_KEY, RejectReason.NOT_USEFUL, report.etag, ONE),
        lambda: ward.desk.open(ROE, STUDY_KEY),
    ):
        with pytest.raises(StudyLocked) as refused:
            act()
        assert "Dora Doe" in str(refused.value)
    assert ward.desk.look(ROE, STUDY_KEY).lock == taken


def test_a_second_tab_of_the_same_person_is_another_screen_and_the_command_line_none(ward: Ward) -> None:
    ward.locks.take(ROE, STUDY_KEY, ONE)
    report = ward.desk.open(ROE, STUDY_KEY, ONE).report
    assert report is not None
    ward.locks.take(ROE, STUDY_KEY, TWO, TakeOverReason.OWN_OTHER_SCREEN)
    with pytest.raises(StudyLocked):
        ward.desk.save(ROE, STUDY_KEY, report.content, report.etag, ONE)
    ward.desk.save(ROE, STUDY_KEY, report.content, report.etag)


def test_signing_gives_it_back(ward: Ward) -> None:
    ward.locks.take(ROE, STUDY_KEY, ONE)
    ward.desk.open(ROE, STUDY_KEY, ONE)
    ward.desk.sign(ROE, STUDY_KEY, 1, "m", ONE)
    assert ward.desk.look(DOE, STUDY_KEY).lock is None


def test_reading_is_never_locked(ward: Ward) -> None:
    ward.locks.take(ROE, STUDY_KEY, ONE)
    assert ward.desk.look(DOE, STUDY_KEY).draft is not None


def test_words_that_could_not_be_saved_come_back_to_their_author_alone(ward: Ward) -> None:
    content = ReportContent(((Section.FINDINGS, "Half a sentence"),), ())
    ward.locks.keep_unsaved(ROE, STUDY_KEY, 1, content)
    mine = ward.desk.look(ROE, STUDY_KEY).recovery
    assert mine is not None
    assert mine.content == content
    assert ward.desk.look(DOE, STUDY_KEY).recovery is None
    ward.locks.drop_unsaved(ROE, STUDY_KEY)
    assert ward.desk.look(ROE, STUDY_KEY).recovery is None


def test_a_signature_drops_no_words_that_were_not_in_the_report(ward: Ward) -> None:
    content = ReportContent(((Section.FINDINGS, "Half a sentence"),), ())
    ward.desk.open(ROE, STUDY_KEY)
    ward.locks.keep_unsaved(ROE, STUDY_KEY, 1, content)
    ward.desk.sign(ROE, STUDY_KEY, 1, "m")
    mine = ward.desk.look(ROE, STUDY_KEY).recovery
    assert mine is not None
    assert mine.content == content


def test_a_critical_study_is_shown_to_who_reads_along_and_nothing_is_begun_for_them(ward: Ward) -> None:
    with ward.database.begin() as unit:
        unit.save_study(a_study(state=StudyState.DRAFTED, critical=True))
        unit.commit()
    ward.locks.take(ROE, STUDY_KEY, ONE)
    blinded = replace(ward.desk, modes=ModePolicy(ReadingMode.SECOND_READER))
    reading = blinded.reveal(DOE, STUDY_KEY)
    assert reading.draft is not None
    assert reading.report is None


def test_only_who_may_write_may_hold_it(ward: Ward) -> None:
    with pytest.raises(NotPermitted):
        ward.locks.take(Actor("qa", Role.QUALITY), STUDY_KEY, ONE)
