"""How long may a study wait before it goes first? Each cap is simulated on the same studies; one is recommended by a stated rule."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf

from wetread.simulation.experiment import Experiment, simulate
from wetread.simulation.scenario import BadScenario, Rule, Run, Scenario

__all__ = ["CapPoint", "CapSweep", "sweep_caps"]

FIFO = Run("fifo", Rule.FIFO)
UNCAPPED = "no cap"


@dataclass(frozen=True, slots=True)
class CapPoint:
    """Means over replications, in minutes. `worst_min` is the longest turnaround of any study in one period, `worst_over_fifo` its ratio
    to that without a model. `critical_kept`, `urgent_kept`: the share of what prioritising takes off their mean turnaround that is left
    with this cap; None where it takes nothing off."""

    cap_min: float
    critical_mean_min: float
    urgent_mean_min: float | None
    worst_min: float
    worst_over_fifo: float
    critical_kept: float | None
    urgent_kept: float | None


@dataclass(frozen=True, slots=True)
class CapSweep:
    """`recommended_min` is None where no cap qualifies; `reason` says why either way."""

    experiment: Experiment
    points: tuple[CapPoint, ...]
    recommended_min: float | None
    reason: str


def sweep_caps(
    scenario: Scenario,
    caps_min: Sequence[float],
    *,
    margin: float,
    seed: int,
    replications: int,
    days: int | None = None,
    done: Callable[[], None] = lambda: None,
) -> CapSweep:
    """Recommended is the longest cap under which nobody pays for the priority of others with a longer worst case than today's: the longest
    turnaround of any study stays within `margin` (0.1 is 10 %) of first in, first out. The longest such cap leaves the most of the gain.

    The scenario's first capped run gives the rule (`cap` if it has none). Raises BadScenario if no finding is critical.
    """
    if not any(finding.critical for finding in scenario.findings):
        raise BadScenario(
            "scenario: finding: none is critical, so there is no critical turnaround to weigh a cap against"
        )
    rule = next((run for run in scenario.runs if run.cap_min is not None), Run(UNCAPPED, Rule.CAP))
    caps = [replace(rule, name=f"cap {cap:g}", cap_min=cap) for cap in sorted(set(caps_min))]
    runs = [FIFO, replace(rule, name=UNCAPPED, cap_min=inf), *caps]
    experiment = simulate(scenario, seed=seed, replications=replications, days=days, runs=runs, done=done)
    points = tuple(_point(experiment, run.name, run.cap_min) for run in caps)
    return CapSweep(experiment, points, *_recommend(points, margin))


def _mean(experiment: Experiment, run: str, group: str, statistic: str = "mean") -> float | None:
    result = experiment.results[run].get(group)
    return result.statistics[statistic].mean if result else None


def _point(experiment: Experiment, run: str, cap_min: float | None) -> CapPoint:
    critical, worst = _mean(experiment, run, "critical"), _mean(experiment, run, "all", "maximum")
    today = _mean(experiment, FIFO.name, "all", "maximum")
    if critical is None or worst is None or today is None:
        raise BadScenario("days: too few: no critical study arrived; simulate longer")
    return CapPoint(
        cap_min=cap_min or 0.0,
        critical_mean_min=critical,
        urgent_mean_min=_mean(experiment, run, "urgent"),
        worst_min=worst,
        worst_over_fifo=worst / today,
        critical_kept=_kept(experiment, run, "critical"),
        urgent_kept=_kept(experiment, run, "urgent"),
    )


def _kept(experiment: Experiment, run: str, group: str) -> float | None:
    before, best, now = (_mean(experiment, each, group) for each in (FIFO.name, UNCAPPED, run))
    if before is None or best is None or now is None or best >= before:
        return None
    return (before - now) / (before - best)


def _recommend(points: Sequence[CapPoint], margin: float) -> tuple[float | None, str]:
    if points[0].critical_kept is None:
        return None, "prioritising does not shorten the wait of critical studies here, so no cap is worth recommending"
    harmless = [point for point in points if point.worst_over_fifo <= 1 + margin]
    if not harmless:
        return (
            None,
            f"with every cap of this sweep somebody waits over {margin:.0%} longer than the longest wait without a model; try shorter ones",
        )
    best = max(harmless, key=lambda point: point.cap_min)
    return (
        best.cap_min,
        f"the longest cap of this sweep with which nobody waits over {margin:.0%} longer than the longest wait without a model",
    )
