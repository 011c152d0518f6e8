"""Control charts against R's spc, against simulation, and on series with a known break."""

import numpy as np
import pytest

from wetread.evaluation.control_chart import average_run_length, cusum, ewma, limit_for_run_length, share_limits


@pytest.mark.parametrize(("shift", "run_length"), [(0.0, 335.368), (0.5, 26.679), (1.0, 8.3832), (2.0, 3.3428)])
def test_run_lengths_equal_spc(shift: float, run_length: float) -> None:
    assert average_run_length(shift) == pytest.approx(run_length, rel=2e-5)


def test_two_sides_halve_the_run_length_and_the_limit_follows_from_it() -> None:
    assert average_run_length(0.0, two_sided=True) == pytest.approx(167.684, abs=1e-3)
    assert limit_for_run_length(370) == pytest.approx(4.7738, abs=1e-4)


def test_a_shift_is_caught_soon_and_the_chart_goes_on() -> None:
    random = np.random.default_rng(3)
    series = 5 + 2 * np.concatenate([random.normal(size=60), random.normal(size=40) + 2.0])
    chart = cusum(series, target=5, sigma=2)
    assert chart.alarms
    assert 60 <= chart.alarms[0] <= 70
    assert len(chart.alarms) > 1


@pytest.mark.parametrize("make", [cusum, ewma])
def test_false_alarms_of_a_stable_series_come_as_seldom_as_said(make: object) -> None:
    random = np.random.default_rng(4)
    first = []
    for _ in range(400):
        alarms = make(random.normal(size=3000), 0.0, 1.0).alarms  # type: ignore[operator]
        first.append(alarms[0] + 1 if alarms else 3000)
    assert 330 <= np.mean(first) <= 410


def test_a_broken_series_is_refused() -> None:
    for series, sigma in (([1.0, float("nan")], 1.0), ([1.0], 0.0), ([[1.0]], 1.0)):
        with pytest.raises(ValueError, match="series"):
            cusum(series, 0.0, sigma)
    with pytest.raises(ValueError, match="weight"):
        ewma([1.0], 0.0, 1.0, weight=0.0)
    with pytest.raises(ValueError, match="run length"):
        limit_for_run_length(1)


def test_share_limits_by_hand_and_how_often_a_stable_share_is_beyond() -> None:
    centre, low, high = share_limits(40, 200, 50)
    half = 3 * np.sqrt(40.5 / 201 * (1 - 40.5 / 201) * (1 / 50 + 1 / 200))
    assert (centre, low, high) == pytest.approx((0.2, 0.2 - half, 0.2 + half))
    assert share_limits(0, 100, 40)[1] == 0.0
    assert share_limits(0, 100, 40)[2] > 0.02
    random, beyond = np.random.default_rng(3), 0
    for _ in range(4000):
        _, low, high = share_limits(int(random.binomial(150, 0.2)), 150, 40)
        beyond += not low <= random.binomial(40, 0.2) / 40 <= high
    assert 0 < beyond / 4000 < 0.01
    for wrong in ((5, 3, 10), (0, 0, 10), (1, 3, 0)):
        with pytest.raises(ValueError, match="new cases"):
            share_limits(*wrong)
