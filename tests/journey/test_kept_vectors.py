"""The vector that the model made of a film is kept where the site wants it, and the film is read whether it can be kept or not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.films import film
from tests.journey.test_one_study import House, prediction

from wetread.context.cases import CaseKeeper
from wetread.domain.audit import verify_chain
from wetread.domain.errors import TransientError
from wetread.domain.study_state import StudyState
from wetread.ports.case_store import Case
from wetread.testing.memory_cases import MemoryCaseStore


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    home = House(tmp_path)
    yield home
    assert verify_chain(home.database.audit_records()) is None


def keeping(house: House, store: MemoryCaseStore) -> None:
    house.predictor.prediction = replace(prediction(), features=np.array([3, 4], np.float32))
    pipeline = replace(house.worker.pipeline, cases=CaseKeeper(lambda: store, house.clock))
    house.worker = replace(house.worker, pipeline=pipeline)


def test_what_the_model_made_of_a_film_is_kept_where_the_site_wants_it(house: House) -> None:
    store = MemoryCaseStore()
    keeping(house, store)
    key = house.receive(film())
    house.work()
    (case,) = store.held.values()
    with house.database.begin(write=False) as unit:
        analysis = unit.analysis(key)
    assert analysis is not None
    assert (case.study_key, case.model_sha256) == (key, analysis.model.sha256)
    assert case.vector.tolist() == [3, 4]


def test_a_film_is_read_all_the_same_while_its_vector_cannot_be_kept(house: House) -> None:
    class Down(MemoryCaseStore):
        def keep(self, case: Case) -> None:
            raise TransientError("the database cannot be reached", code="database_down")

    keeping(house, Down())
    key = house.receive(film())
    house.work()
    assert house.state(key) is StudyState.DRAFTED
