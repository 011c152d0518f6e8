"""Who is read next: the ordering rule as data, with heaps so that a year of studies is ordered in milliseconds.

The rule is the product's (`triage`), restated: a study that has waited past the cap goes before everything but critical ones,
oldest first; otherwise the more urgent goes first, then the older, and where the run has an age step each step waited counts as one urgency more. Stages do not import each other, so it is written twice on purpose.
"""

from heapq import heappop, heappush

import numpy as np

from wetread.simulation.demand import Demand
from wetread.simulation.scenario import Rule, Run

__all__ = ["SAME_INSTANT_MIN", "Worklist"]

SAME_INSTANT_MIN = 1e-6
"""A reader woken for an arrival may be early by a rounding error; anything this near has arrived."""


class Worklist:
    """The studies of one replication, in the order of one rule. Each study is handed out exactly once."""

    def __init__(self, demand: Demand, run: Run) -> None:
        self._arrival_min: list[float] = demand.arrival_min.tolist()
        self._critical: list[bool] = demand.critical.tolist()
        order = _order(demand, run)
        self._study_at: list[int] = order.tolist()
        place = np.empty_like(order)
        place[order] = np.arange(order.size)
        self._place: list[int] = place.tolist()
        self._cap_min = run.cap_min if run.rule in (Rule.CAP, Rule.CAP_ABOVE_ALL) else None
        self._critical_first = run.rule is Rule.CAP
        self._waiting: list[int] = []
        self._taken = bytearray(order.size)
        self._arrived = 0
        self._oldest = 0

    def next_arrival_min(self) -> float | None:
        """When the next study arrives; None when all have."""
        return self._arrival_min[self._arrived] if self._arrived < len(self._arrival_min) else None

    def take(self, now_min: float) -> int | None:
        """The study to read now, by index; None if nothing waits."""
        arrival_min, now_min = self._arrival_min, now_min + SAME_INSTANT_MIN
        while self._arrived < len(arrival_min) and arrival_min[self._arrived] <= now_min:
            heappush(self._waiting, self._place[self._arrived])
            self._arrived += 1
        waiting, taken = self._waiting, self._taken
        while waiting and taken[self._study_at[waiting[0]]]:
            heappop(waiting)
        if not waiting:
            return None
        chosen = self._study_at[waiting[0]]
        if self._cap_min is not None and not (self._critical_first and self._critical[chosen]):
            chosen = self._overdue(now_min - self._cap_min, chosen)
        taken[chosen] = 1
        return chosen

    def _overdue(self, latest_arrival_min: float, otherwise: int) -> int:
        """The oldest waiting study if it arrived by then. All have the same cap, so no younger one is overdue before it."""
        while self._taken[self._oldest]:
            self._oldest += 1
        return self._oldest if self._arrival_min[self._oldest] <= latest_arrival_min else otherwise


def _order(demand: Demand, run: Run) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The indices of all studies as they would be read if all waited at once and none were overdue.

    Ageing needs no clock: every study ages at the same pace, so a step of urgency is a head start of so many minutes.
    """
    if run.rule is Rule.FIFO:
        return np.arange(demand.arrival_min.size)
    critical_last = np.zeros_like(demand.critical) if run.rule is Rule.AGEING else ~demand.critical
    if run.minutes_per_urgency is None:
        return np.lexsort((demand.arrival_min, -demand.urgency, critical_last))
    return np.lexsort((demand.arrival_min - demand.urgency * run.minutes_per_urgency, critical_last))
