"""Distances and what they mean."""

import numpy as np
import pytest

from wetread.learning.novelty import compared_distances, conformal_reference, neighbour_distance


def test_reference_is_sorted_whole_when_small_and_a_sample_when_large() -> None:
    scores = np.random.default_rng(3).random(400)
    assert conformal_reference(scores, 5) == sorted(np.round(scores, 4).tolist())
    large = conformal_reference(np.arange(5000.0), 5)
    assert len(large) == 1000
    assert large == sorted(large)
    assert np.median(large) == pytest.approx(2500, abs=200)


def test_distance_to_the_second_neighbour_is_that_of_the_unit_sphere() -> None:
    stored = np.array([[1, 0], [0, 2], [-3, 0]], np.float32)
    assert neighbour_distance(np.array([[5, 0]], np.float32), stored, 2)[0] == pytest.approx(np.sqrt(2))
    assert neighbour_distance(np.array([[5, 0]], np.float32), stored, 3)[0] == pytest.approx(2)


def test_comparison_tells_a_distance_that_sees_strangers_from_one_that_does_not() -> None:
    random = np.random.default_rng(4)
    train, val, strange = (random.normal(size=(count, 6)).astype(np.float32) for count in (500, 100, 50))
    for near in (train, val):
        near[:, 0] += 9
    own, theirs = random.random(100), random.random(50)
    row = compared_distances((own, val), {"odd": (theirs, strange, 0.25)}, train)["odd"]
    assert (row["n"], row["gate_accepts"]) == (50, 0.25)
    assert row["neighbours"]["auroc"] > 0.95
    assert row["neighbours"]["beyond_limit"] > 0.6
    assert 0.3 < row["mahalanobis"]["auroc"] < 0.7
