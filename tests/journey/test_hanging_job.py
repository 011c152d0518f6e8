"""A job that hangs: its worker ends, and its study goes on."""

from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import NoReturn

import pytest
from tests.films import film
from tests.journey.test_one_study import DOCTOR, QUIET_S, House, house

from wetread.domain.errors import TransientError
from wetread.domain.job import Job, JobKind
from wetread.domain.study_state import StudyState

__all__ = ["house"]


class Hanging:
    """A model that answers nothing until its worker has been ended."""

    def __init__(self) -> None:
        self.ended = Event()

    def predict(self, image: object) -> NoReturn:
        assert self.ended.wait(60)
        raise TransientError("the worker is gone", code="worker_died")


def test_a_worker_whose_job_hangs_is_ended_and_the_study_goes_on_without_ai(house: House) -> None:
    model, ended = Hanging(), list[JobKind]()

    def end(job: Job) -> None:
        ended.append(job.kind)
        model.ended.set()

    house.predictor = model
    house.worker = replace(house.worker, lease_s=0.01, job_limit_s=0, max_attempts=1, hangs=end)
    key = house.receive(film())
    house.work()
    assert ended[0] is JobKind.ANALYSE
    assert house.state(key) is StudyState.DRAFTED
    assert "worker_died" in house.desk.look(DOCTOR, key).study.reason


def test_a_worker_whose_job_hangs_is_ended_when_another_has_the_job_by_then(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, told = Hanging(), list[str]()
    monkeypatch.setattr("wetread.worker.time", SimpleNamespace(monotonic=lambda: 10.0 * len(told)))
    monkeypatch.setattr(house.database, "renew_lease", lambda *_, **__: told.append("lost"))

    def end(job: Job) -> None:
        told.append("ended")
        model.ended.set()

    house.predictor = model
    house.worker = replace(house.worker, lease_s=0.01, job_limit_s=5, hangs=end)
    house.receive(film())
    house.clock.advance(QUIET_S + 1)
    house.worker.run_one()
    assert told == ["lost", "ended"]
