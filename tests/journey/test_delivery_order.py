"""Versions of one report arrive in order, however many workers send them."""

from pathlib import Path

import pytest
from tests.journey.test_one_study import DOCTOR, House

from wetread.domain.study_state import StudyState
from wetread.ports.sink import ReportPackage


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_an_amendment_waits_for_the_version_that_another_worker_is_sending(house: House) -> None:
    key = house.signed().study_key

    def while_the_first_is_sent(package: ReportPackage) -> str:
        house.sink.deliver = plainly  # type: ignore[method-assign]
        second = house.desk.amend(DOCTOR, key, "wrong side")
        house.desk.sign(DOCTOR, key, second.etag, "authored")
        assert house.worker.run_one()
        assert house.sink.received == []
        return plainly(package)

    plainly = house.sink.deliver
    house.sink.deliver = while_the_first_is_sent  # type: ignore[method-assign]
    house.worker.run_one()
    house.clock.advance(3600)
    house.work()
    assert [package.report.version for package in house.sink.received] == [1, 2]
    assert house.state(key) is StudyState.DELIVERED
