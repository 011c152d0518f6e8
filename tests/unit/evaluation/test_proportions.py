"""Intervals of rates and counts against published tables and R."""

import numpy as np
import pytest
from evaluation_data import D1

from wetread.domain.errors import PermanentError
from wetread.evaluation.proportions import (
    clopper_pearson,
    clustered_rate,
    effective_n,
    event_rate,
    poisson_interval,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "trials", "score", "exact"),
    [(81, 263, (0.2553, 0.3662), (0.2527, 0.3676)), (15, 148, (0.0624, 0.1605), (0.0578, 0.1617))],
)
def test_newcombes_table(successes: int, trials: int, score: tuple[float, float], exact: tuple[float, float]) -> None:
    assert wilson(successes, trials) == pytest.approx(score, abs=5e-5)
    assert clopper_pearson(successes, trials) == pytest.approx(exact, abs=5e-5)


def test_intervals_equal_r() -> None:
    assert wilson(437, 512) == pytest.approx((0.820256192228, 0.881509813218), abs=1e-11)
    assert clopper_pearson(437, 512) == pytest.approx((0.819875136623, 0.883005259115), abs=1e-11)
    assert [end / 400 for end in poisson_interval(12)] == pytest.approx([0.01550143777, 0.05240396262], abs=1e-10)


def test_zero_events_still_have_an_upper_end() -> None:
    assert clopper_pearson(0, 60) == pytest.approx((0, 0.0596294923), abs=1e-9)
    assert clopper_pearson(0, 60, 0.9)[1] == pytest.approx(0.0487029133, abs=1e-9)
    assert wilson(0, 60)[0] == 0.0
    assert wilson(60, 60)[1] == 1.0


def test_without_shared_patients_every_case_counts() -> None:
    called = D1.score[D1.truth == 1] >= 0.5
    assert effective_n(called) == pytest.approx(163, abs=1e-9)
    rate = clustered_rate(called)
    assert (rate.low, rate.high) == pytest.approx((0.650739610936, 0.786801516527), abs=1e-11)


def test_five_copies_of_a_patient_are_worth_one() -> None:
    once = np.random.default_rng(1).random(60) < 0.7
    patients = np.repeat(np.arange(60), 5).astype(str)
    assert effective_n(np.repeat(once, 5), patients) == pytest.approx(60, rel=0.02)
    assert effective_n(np.ones(300, dtype=bool), patients) == 60


def test_event_rate_of_the_oracle_set_equals_r() -> None:
    rate = event_rate((D1.score >= 0.5) & (D1.truth == 0))
    assert (rate.per_100, rate.events, rate.n) == (pytest.approx(14.6), 73, 500)
    assert (rate.low, rate.high) == pytest.approx((11.4440693845, 18.3573080366), abs=1e-9)


def test_wilson_on_effective_n_covers_where_patients_repeat() -> None:
    """100 patients, four studies each: the naive interval covers 88 %, this one about 95 %."""
    random = np.random.default_rng(2)
    patients, covered = np.repeat(np.arange(100), 4).astype(str), 0
    for _ in range(300):
        own = np.repeat(random.beta(4, 1, 100), 4)
        rate = clustered_rate(random.random(400) < own, patients)
        covered += rate.low <= 0.8 <= rate.high
    assert covered / 300 > 0.92


def test_impossible_counts_are_refused() -> None:
    for wrong in ((5, 3), (-1, 3), (0, 0)):
        with pytest.raises(ValueError, match="successes"):
            wilson(*wrong)
        with pytest.raises(ValueError, match="successes"):
            clopper_pearson(*wrong)
    with pytest.raises(ValueError, match="events"):
        poisson_interval(-1)
    with pytest.raises(PermanentError, match="no cases"):
        clustered_rate(np.zeros(0, dtype=bool))
