"""Turnaround statistics against R, statsmodels and series with a known break."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from wetread.domain.errors import PermanentError
from wetread.evaluation.turnaround import (
    hodges_lehmann,
    median_difference,
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


def test_the_difference_of_medians_is_that_of_the_two_and_its_spread_that_of_days_drawn_one_by_one() -> None:
    random = np.random.default_rng(8)
    old, new = np.round(random.gamma(2, 20, 60)), np.round(random.gamma(2, 30, 200))
    days = np.arange(60) % 14, np.arange(200) % 14
    found = median_difference(old, new, days, replicates=4000)
    assert found.difference == np.median(old) - np.median(new)
    assert (found.n, found.days) == ((60, 200), 14)
    gaps = []
    for _ in range(4000):
        chosen = random.integers(14, size=14)
        sides = [
            np.concatenate([side[day == each] for each in chosen]) for side, day in zip((old, new), days, strict=True)
        ]
        gaps.append(np.median(sides[0]) - np.median(sides[1]))
    half = (found.high - found.low) / 2
    assert half == pytest.approx(t.ppf(0.975, 13) * np.std(gaps, ddof=1), rel=0.06)


def test_the_interval_of_a_difference_holds_it_also_where_a_whole_day_is_slow() -> None:
    random, held = np.random.default_rng(9), 0
    day = np.repeat(np.arange(28), 20)
    called = np.arange(len(day)) % 5 == 0
    for _ in range(200):
        times = random.gamma(2, 20, len(day)) * random.gamma(5, 0.2, 28)[day] * np.where(called, 0.6, 1.0)
        alone = random.gamma(2, 20, 40_000) * random.gamma(5, 0.2, 40_000)
        truth = -0.4 * np.median(alone)
        found = median_difference(times[called], times[~called], (day[called], day[~called]), replicates=200)
        held += found.low <= truth <= found.high
    assert 0.9 <= held / 200 <= 0.995


def test_a_difference_of_few_times_or_days_is_refused() -> None:
    times, days = np.full(30, 5.0), np.arange(30) % 12
    for first, other, what in ((19, days, "19 and 30 times"), (30, days % 9, "9 days")):
        with pytest.raises(PermanentError, match=what) as refused:
            median_difference(times[:first], times, (other[:first], other))
        assert refused.value.code == "too_few_cases"
    with pytest.raises(ValueError, match="finite times"):
        median_difference(-times, times, (days, days))
