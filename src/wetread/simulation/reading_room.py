"""The discrete-event simulation: SimPy readers who take the next study from the worklist while they are on duty.

One event per reading (and per idle wait): studies are put on the list when a reader looks at it, which gives the same order as an event
per arrival and is several times faster.
"""

from collections.abc import Generator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wetread.simulation.demand import Demand
from wetread.simulation.scenario import WEEK_MIN, Run, Scenario, Shift
from wetread.simulation.worklist import SAME_INSTANT_MIN, Worklist

__all__ = ["read_all"]


@dataclass(frozen=True, slots=True)
class _Duty:
    """One chair, minute by minute of the week: reading speed (0 off duty) and minutes until somebody sits in it."""

    speed: list[float]
    until_on_min: list[int]


def read_all(scenario: Scenario, demand: Demand, run: Run) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(begun_min, signed_min), each float64 (n,): when each study's reading began and when its report was signed."""
    from simpy import Environment

    worklist = Worklist(demand, run)
    reading_min: list[float] = demand.reading_min.tolist()
    begun_min, signed_min = [np.nan] * len(reading_min), [np.nan] * len(reading_min)
    room = Environment()
    timeout = room.timeout

    def reader(duty: _Duty) -> Generator[object, None, None]:
        while True:
            now_min = room.now
            minute = int(now_min + SAME_INSTANT_MIN)
            speed = duty.speed[minute % WEEK_MIN]
            if not speed:
                yield timeout(minute + duty.until_on_min[minute % WEEK_MIN] - now_min)
                continue
            study = worklist.take(now_min)
            if study is None:
                arrival_min = worklist.next_arrival_min()
                if arrival_min is None:
                    return
                yield timeout(max(arrival_min - now_min, 0.0))
                continue
            begun_min[study] = now_min
            yield timeout(reading_min[study] / speed)
            signed_min[study] = room.now

    for duty in _duties(scenario.shifts):
        room.process(reader(duty))
    room.run()
    return np.array(begun_min), np.array(signed_min)


@lru_cache(maxsize=8)
def _duties(shifts: tuple[Shift, ...]) -> tuple[_Duty, ...]:
    """Chairs are filled in the order of the shifts: of two shifts that overlap, the second takes further chairs."""
    chairs: list[list[float]] = []
    for shift in shifts:
        for day in shift.days:
            minutes = slice(day * 24 * 60 + shift.start_min, day * 24 * 60 + shift.end_min)
            free = [chair for chair in chairs if not any(chair[minutes])]
            while len(free) < shift.readers:
                chairs.append([0.0] * WEEK_MIN)
                free.append(chairs[-1])
            for chair in free[: shift.readers]:
                chair[minutes] = [shift.speed] * (minutes.stop - minutes.start)
    return tuple(_Duty(chair, _until_on(chair)) for chair in chairs)


def _until_on(speed: list[float]) -> list[int]:
    until = [0] * WEEK_MIN
    ahead = next(minute for minute, each in enumerate(speed) if each)
    for minute in reversed(range(WEEK_MIN)):
        ahead = 0 if speed[minute] else ahead + 1
        until[minute] = ahead
    return until
