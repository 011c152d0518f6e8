"""A study is received, read, signed and delivered, and erased: no byte of it is left, the log still holds, and others are as they were."""

import signal
from pathlib import Path

import pytest
from tests.erasure_house import ADMIN, POINTS, QUALITY, ErasureHouse
from tests.journey.test_one_study import DOCTOR
from tests.order_world import a_film

from wetread.domain.audit import verify_chain
from wetread.domain.erasure import ErasureReason, ErasureState, TombstoneState
from wetread.domain.errors import IllegalTransition, NotPermitted, StudyNotFound
from wetread.domain.job import JobState
from wetread.domain.legal_hold import HoldReason
from wetread.domain.study_state import StudyState
from wetread.ingest.outcome import Outcome
from wetread.ingest.returned import CAME_AGAIN


@pytest.fixture
def house(tmp_path: Path) -> ErasureHouse:
    return ErasureHouse(tmp_path)


def test_nothing_of_an_erased_study_is_left_and_another_is_untouched(house: ErasureHouse) -> None:
    gone, stays = house.life(1), house.life(2)
    assert house.measured() == {gone.key, stays.key}
    assert len(house.found(gone)) > len(gone.words), "the hunt finds what is there"
    before = house.found(stays)
    erasure = house.approved(gone.key)
    ended = house.eraser.run_once()
    assert ended is not None
    assert (ended.number, ended.state, ended.problem) == (erasure.number, ErasureState.ERASED, "")
    assert house.found(gone) == set()
    assert house.found(stays) == before
    assert verify_chain(list(house.database.audit_records())) is None
    assert house.measured() == {stays.key}
    with pytest.raises(StudyNotFound):
        house.desk.look(DOCTOR, gone.key)
    assert house.desk.look(DOCTOR, stays.key).study.state is StudyState.DELIVERED
    with house.database.begin(write=False) as unit:
        stone = unit.tombstone(gone.key)
    assert stone is not None
    assert (stone.state, stone.asked_by, stone.approved_by) == (TombstoneState.ERASED, "quinn", "ada")
    assert (dict(stone.counts)["films"], dict(stone.counts)["reports"], stone.leftovers) == (1, 1, None)
    assert [(each.sink, each.state) for each in stone.sent_out] == [("folder", "acknowledged")]
    assert house.eraser.run_once() is None


def test_an_eraser_killed_at_every_step_in_turn_is_followed_by_one_that_ends_it(house: ErasureHouse) -> None:
    """Each process gets as far as its point and dies by SIGKILL; tests/unit/governance/test_erasing.py lets each be followed by one that ends it."""
    gone, stays = house.life(8), house.life(9)
    number = house.approved(gone.key).number
    for point in POINTS:
        assert house.run(number, point)[0] == -signal.SIGKILL, point
    status, said = house.run(number)
    assert (status, ErasureState.ERASED.value in said) == (0, True), said
    assert house.found(gone) == set()
    assert len(house.found(stays)) > len(stays.words)
    assert verify_chain(list(house.database.audit_records())) is None
    with house.database.begin(write=False) as unit:
        stone = unit.tombstone(gone.key)
    assert stone is not None
    assert (stone.state, dict(stone.counts)["films"], stone.leftovers) == (TombstoneState.ERASED, 1, None)


def test_a_whole_patient_goes_at_once_or_not_at_all(house: ErasureHouse) -> None:
    first, second = house.life(3, "PID-SAME-GONE"), house.life(4, "PID-SAME-GONE")
    asked = house.erasures.ask(QUALITY, first.key, ErasureReason.PATIENT_REQUEST, whole_patient=True)
    assert set(asked.study_keys) == {first.key, second.key}
    hold = house.legal_holds.set_hold(QUALITY, second.key, HoldReason.COMPLAINT)
    with pytest.raises(IllegalTransition):
        house.erasures.approve(ADMIN, asked.number)
    house.legal_holds.lift(ADMIN, hold.number)
    house.erasures.approve(ADMIN, asked.number)
    house.legal_holds.set_hold(ADMIN, first.key, HoldReason.LITIGATION, whole_patient=True)
    waiting = house.eraser.run_once()
    assert waiting is not None
    assert (waiting.state, "legal hold" in waiting.problem) == (ErasureState.APPROVED, True)
    assert house.desk.look(DOCTOR, first.key).study.state is StudyState.DELIVERED
    house.legal_holds.lift(QUALITY, 2)
    house.clock.advance(600)
    ended = house.eraser.run_once()
    assert ended is not None
    assert ended.state is ErasureState.ERASED
    assert house.found(first) | house.found(second) == set()
    assert house.vault.unnamed.priors(first.key) == ()


def test_nobody_erases_alone_and_open_work_waits(house: ErasureHouse) -> None:
    key = house.receive(a_film(5))
    asked = house.erasures.ask(QUALITY, key, ErasureReason.PATIENT_REQUEST)
    with pytest.raises(NotPermitted):
        house.erasures.approve(QUALITY, asked.number)
    with pytest.raises(NotPermitted):
        house.erasures.ask(DOCTOR, key, ErasureReason.PATIENT_REQUEST)
    house.erasures.approve(ADMIN, asked.number)
    waiting = house.eraser.run_once()
    assert waiting is not None
    assert (waiting.state, "still works on it" in waiting.problem) == (ErasureState.APPROVED, True)
    house.work()
    house.clock.advance(600)
    waiting = house.eraser.run_once()
    assert waiting is not None
    assert "no radiologist has signed" in waiting.problem
    assert house.erasures.withdraw(QUALITY, asked.number).state is ErasureState.WITHDRAWN
    assert house.eraser.run_once() is None
    house.erasures.approve(ADMIN, house.erasures.ask(QUALITY, key, ErasureReason.WRONG_UPLOAD).number)
    ended = house.eraser.run_once()
    assert ended is not None
    assert ended.state is ErasureState.ERASED


def test_a_study_that_comes_again_is_kept_and_read_by_nobody_until_a_person_says_so(house: ErasureHouse) -> None:
    content = a_film(6)
    key = house.receive(content)
    house.work()
    asked = house.erasures.ask(QUALITY, key, ErasureReason.WRONG_UPLOAD)
    house.erasures.approve(ADMIN, asked.number)
    house.eraser.run_once()
    assert house.receive(content) == key
    house.work()
    with house.database.begin(write=False) as unit:
        study, analysis, returned = unit.study(key), unit.analysis(key), unit.returned()
    assert (study.state, study.reason, analysis) == (StudyState.REJECTED, CAME_AGAIN, None)
    assert [each.study_key for each in returned] == [key]
    house.receive(a_film(6, "1.2.3.4.5"))
    house.work()
    with house.database.begin(write=False) as unit:
        assert unit.study(key).state is StudyState.REJECTED
    released = house.erasures.release(ADMIN, key)
    assert (released.state, released.released_by) == (TombstoneState.RELEASED, "ada")
    house.work()
    with house.database.begin(write=False) as unit:
        assert (unit.study(key).state, unit.returned()) == (StudyState.DRAFTED, ())
    with pytest.raises(IllegalTransition):
        house.erasures.release(ADMIN, key)
    assert house.database.jobs(JobState.DEAD) == ()


def test_what_comes_in_the_middle_of_an_erasure_is_postponed_and_leaves_no_byte(house: ErasureHouse) -> None:
    gone = house.life(7)
    number = house.approved(gone.key).number
    assert house.run(number, "erase_begun")[0] == -signal.SIGKILL
    incoming = house.files.receive()
    incoming.write(a_film(7, PatientID="PID-7-GONE", PatientName="Unforgettable7^Anna", AccessionNumber="ACC-7-GONE"))
    (outcome,) = house.reception.receive([incoming], "test")
    assert (outcome.outcome, outcome.outcome.acknowledged) == (Outcome.UNAVAILABLE, False)
    assert house.run(number)[0] == 0
    assert house.found(gone) == set()
