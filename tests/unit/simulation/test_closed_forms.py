"""The simulated room against queueing theory, where theory has a formula (Erlang C; Cobham's non-preemptive priorities)."""

from math import factorial

import numpy as np
import pytest
from numpy.typing import NDArray
from simulated_rooms import ALWAYS, FIFO, PRIORITY, a_finding, a_room

from wetread.simulation.demand import Demand, draw_demand
from wetread.simulation.reading_room import read_all
from wetread.simulation.scenario import Reading, ReadingTime, Run, Scenario, Shift

Minutes = NDArray[np.float64]


def waits(scenario: Scenario, run: Run, days: int, seed: int) -> tuple[Demand, Minutes]:
    demand = draw_demand(scenario, days, np.random.default_rng(seed))
    begun_min, _ = read_all(scenario, demand, run)
    return demand, (begun_min - demand.arrival_min)[demand.counted]


def in_batches(wait_min: Minutes | NDArray[np.bool_], batches: int = 40) -> tuple[float, float]:
    """Mean and its standard error from means of consecutive batches, which are nearly independent."""
    means = np.array([batch.mean() for batch in np.array_split(wait_min, batches)])
    return float(means.mean()), float(means.std(ddof=1) / batches**0.5)


def erlang_c_wait_min(per_min: float, mean_min: float, readers: int) -> float:
    offered = per_min * mean_min
    top = offered**readers / factorial(readers) * readers / (readers - offered)
    waiting = top / (sum(offered**k / factorial(k) for k in range(readers)) + top)
    return waiting * mean_min / (readers - offered)


@pytest.mark.parametrize(("readers", "per_hour", "days"), [(1, 8.0, 500), (3, 24.0, 150)])
def test_the_mean_wait_of_an_m_m_c_queue_is_erlangs(readers: int, per_hour: float, days: int) -> None:
    _, wait_min = waits(a_room(per_hour=per_hour, readers=readers), FIFO, days=days, seed=11)
    mean, error = in_batches(wait_min)
    expected = erlang_c_wait_min(per_hour / 60, 6.0, readers)
    assert error < 0.06 * expected
    assert abs(mean - expected) < 3 * error


def test_waits_in_an_m_m_1_queue_are_spread_exponentially() -> None:
    _, wait_min = waits(a_room(per_hour=8), FIFO, days=400, seed=12)
    load, rate = 0.8, (1 - 0.8) / 6.0
    for minutes in (0.0, 15.0, 45.0):
        share, error = in_batches(wait_min > minutes + 1e-5)
        expected = load * np.exp(-rate * minutes)
        assert abs(share - expected) < 3 * error < 0.3 * expected


def test_a_fixed_reading_time_halves_the_wait() -> None:
    """Pollaczek and Khinchine: without variation the queue is half as long."""
    _, wait_min = waits(a_room(reading=Reading(ReadingTime.FIXED, 6.0, 1.0)), FIFO, days=400, seed=13)
    mean, error = in_batches(wait_min)
    assert abs(mean - 0.8 * 6 / (2 * 0.2)) < 3 * error < 1.5


def test_two_classes_wait_as_cobham_says() -> None:
    demand, wait_min = waits(a_room(a_finding(prevalence=0.25)), PRIORITY, days=600, seed=14)
    top = demand.present[demand.counted, 0]
    residual_min, load, load_top = 0.8 * 6.0, 0.8, 0.2
    for members, expected in (
        (top, residual_min / (1 - load_top)),
        (~top, residual_min / ((1 - load_top) * (1 - load))),
    ):
        mean, error = in_batches(wait_min[members])
        assert abs(mean - expected) < 3 * error < 0.3 * expected


def test_a_slower_shift_reads_as_much_slower_as_it_says() -> None:
    shifts = (Shift("day", ALWAYS, 0, 720, 1, 2.0), Shift("night", ALWAYS, 720, 1440, 1, 0.5))
    scenario = a_room(per_hour=0.2, reading=Reading(ReadingTime.FIXED, 6.0, 1.0), shifts=shifts)
    demand = draw_demand(scenario, 200, np.random.default_rng(1))
    begun_min, signed_min = read_all(scenario, demand, FIFO)
    by_day = begun_min % 1440 < 720
    assert np.allclose((signed_min - begun_min)[by_day], 3.0)
    assert np.allclose((signed_min - begun_min)[~by_day], 12.0)


def test_nobody_begins_to_read_off_duty() -> None:
    shifts = (Shift("day", (0, 1, 2, 3, 4), 480, 1020, 2, 1.0),)
    scenario = a_room(per_hour=3, shifts=shifts)
    demand = draw_demand(scenario, 56, np.random.default_rng(2))
    begun_min, signed_min = read_all(scenario, demand, FIFO)
    day, minute = begun_min // 1440 % 7, begun_min % 1440
    assert (day < 5).all()
    assert ((minute > 480 - 1e-5) & (minute < 1020)).all()
    events = sorted([(b, 1) for b in begun_min] + [(s, -1) for s in signed_min])
    assert max(np.cumsum([step for _, step in events])) == 2
