"""Turnaround (signed minus received, minutes) by group of studies, over replications with intervals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wetread.simulation.demand import Demand
from wetread.simulation.scenario import Scenario

__all__ = ["HISTOGRAM_EDGES_MIN", "STATISTICS", "GroupResult", "Measured", "Spread", "groups_of", "measure", "pool"]

STATISTICS = ("mean", "median", "p95", "maximum")
HISTOGRAM_EDGES_MIN = np.concatenate([[0.0], np.geomspace(1, 60 * 24 * 60, 241)])
"""Fixed edges from 1 minute to 60 days, 5 % apart, so that replications can be added up for a plot."""

Measured = Mapping[str, tuple[NDArray[np.float64], NDArray[np.int64]]]


@dataclass(frozen=True, slots=True)
class Spread:
    """A statistic over replications: their mean, the 95 % interval of that mean (how well we know it), the central 95 % of
    single replications (what one period of this length may look like), and the largest. nan where no replication had a study."""

    mean: float
    mean_low: float
    mean_high: float
    one_low: float
    one_high: float
    largest: float


@dataclass(frozen=True, slots=True)
class GroupResult:
    """`n` studies over all replications; `replications` that had one; `histogram` counts them between HISTOGRAM_EDGES_MIN."""

    n: int
    replications: int
    statistics: Mapping[str, Spread]
    histogram: NDArray[np.int64]


def groups_of(scenario: Scenario, demand: Demand) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Every group's members: all, no finding, critical, urgent but not critical, each finding, each critical finding the model missed.

    `X missed`: finding X is there and the model's calls gave the study no critical place on the worklist.
    """
    present, f = demand.present, scenario.findings
    critical = _any(present[:, [each.critical for each in f]])
    yield "all", np.ones(present.shape[0], dtype=np.bool_)
    yield "normal", ~_any(present)
    yield "critical", critical
    yield "urgent", _any(present[:, [each.urgency > 0 for each in f]]) & ~critical
    for column, finding in enumerate(f):
        yield finding.name, present[:, column]
        if finding.critical:
            yield f"{finding.name} missed", present[:, column] & ~demand.critical


def _any(columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(columns.any(axis=1), dtype=np.bool_)


def measure(scenario: Scenario, demand: Demand, signed_min: NDArray[np.float64]) -> Measured:
    """One replication: per group with at least one counted study, (n, mean, median, p95, maximum) and the histogram."""
    turnaround_min = signed_min - demand.arrival_min
    measured = {}
    for name, members in groups_of(scenario, demand):
        minutes = turnaround_min[members & demand.counted]
        if minutes.size:
            median, p95 = np.quantile(minutes, (0.5, 0.95))
            histogram = np.histogram(minutes, HISTOGRAM_EDGES_MIN)[0].astype(np.int64)
            measured[name] = (np.array([minutes.size, minutes.mean(), median, p95, minutes.max()]), histogram)
    return measured


def pool(replications: Sequence[Measured]) -> dict[str, GroupResult]:
    """All replications of one run, group by group."""
    names = dict.fromkeys(name for each in replications for name in each)
    return {name: _group([each[name] for each in replications if name in each]) for name in names}


def _group(parts: list[tuple[NDArray[np.float64], NDArray[np.int64]]]) -> GroupResult:
    rows = np.array([row for row, _ in parts])
    return GroupResult(
        n=int(rows[:, 0].sum()),
        replications=len(parts),
        statistics={name: _spread(rows[:, column]) for column, name in enumerate(STATISTICS, 1)},
        histogram=np.sum([histogram for _, histogram in parts], axis=0),
    )


def _spread(values: NDArray[np.float64]) -> Spread:
    """The interval of the mean is Student's t over replications, which are independent."""
    mean, n = float(values.mean()), values.size
    half = t95(n - 1) * float(values.std(ddof=1)) / n**0.5 if n > 1 else float("nan")
    one_low, one_high = np.quantile(values, (0.025, 0.975))
    return Spread(mean, mean - half, mean + half, float(one_low), float(one_high), float(values.max()))


def t95(freedom: int) -> float:
    """The two-sided 95 % point of Student's t: Cornish-Fisher series (Abramowitz and Stegun 26.7.5), 0.5 % off at 3, exact tables below."""
    exact = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776}
    if freedom in exact:
        return exact[freedom]
    z = 1.959963984540054
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
