"""A later image of a study whose critical result is with people already: what is new is paged, what is known is not, and nothing that a model says less of goes quiet."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.films import another_instance, film
from tests.journey.test_one_study import DOCTOR, House, prediction

from wetread.domain.critical import CriticalResult, CriticalState
from wetread.domain.finding import FindingName, SidedFinding
from wetread.domain.identifiers import StudyKey
from wetread.ports.predictor import Prediction
from wetread.triage.critical_desk import CriticalDesk

LEFT, RIGHT = (SidedFinding(FindingName.PNEUMOTHORAX, side) for side in ("left", "right"))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def on_the_other_side() -> Prediction:
    mirrored = prediction()
    return replace(mirrored, cam=np.ascontiguousarray(mirrored.cam[:, :, ::-1]))


def critical(house: House, key: StudyKey) -> CriticalResult:
    with house.database.begin(write=False) as unit:
        result = unit.critical_of(key)
    assert result is not None
    return result


def told(house: House, key: StudyKey) -> CriticalResult:
    """Somebody takes it and tells the ward."""
    desk, result = CriticalDesk(house.database, house.clock), critical(house, key)
    held = desk.acknowledge(DOCTOR, result.critical_key, result.etag, "pneumothorax, first side")
    return desk.communicate(
        DOCTOR, held.critical_key, held.etag, to_whom="ward 4", how="phone", read_back_confirmed=True
    )


def a_later_image(house: House, number: int) -> None:
    house.receive(another_instance(film(1), f"2.25.{7000 + number}"))
    house.work()


def test_another_side_on_a_later_image_is_paged_though_the_first_was_told(house: House) -> None:
    key = house.receive(film(1))
    house.work()
    (first,) = critical(house, key).findings
    before = told(house, key)
    house.predictor.prediction = on_the_other_side()
    a_later_image(house, 1)
    after = critical(house, key)
    assert set(after.findings) == {LEFT, RIGHT}
    assert (after.critical_key, after.state, after.step) == (before.critical_key, CriticalState.NOTIFIED, before.step)
    assert after.due(house.clock.now())
    assert after.acknowledge_by > before.acknowledge_by
    (other,) = {LEFT, RIGHT} - {first}
    assert after.message.startswith(f"New on a later image: {other.laterality} ")
    assert (after.acknowledgement, after.communication) == (None, None)
    (said,) = after.earlier
    assert (said.acknowledgement, said.communication) == (before.acknowledgement, before.communication)
    assert [r.event.action for r in house.database.audit_records()].count("critical.renew") == 1


def test_the_same_finding_on_a_later_image_wakes_nobody_again(house: House) -> None:
    key = house.receive(film(1))
    house.work()
    before = told(house, key)
    a_later_image(house, 1)
    assert critical(house, key) == before


def test_a_later_image_that_shows_nothing_takes_no_result_from_the_people_who_have_it(house: House) -> None:
    key = house.receive(film(1))
    house.work()
    before = critical(house, key)
    house.predictor.prediction = prediction(logit=-4.0)
    a_later_image(house, 1)
    assert critical(house, key) == before
    with house.database.begin(write=False) as unit:
        decision, study = unit.decision(key), unit.study(key)
    assert decision is not None
    assert not decision.critical
    assert study.critical  # still the first on the list: nobody has acknowledged it
