"""Turnaround statistics against R, statsmodels and series with a known break."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.errors import PermanentError
from wetread.evaluation.turnaround import (
    hodges_lehmann,
    median_time,
    quantile_regression,
)

PRE = [42, 55, 61, 38, 90, 47, 52, 66, 71, 49, 58, 63]
POST = [35, 41, 50, 33, 60, 39, 44, 58, 47, 36, 51, 40]


@pytest.mark.parametrize(("n", "ranks"), [(20, (6, 15)), (25, (8, 18)), (100, (40, 61))])
def test_the_median_lies_between_these_ranks(n: int, ranks: tuple[int, int]) -> None:
    found = median_time(np.arange(1, n + 1))
    assert (found.low, found.high) == ranks
    assert found.level >= 0.95


def test_the_shift_equals_r() -> None:
    found = hodges_lehmann(PRE, POST)
    assert (found.shift, found.statistic, found.low, found.high) == (12.0, 115.0, 3.0, 22.0)
    assert found.p == pytest.approx(0.0141, abs=5e-5)
    assert hodges_lehmann(POST, PRE).shift == -12.0


def test_studies_of_one_bad_day_do_not_make_a_shift() -> None:
    random = np.random.default_rng(1)
    day_old, day_new = np.repeat(np.arange(6), 40), np.repeat(np.arange(6), 40)
    old = 60 + 20 * random.normal(size=6)[day_old] + random.normal(size=240)
    new = 60 + 20 * random.normal(size=6)[day_new] + random.normal(size=240)
    alone, by_day = hodges_lehmann(old, new), hodges_lehmann(old, new, (day_old, day_new))
    assert by_day.high - by_day.low > 3 * (alone.high - alone.low)
    assert by_day.low < 0 < by_day.high


@given(st.lists(st.floats(0, 500), min_size=5, max_size=30), st.sampled_from([0.5, 0.9]))
def test_quantile_regression_on_a_constant_is_a_quantile(times: list[float], quantile: float) -> None:
    (found,) = quantile_regression(times, np.ones((len(times), 1)), quantile)

    def loss(at: float) -> float:
        gap = np.array(times) - at
        return float(np.where(gap >= 0, quantile * gap, (quantile - 1) * gap).sum())

    assert loss(float(found)) == pytest.approx(min(loss(each) for each in times), abs=1e-6)


def test_quantile_regression_equals_statsmodels() -> None:
    random = np.random.default_rng(3)
    after = np.repeat([0.0, 1.0], 60)
    times = np.exp(random.normal(3.5, 0.6, 120)) - 5 * after + 10
    design = np.column_stack([np.ones(120), after])
    assert quantile_regression(times, design) == pytest.approx(sm.QuantReg(times, design).fit(q=0.5).params, abs=0.05)


def test_what_cannot_be_told_is_refused() -> None:
    for call in (
        lambda: median_time(range(19)),
        lambda: hodges_lehmann([1, 2], [1, 2, 3, 4, 5]),
        lambda: quantile_regression([1.0], [[1.0]]),
    ):
        with pytest.raises(PermanentError):
            call()
    with pytest.raises(ValueError, match="negative turnaround"):
        median_time([-1.0] * 30)
    with pytest.raises(ValueError, match="design"):
        quantile_regression([1.0, 2.0], [[1.0]])
