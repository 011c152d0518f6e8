"""Accuracy under partial adjudication: what a naive count gets wrong is put right, and what cannot be known is not said."""

import numpy as np
import pytest

from wetread.domain.analysis import Rate
from wetread.domain.errors import PermanentError
from wetread.evaluation.proportions import wilson
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


def test_where_hardly_a_missed_study_was_drawn_the_interval_says_what_may_have_stayed_out() -> None:
    """40 of 50 sick are called, one of the ten others is drawn on average: a third of the samples hold none and say 1.0."""
    held: dict[str, list[bool]] = {"weights": [], "Begg & Greenes": []}
    for seed in range(300):
        called, verified, truth, chance = _studies(seed, n=1000)
        for name, found in (
            ("weights", inverse_probability_accuracy(called, verified, truth, chance)),
            ("Begg & Greenes", begg_greenes(called, verified, truth)),
        ):
            assert found.sensitivity is not None
            held[name].append(found.sensitivity.low <= 0.8 <= found.sensitivity.high)
    assert min(np.mean(each) for each in held.values()) >= 0.93


def test_the_lower_end_where_no_miss_was_drawn_is_the_quantile_of_two_gammas() -> None:
    """30 called ones are sick; of the others every tenth was drawn and none is: one missed study would have stood for ten."""
    called, chance = np.repeat([True, False], [30, 70]), np.repeat([1.0, 0.1], [30, 70])
    found = inverse_probability_accuracy(called, np.ones(100), called, chance).sensitivity
    assert found is not None
    random = np.random.default_rng(5)
    hits, misses = random.gamma(30.5, 1, 400_000), random.gamma(0.5, 10, 400_000)
    assert found.low == pytest.approx(np.quantile(hits / (hits + misses), 0.025), abs=0.005)
    assert (found.value, found.high) == (1.0, 1.0)


def test_an_end_reaches_as_far_as_two_gammas_allow_up_to_seven_misses_seen() -> None:
    """94 called ones are sick; of the others every second one was drawn, with `misses` sick ones among them."""
    reached = []
    for misses in (7, 8):
        called, chance = np.repeat([True, False], [94, 100]), np.repeat([1.0, 0.5], [94, 100])
        truth = called | (np.arange(194) >= 194 - misses)
        found = inverse_probability_accuracy(called, np.ones(194), truth, chance).sensitivity
        assert found is not None
        random = np.random.default_rng(5)
        hits, missed = random.gamma(94.5, 1, 400_000), random.gamma(misses + 0.5, 2, 400_000)
        reached.append(found.high >= np.quantile(hits / (hits + missed), 0.975) - 1e-3)
    assert reached == [True, False]


def test_where_all_were_adjudicated_alike_few_misses_leave_wilsons_interval_as_it_is() -> None:
    """48 of 50 sick are called. Of all studies, or of every second one whatever the model said, it is a plain share."""
    called, truth = np.repeat([True, False], [60, 40]), np.concatenate([np.arange(60) < 48, np.arange(40) < 2])
    for found in (begg_greenes(called, np.ones(100), truth), inverse_probability_accuracy(called, np.ones(100), truth, np.full(100, 0.5))):  # fmt: skip
        assert found.sensitivity is not None
        assert (found.sensitivity.low, found.sensitivity.high) == pytest.approx(wilson(48, 50), abs=2e-3)


def test_the_interval_of_begg_and_greenes_is_that_of_their_variance() -> None:
    """Their variance of the logit: 1/N1 + 1/N0, and of either result the odds of its verified part over their number."""
    called, verified, truth, _ = _studies(4)
    found = begg_greenes(called, verified, truth)
    sides = []
    for result in (True, False):
        seen = truth[verified & (called == result)]
        sides.append((int((called == result).sum()), len(seen), float(seen.mean())))
    (n1, v1, q1), (n0, v0, q0) = sides
    for rate, odds in (
        (found.sensitivity, ((1 - q1) / q1 / v1, (1 - q0) / q0 / v0)),
        (found.specificity, (q1 / (1 - q1) / v1, q0 / (1 - q0) / v0)),
    ):
        assert rate is not None
        worth = 1 / (rate.value * (1 - rate.value) * (1 / n1 + 1 / n0 + sum(odds)))
        assert (rate.low, rate.high) == pytest.approx(wilson(rate.value * worth, worth), abs=1e-3)


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


def test_the_weights_of_a_stratum_add_up_to_its_size_and_what_strata_tell_is_no_chance() -> None:
    """By hand: 40 called of which 10 were drawn (8 sick), 160 others of which 20 were drawn (2 sick); one study more than expected came from the called."""
    called, truth = np.repeat([True, False], [10, 20]), np.concatenate([np.arange(10) < 8, np.arange(20) < 2])
    chance = np.repeat([9 / 40, 20 / 160], [10, 20])
    strata = np.repeat(["called", "not"], [10, 20]), np.repeat([40.0, 160.0], [10, 20])
    drawn = np.ones(30, dtype=bool)
    found = inverse_probability_accuracy(called, drawn, truth, chance, strata=strata)
    plain = inverse_probability_accuracy(called, drawn, truth, chance)
    assert found.sensitivity is not None
    assert found.specificity is not None
    assert plain.specificity is not None
    assert found.sensitivity.value == pytest.approx(8 * 4 / (8 * 4 + 2 * 8))
    assert found.specificity.value == pytest.approx(18 * 8 / (18 * 8 + 2 * 4))
    assert found.specificity.high - found.specificity.low < plain.specificity.high - plain.specificity.low


def test_intervals_of_a_stratified_draw_cover_as_often_as_they_say_and_not_more() -> None:
    held = []
    for seed in range(300):
        random = np.random.default_rng(seed)
        truth = random.random(2000) < 0.2
        called = random.random(2000) < np.where(truth, 0.8, 0.07)
        drawn = np.concatenate([random.permutation(np.flatnonzero(called == side))[:90] for side in (True, False)])
        sizes = np.bincount(called.astype(int))[called[drawn].astype(int)]
        strata = np.where(called[drawn], "called", "not"), sizes
        found = inverse_probability_accuracy(called[drawn], drawn >= 0, truth[drawn], 90 / sizes, strata=strata)
        assert found.sensitivity is not None
        held.append(found.sensitivity.low <= 0.8 <= found.sensitivity.high)
    assert 0.91 <= np.mean(held) <= 0.985


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
