"""What arrives: a non-homogeneous Poisson process by hour of the week, each study with findings, the model's calls and a reading time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wetread.simulation.scenario import Rate, Reading, ReadingTime, Scenario

__all__ = ["Demand", "draw_demand"]

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Demand:
    """One simulated period, oldest study first; n studies, f findings. Minute 0 is a Monday midnight.

    arrival_min, reading_min: float64 (n,); present, called: bool (n, f); urgency: int64 (n,), what the worklist sees;
    critical: bool (n,), the worklist's view too; counted: bool (n,), arrived outside the warm-up at either end.
    """

    arrival_min: NDArray[np.float64]
    reading_min: NDArray[np.float64]
    present: NDArray[np.bool_]
    called: NDArray[np.bool_]
    urgency: NDArray[np.int64]
    critical: NDArray[np.bool_]
    counted: NDArray[np.bool_]


def draw_demand(scenario: Scenario, days: int, random: np.random.Generator) -> Demand:
    """One replication: `days` counted days between two warm-ups, so that neither an empty start nor a quiet end is measured.

    Findings are drawn independently of each other. Where a rate has an interval, one value per replication is drawn from it.
    """
    arrival_min = _arrivals(scenario, days + 2 * scenario.warm_up_days, random)
    n = arrival_min.size
    prevalence = np.array([finding.prevalence for finding in scenario.findings])
    sensitivity = np.array([_drawn(finding.sensitivity, random) for finding in scenario.findings])
    specificity = np.array([_drawn(finding.specificity, random) for finding in scenario.findings])
    present = random.random((n, prevalence.size)) < prevalence
    called = random.random((n, prevalence.size)) < np.where(present, sensitivity, 1 - specificity)
    steps = np.array([finding.urgency for finding in scenario.findings], dtype=np.int64)
    by_model = np.where(called, steps, 0).max(axis=1, initial=0)
    critical = np.logical_or.reduce(called[:, [finding.critical for finding in scenario.findings]], axis=1)
    start = scenario.warm_up_days * 24 * 60
    return Demand(
        arrival_min=arrival_min,
        reading_min=_reading_times(scenario.reading, n, random),
        present=present,
        called=called,
        urgency=np.maximum(by_model, _requested(scenario, n, random)),
        critical=critical,
        counted=(arrival_min >= start) & (arrival_min < start + days * 24 * 60),
    )


def _arrivals(scenario: Scenario, days: int, random: np.random.Generator) -> NDArray[np.float64]:
    per_hour = np.resize(np.array(scenario.arrivals_per_hour).ravel(), days * 24)
    hours = np.repeat(np.arange(days * 24), random.poisson(per_hour))
    return np.sort((hours + random.random(hours.size)) * 60)


def _reading_times(reading: Reading, n: int, random: np.random.Generator) -> NDArray[np.float64]:
    if reading.distribution is ReadingTime.EXPONENTIAL:
        return random.exponential(reading.mean_min, n)
    if reading.distribution is ReadingTime.FIXED:
        return np.full(n, reading.mean_min)
    variance = np.log1p(reading.variation**2)
    return random.lognormal(np.log(reading.mean_min) - variance / 2, np.sqrt(variance), n)


def _requested(scenario: Scenario, n: int, random: np.random.Generator) -> NDArray[np.int64]:
    shares = [each.share for each in scenario.requested]
    steps = np.array([*(each.urgency for each in scenario.requested), 0], dtype=np.int64)
    return (
        steps[np.searchsorted(np.cumsum(shares), random.random(n), side="right")]
        if shares
        else np.zeros(n, dtype=np.int64)
    )


def _drawn(rate: Rate, random: np.random.Generator) -> float:
    """One value of the rate: normal on the logit scale with the interval's width; the estimate itself where there is none."""
    deviate = random.standard_normal()
    if rate.low == rate.high:
        return rate.estimate
    low, middle, high = (_logit(each) for each in (rate.low, rate.estimate, rate.high))
    spread = (high - middle if deviate > 0 else middle - low) / Z95
    return float(1 / (1 + np.exp(-(middle + spread * deviate))))


def _logit(share: float) -> float:
    clipped = min(max(share, 1e-6), 1 - 1e-6)
    return float(np.log(clipped / (1 - clipped)))
