"""Resampling counts a film as often as it was drawn, and whole patients at a time."""

import numpy as np
import pytest

from wetread.evaluation.discrimination import auroc
from wetread.learning.resampling import cluster_bootstrap, weighted_auroc


def test_weighted_auroc_equals_the_auroc_of_repeated_films() -> None:
    random = np.random.default_rng(1)
    truth, score = random.integers(0, 2, 60).astype(float), random.normal(size=60).round(1)
    weight = random.integers(0, 4, 60)
    repeated = auroc(np.repeat(truth, weight), np.repeat(score, weight))
    assert weighted_auroc(truth, score, weight.astype(float)) == pytest.approx(repeated, abs=1e-12)
    assert weighted_auroc(truth, score) == pytest.approx(auroc(truth, score), abs=1e-12)


def test_a_class_that_weighs_nothing_has_no_auroc() -> None:
    assert np.isnan(weighted_auroc(np.array([1.0, 0.0]), np.array([0.2, 0.1]), np.array([0.0, 3.0])))


def test_interval_is_wider_when_films_share_patients() -> None:
    """The same forty films count as forty patients or as eight."""
    random = np.random.default_rng(3)
    level = np.repeat(random.normal(size=8), 5)
    alone = cluster_bootstrap(lambda w: float(np.average(level, weights=w)), np.arange(40).astype(str))
    shared = cluster_bootstrap(lambda w: float(np.average(level, weights=w)), np.repeat(np.arange(8), 5).astype(str))
    assert shared[1] - shared[0] > 1.5 * (alone[1] - alone[0])
