"""Accuracy under partial adjudication: what a naive count gets wrong is put right, and what cannot be known is not said."""

import numpy as np
import pytest

from wetread.domain.analysis import Rate
from wetread.domain.errors import PermanentError
from wetread.evaluation.verification import begg_greenes, inverse_probability_accuracy, rogan_gladen


def _studies(seed: int, n: int = 20_000, share: float = 0.1) -> tuple[np.ndarray, ...]:  # type: ignore[type-arg]
    """Prevalence 5 %, sensitivity 0.80, specificity 0.93; all called studies and `share` of the others are adjudicated."""
    random = np.random.default_rng(seed)
    truth = random.random(n) < 0.05
    called = random.random(n) < np.where(truth, 0.80, 0.07)
    chance = np.where(called, 1.0, share)
    return called, random.random(n) < chance, truth, chance


def test_the_naive_count_flatters_and_both_corrections_do_not() -> None:
    called, verified, truth, chance = _studies(1)
    for found in (
        begg_greenes(called, verified, truth),
        inverse_probability_accuracy(called, verified, truth, chance),
    ):
        assert found.naive_sensitivity is not None
        assert found.naive_sensitivity > 0.95
        assert found.naive_specificity is not None
        assert found.naive_specificity < 0.62
        assert found.sensitivity is not None
        assert found.specificity is not None
        assert found.sensitivity.low < 0.80 < found.sensitivity.high
        assert found.specificity.low < 0.93 < found.specificity.high
        assert (found.n_verified, found.n) == (int(verified.sum()), len(truth))


def test_intervals_cover_as_often_as_they_say() -> None:
    covered = []
    for seed in range(300):
        called, verified, truth, chance = _studies(seed, n=6000, share=0.15)
        found = inverse_probability_accuracy(called, verified, truth, chance).sensitivity
        assert found is not None
        covered.append(found.low <= 0.80 <= found.high)
    assert np.mean(covered) >= 0.91


def test_begg_and_greenes_by_hand() -> None:
    """100 called, all verified, 60 of them sick; 900 not called, 90 verified, 3 of them sick: 30 missed in all."""
    called = np.repeat([True, False], [100, 900])
    verified = np.concatenate([np.ones(100), np.arange(900) < 90]).astype(bool)
    truth = np.concatenate([np.arange(100) < 60, np.arange(900) < 3]).astype(float)
    found = begg_greenes(called, verified, truth)
    assert found.sensitivity is not None
    assert found.specificity is not None
    assert found.sensitivity.value == pytest.approx(60 / 90)
    assert found.specificity.value == pytest.approx(870 / 910)
    assert found.naive_sensitivity == pytest.approx(60 / 63)


def test_sensitivity_is_unknown_when_no_negative_result_was_looked_at_again() -> None:
    called, _, truth, _ = _studies(2)
    found = begg_greenes(called, called, truth)
    assert (found.sensitivity, found.specificity) == (None, None)
    assert "negative result" in found.reason
    designed = inverse_probability_accuracy(called, called, truth, np.where(called, 1.0, 0.0))
    assert designed.sensitivity is None


def test_fully_verified_studies_need_no_correction() -> None:
    called, _, truth, _ = _studies(3, n=2000)
    found = begg_greenes(called, np.ones(2000), truth)
    assert found.sensitivity is not None
    assert found.sensitivity.value == pytest.approx(found.naive_sensitivity)


def test_prevalence_behind_an_imperfect_reference() -> None:
    found = rogan_gladen(250, 1000, Rate(0.85, 0, 1, 0), Rate(0.90, 0, 1, 0))
    assert found.value == pytest.approx(0.20)
    wider = rogan_gladen(250, 1000, Rate(0.85, 0.8, 0.9, 100), Rate(0.90, 0.85, 0.95, 100))
    assert wider.high - wider.low > found.high - found.low
    assert rogan_gladen(10, 1000, Rate(0.85, 0, 1, 0), Rate(0.90, 0, 1, 0)).value == 0.0
    with pytest.raises(ValueError, match="says nothing"):
        rogan_gladen(1, 10, Rate(0.4, 0, 1, 10), Rate(0.5, 0, 1, 10))


def test_broken_input_is_refused() -> None:
    with pytest.raises(PermanentError):
        begg_greenes([True], [False], [0])
    with pytest.raises(ValueError, match="adjudicated study is 0 or 1"):
        begg_greenes([True], [True], [0.5])
    with pytest.raises(ValueError, match="design log"):
        inverse_probability_accuracy([True, False], [True, True], [1, 0], [1.0, 0.0])
    with pytest.raises(ValueError, match="one result"):
        begg_greenes([True, True], [True], [1])
