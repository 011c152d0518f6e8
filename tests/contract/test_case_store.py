"""The case store: films that one model sees alike."""

from datetime import timedelta

import numpy as np
import pytest

from wetread.domain.errors import StudyNotFound
from wetread.domain.identifiers import StudyKey
from wetread.ports.case_store import Case, CaseStore
from wetread.testing.builders import NOON

MODEL, OTHER_MODEL = "a" * 64, "b" * 64


def a_case(name: str, *values: float, model: str = MODEL, days: int = 0) -> Case:
    return Case(StudyKey(name), model, NOON + timedelta(days=days), np.array(values, np.float32))


def near(store: CaseStore, name: str, limit: int = 10) -> list[str]:
    return [each.study_key for each in store.nearest(StudyKey(name), model_sha256=MODEL, limit=limit)]


def test_the_studies_that_look_most_alike_come_first_without_the_study_itself(case_store: CaseStore) -> None:
    for case in (a_case("this", 3, 1), a_case("alike", 6, 2.1), a_case("far", -1, 3), a_case("middle", 1, 1)):
        case_store.keep(case)
    assert near(case_store, "this") == ["alike", "middle", "far"]
    assert near(case_store, "this", limit=1) == ["alike"]
    distances = [each.distance for each in case_store.nearest(StudyKey("this"), model_sha256=MODEL, limit=10)]
    assert distances == pytest.approx([1 - 20.1 / (40.41 * 10) ** 0.5, 1 - 4 / 20**0.5, 1.0], abs=0.01)


def test_an_exact_scan_of_many(case_store: CaseStore) -> None:
    random = np.random.default_rng(3)
    vectors = random.random((60, 1280)).astype(np.float32)
    for number, vector in enumerate(vectors):
        case_store.keep(Case(StudyKey(f"s{number:02}"), MODEL, NOON, vector))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    exact = np.argsort(-(unit @ unit[7]))[1:6]
    assert len({f"s{number:02}" for number in exact} & set(near(case_store, "s07", limit=5))) >= 4


def test_models_are_not_compared_with_each_other(case_store: CaseStore) -> None:
    case_store.keep(a_case("this", 1, 0))
    case_store.keep(a_case("other", 1, 0, 0, model=OTHER_MODEL))
    case_store.keep(a_case("this", 1, 0, 0, model=OTHER_MODEL))
    assert near(case_store, "this") == []
    assert (case_store.count(MODEL), case_store.count(OTHER_MODEL), case_store.count("c" * 64)) == (1, 2, 0)


def test_keeping_again_changes_nothing_and_a_later_film_replaces(case_store: CaseStore) -> None:
    for case in (a_case("this", 1, 0), a_case("same", 1, 0), a_case("same", 1, 0), a_case("turned", 0, 1)):
        case_store.keep(case)
    assert near(case_store, "this") == ["same", "turned"]
    case_store.keep(a_case("same", -1, 0, days=1))
    assert near(case_store, "this") == ["turned", "same"]
    assert case_store.count(MODEL) == 3


def test_a_study_without_a_vector_is_not_found(case_store: CaseStore) -> None:
    case_store.keep(a_case("this", 1, 0, model=OTHER_MODEL))
    with pytest.raises(StudyNotFound):
        near(case_store, "this")


def test_a_film_of_which_the_network_made_nothing_is_like_none(case_store: CaseStore) -> None:
    case_store.keep(a_case("zeros", 0, 0))
    case_store.keep(a_case("this", 1, 0))
    (only,) = case_store.nearest(StudyKey("this"), model_sha256=MODEL, limit=5)
    assert (only.study_key, only.distance) == ("zeros", 1.0)


def test_an_erased_study_is_gone_from_every_model(case_store: CaseStore) -> None:
    for case in (a_case("this", 1, 0), a_case("gone", 1, 0), a_case("gone", 1, 0, model=OTHER_MODEL)):
        case_store.keep(case)
    assert case_store.erase_study(StudyKey("gone")) == 2
    assert case_store.erase_study(StudyKey("gone")) == 0
    assert near(case_store, "this") == []
    assert (case_store.count(MODEL), case_store.count(OTHER_MODEL)) == (1, 0)


def test_vectors_come_back_of_length_one_and_only_those_asked_for_that_are_there(case_store: CaseStore) -> None:
    for case in (
        a_case("this", 3, -4),
        a_case("zeros", 0, 0),
        a_case("other", 1, 0),
        a_case("elsewhere", 1, 0, model=OTHER_MODEL),
    ):
        case_store.keep(case)
    found = case_store.vectors(MODEL, [StudyKey(each) for each in ("this", "zeros", "elsewhere", "nobody")])
    assert set(found) == {"this", "zeros"}
    assert found[StudyKey("this")] == pytest.approx([0.6, -0.8], abs=0.01)
    assert (found[StudyKey("this")].dtype, found[StudyKey("zeros")].tolist()) == (np.float32, [0, 0])
    assert case_store.vectors(MODEL, []) == {}
    case_store.erase_study(StudyKey("this"))
    assert set(case_store.vectors(MODEL, [StudyKey("this"), StudyKey("other")])) == {"other"}
