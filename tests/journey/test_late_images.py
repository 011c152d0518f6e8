"""A film that comes after the signature: the study is back on the list, the AI reads the new film apart, and the signed report stays until a person says what becomes of it."""

from pathlib import Path

import pytest
from tests.films import another_instance, film
from tests.journey.test_one_study import DOCTOR, QUIET_S, RESIDENT, House, prediction

from wetread.domain.critical import CriticalState
from wetread.domain.errors import IllegalTransition, NotPermitted
from wetread.domain.identifiers import StudyKey
from wetread.domain.late_images import LateAnswer, LateImages
from wetread.domain.report import Report, ReportStatus
from wetread.domain.study_lock import StudyLock
from wetread.domain.study_state import StudyState

FIRST = film(1)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def signed(house: House) -> StudyKey:
    """A study whose report is signed and delivered; on its film the AI saw nothing."""
    house.predictor.prediction = prediction(logit=-4.0)
    key = house.receive(FIRST)
    house.work()
    opened = house.desk.open(DOCTOR, key).report
    assert opened is not None
    house.desk.sign(DOCTOR, key, opened.etag, "authored")
    house.work()
    assert house.state(key) is StudyState.DELIVERED
    return key


def comes_late(house: House, uid: str = "2.25.77", logit: float = 4.0) -> None:
    house.predictor.prediction = prediction(logit=logit)
    house.receive(another_instance(FIRST, uid))
    house.clock.advance(QUIET_S)
    house.work()


def late_of(house: House, key: StudyKey) -> LateImages:
    with house.database.begin(write=False) as unit:
        return unit.late_images([key])[key]


def reports(house: House, key: StudyKey) -> tuple[Report, ...]:
    return house.desk.look(DOCTOR, key).reports


def test_the_report_the_read_and_its_deliveries_stay_as_they_were(house: House, signed: StudyKey) -> None:
    before = house.desk.look(DOCTOR, signed)
    comes_late(house)
    after = house.desk.look(DOCTOR, signed)
    assert after.reports == before.reports
    assert (after.analysis, after.deliveries) == (before.analysis, before.deliveries)
    assert after.study.state is StudyState.NEW_IMAGES
    assert len(house.sink.received) == 1


def test_the_new_film_is_read_apart_and_what_is_critical_goes_to_people(house: House, signed: StudyKey) -> None:
    comes_late(house)
    late = late_of(house, signed)
    assert late.analysis is not None
    assert late.analysis.instance_key in late.instances
    assert [each.name.value for each in late.analysis.called] == ["pneumothorax"]
    with house.database.begin(write=False) as unit:
        critical, study = unit.critical_of(signed), unit.study(signed)
    assert critical is not None
    assert (critical.state, study.critical) == (CriticalState.OPEN, True)


def test_no_change_is_a_persons_word_and_leaves_the_report(house: House, signed: StudyKey) -> None:
    comes_late(house, logit=-4.0)
    before = reports(house, signed)
    with pytest.raises(NotPermitted):
        house.desk.no_change(RESIDENT, signed)
    assert house.desk.no_change(DOCTOR, signed).state is StudyState.DELIVERED
    late = late_of(house, signed)
    assert (late.answer, late.answered_by) == (LateAnswer.NO_CHANGE, DOCTOR.actor_id)
    assert reports(house, signed) == before
    assert house.database.audit_records()
    told = [each.event for each in house.database.audit_records() if each.event.action == "late_images.answer"]
    assert [(each.actor_id, dict(each.detail)["answer"]) for each in told] == [(DOCTOR.actor_id, "no_change")]
    with pytest.raises(IllegalTransition):
        house.desk.no_change(DOCTOR, signed)


def test_no_change_leaves_a_delivered_report_delivered_also_where_an_amendment_was_begun(
    house: House, signed: StudyKey
) -> None:
    """Nothing is on its way: the list must not say that it is being sent."""
    house.desk.amend(DOCTOR, signed, "wrong side")
    comes_late(house, logit=-4.0)
    assert house.desk.no_change(DOCTOR, signed).state is StudyState.DELIVERED


def test_an_amendment_answers_them_and_goes_out_as_a_new_version(house: House, signed: StudyKey) -> None:
    comes_late(house)
    second = house.desk.amend(DOCTOR, signed, "a second film came")
    house.desk.sign(DOCTOR, signed, second.etag, "authored")
    house.work()
    assert house.state(signed) is StudyState.DELIVERED
    assert late_of(house, signed).answer is LateAnswer.AMENDED
    assert [each.report.status for each in house.sink.received] == [ReportStatus.FINAL, ReportStatus.AMENDED]


def test_an_addendum_answers_them_too(house: House, signed: StudyKey) -> None:
    comes_late(house)
    house.desk.append(DOCTOR, signed, 1, "Second film: no change.", "authored")
    assert late_of(house, signed).answer is LateAnswer.AMENDED
    assert house.state(signed) is StudyState.AMENDED


def test_who_began_to_write_before_they_came_has_not_answered_them(house: House, signed: StudyKey) -> None:
    second = house.desk.amend(DOCTOR, signed, "wrong side")
    now = house.clock.now()
    with house.database.begin() as unit:
        unit.save_lock(
            StudyLock(signed, DOCTOR.actor_id, DOCTOR.display_name, "screen-1234", now, now.replace(year=2027))
        )
        unit.commit()
    house.clock.advance(60)
    comes_late(house)
    house.desk.sign(DOCTOR, signed, second.etag, "authored", "screen-1234")
    assert house.state(signed) is StudyState.NEW_IMAGES
    assert late_of(house, signed).is_open
    house.work()  # the amended version is delivered all the same
    assert house.state(signed) is StudyState.NEW_IMAGES
    assert house.desk.no_change(DOCTOR, signed).state is StudyState.DELIVERED


def test_further_images_after_an_answer_ask_again(house: House, signed: StudyKey) -> None:
    comes_late(house, logit=-4.0)
    house.desk.no_change(DOCTOR, signed)
    comes_late(house, "2.25.78")
    late = late_of(house, signed)
    assert (late.round, len(late.instances), late.is_open) == (2, 1, True)
    with house.database.begin(write=False) as unit:
        critical = unit.critical_of(signed)
    assert critical is not None  # a result of its own, although nothing was critical the first time


def test_a_read_of_fewer_films_is_overtaken(house: House, signed: StudyKey) -> None:
    house.predictor.prediction = prediction()
    house.predictor.seen.clear()
    for uid in ("2.25.77", "2.25.78"):
        house.receive(another_instance(FIRST, uid))
    house.clock.advance(QUIET_S)
    house.work()
    outcomes = [r.event.outcome for r in house.database.audit_records() if r.event.action == "study.late_read"]
    assert sorted(outcomes) == ["success", "superseded"]
    assert len(late_of(house, signed).instances) == 2
    assert len(house.predictor.seen) == 1  # what is overtaken is not read for nothing


def test_a_late_film_that_the_ai_cannot_read_is_there_all_the_same(house: House, signed: StudyKey) -> None:
    house.predictor.failure = RuntimeError("broken")
    house.receive(another_instance(FIRST, "2.25.77"))
    house.clock.advance(QUIET_S)
    house.work()
    late = late_of(house, signed)
    assert late.analysis is None
    assert late.problem
    assert house.state(signed) is StudyState.NEW_IMAGES
