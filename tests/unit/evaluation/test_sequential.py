"""Sequential tests against Wald's example, gsDesign, confseq's and ville's published values, and their promise: looking often does not make them fire."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.evaluation.sequential import (
    BETS,
    Sprt,
    beta_mixture_interval,
    calibration_e_process,
    centred_mixture_interval,
    e_benjamini_hochberg,
    normal_mixture_likelihood_ratio,
    rate_e_value,
)

PROBABILITY = [0.1, 0.2, 0.1, 0.3, 0.05, 0.2, 0.4, 0.1, 0.15, 0.25]
TRUTH = [0, 1, 1, 0, 0, 1, 1, 0, 1, 1]


def test_walds_own_example() -> None:
    test = Sprt(0.1, 0.3, alpha=0.02, beta=0.03)
    assert test.intercepts == pytest.approx((-2.582626, 2.875389), abs=1e-6)
    assert test.slope == pytest.approx(0.186169, abs=1e-6)


def test_boundaries_and_exact_chances_equal_gsdesign() -> None:
    test = Sprt(0.05, 0.25, alpha=0.1, beta=0.15)
    assert test.slope == pytest.approx(0.128066616, abs=1e-9)
    assert test.intercepts == pytest.approx((-0.9707083977, 1.1594079631), abs=1e-9)
    reject = [min(x for x in range(n + 1) if test.decision(x, n) == "reject") for n in range(10, 36)]
    assert reject == [3] * 5 + [4] * 8 + [5] * 7 + [6] * 6
    accept = [max((x for x in range(n + 1) if test.decision(x, n) == "accept"), default=-1) for n in range(10, 36)]
    assert accept == [0] * 6 + [1] * 8 + [2] * 8 + [3] * 4
    low = test.operating_characteristic(0.05, first=10, last=35)
    assert (low.reject, low.accept, low.undecided) == pytest.approx(
        (0.0397177914, 0.9441168914, 0.0161653173), abs=1e-9
    )
    assert low.mean_cases == pytest.approx(13.7843959, abs=1e-6)
    assert test.operating_characteristic(0.25, first=10, last=35).reject == pytest.approx(0.8803288477, abs=1e-9)


@pytest.mark.parametrize(
    ("events", "cases", "tightest_at", "interval"),
    [
        (700, 1000, 100, (0.651629, 0.745949)),
        (5, 50, 50, (0.013021, 0.269264)),
        (1, 50, 50, (0.0, 0.13489)),
        (1, 2, 50, (0.0, 1.0)),
    ],
)
def test_centred_mixture_equals_confseq(
    events: int, cases: int, tightest_at: float, interval: tuple[float, float]
) -> None:
    assert centred_mixture_interval(events, cases, 0.05, tightest_at) == pytest.approx(interval, abs=2e-6)


def test_beta_mixture_equals_ville() -> None:
    assert beta_mixture_interval(30, 1200) == pytest.approx((0.0113133609, 0.0465095627), abs=1e-9)
    assert beta_mixture_interval(10, 400) == pytest.approx((0.0058612587, 0.0655356975), abs=1e-9)


@given(st.integers(1, 400), st.data())
def test_always_valid_intervals_hold_the_observed_rate(cases: int, data: st.DataObject) -> None:
    events = data.draw(st.integers(0, cases))
    for low, high in (beta_mixture_interval(events, cases), centred_mixture_interval(events, cases)):
        assert 0 <= low <= events / cases <= high <= 1


def test_mixture_sprt_equals_ville() -> None:
    ratio = normal_mixture_likelihood_ratio(0.3, 100)
    assert ratio == pytest.approx(8.566723060, abs=1e-8)
    assert 1 / ratio == pytest.approx(0.1167307491, abs=1e-9)


def test_bets_against_calibration_equal_the_products() -> None:
    products = [calibration_e_process(TRUTH, PROBABILITY, [bet])[-1] for bet in BETS]
    expected = [0.0000991, 0.06473086, 0.30847911, 2.53629552, 5.41446736, 17.17651429]
    assert products == pytest.approx(expected, abs=1e-7)
    assert calibration_e_process(TRUTH, PROBABILITY)[-1] == pytest.approx(4.2500977, abs=1e-7)


def test_a_tolerance_only_lowers_the_evidence() -> None:
    assert (
        calibration_e_process(TRUTH, PROBABILITY, tolerance=0.02) <= calibration_e_process(TRUTH, PROBABILITY)
    ).all()


def test_e_benjamini_hochberg_rejects_none_where_single_sites_would() -> None:
    assert e_benjamini_hochberg([45, 3, 0.2, 130, 22, 8, 1.1, 70]) == ()
    assert e_benjamini_hochberg([45, 3, 0.2, 200, 22, 8, 1.1, 90]) == (3, 7)


def test_daily_looks_at_a_rate_on_its_limit_seldom_fire_and_at_a_raised_rate_do() -> None:
    """40 studies a day for 60 days; a Wilson bound looked at daily would fire in 19 %."""
    random = np.random.default_rng(11)

    def fired(rate: float) -> float:
        daily = random.binomial(40, rate, size=(400, 60)).cumsum(axis=1)
        days = 40 * np.arange(1, 61)
        return float(
            np.mean(
                [any(rate_e_value(int(x), int(n), 0.05) >= 20 for x, n in zip(row, days, strict=True)) for row in daily]
            )
        )

    assert fired(0.05) <= 0.05
    assert fired(0.08) >= 0.95


def test_looking_after_every_case_seldom_condemns_calibrated_probabilities() -> None:
    random = np.random.default_rng(12)
    fired = 0
    for _ in range(300):
        probability = random.beta(0.6, 4, 500)
        fired += bool((calibration_e_process(random.random(500) < probability, probability) >= 20).any())
    assert fired / 300 <= 0.05
    shifted = random.beta(0.6, 4, 4000)
    truth = random.random(4000) < 1 / (1 + np.exp(-(np.log(shifted / (1 - shifted)) + 0.5)))
    assert (calibration_e_process(truth, shifted) >= 20).any()


def test_what_cannot_be_is_refused() -> None:
    for wrong in (
        lambda: Sprt(0.3, 0.1),
        lambda: Sprt(0.1, 0.3, alpha=0.6, beta=0.5),
        lambda: beta_mixture_interval(3, 2),
    ):
        with pytest.raises(ValueError, match=r"need|chances"):
            wrong()
    with pytest.raises(ValueError, match="stakes"):
        calibration_e_process([1], [0.5], bets=[2.0])
    with pytest.raises(ValueError, match="probabilities"):
        calibration_e_process([1, 1], [0.5, 1.5])
    with pytest.raises(ValueError, match="e-values"):
        e_benjamini_hochberg([-1.0])
    assert len(calibration_e_process([], [])) == 0
