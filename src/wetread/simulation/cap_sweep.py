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
    """Means over replications, in minutes. `kept` is the smaller share of the gain of prioritising (FIFO minus no cap, in the
    mean turnaround of critical and of urgent studies) that is left with this cap."""

    cap_min: float
    critical_mean_min: float
    urgent_mean_min: float | None
    worst_min: float
    kept: float


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
    keep: float,
    seed: int,
    replications: int,
    days: int | None = None,
    done: Callable[[], None] = lambda: None,
) -> CapSweep:
    """The smallest cap is recommended that keeps at least `keep` (0 to 1) of the gain: the shortest promise that costs little.

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
    return CapSweep(experiment, points, *_recommend(experiment, points, keep))


def _mean(experiment: Experiment, run: str, group: str, statistic: str = "mean") -> float | None:
    result = experiment.results[run].get(group)
    return result.statistics[statistic].mean if result else None


def _point(experiment: Experiment, run: str, cap_min: float | None) -> CapPoint:
    critical, worst = _mean(experiment, run, "critical"), _mean(experiment, run, "all", "maximum")
    if critical is None or worst is None:
        raise BadScenario("days: too few: no critical study arrived; simulate longer")
    kept = [share for group in ("critical", "urgent") if (share := _kept(experiment, run, group)) is not None]
    return CapPoint(cap_min or 0.0, critical, _mean(experiment, run, "urgent"), worst, min(kept, default=0.0))


def _kept(experiment: Experiment, run: str, group: str) -> float | None:
    """None where prioritising brings this group nothing, so that a cap has nothing to lose there."""
    before, best, now = (_mean(experiment, each, group) for each in (FIFO.name, UNCAPPED, run))
    if before is None or best is None or now is None or best >= before:
        return None
    return (before - now) / (before - best)


def _recommend(experiment: Experiment, points: Sequence[CapPoint], keep: float) -> tuple[float | None, str]:
    if _kept(experiment, UNCAPPED, "critical") is None:
        return None, "prioritising does not shorten the wait of critical studies here, so no cap is worth recommending"
    enough = [point for point in points if point.kept >= keep]
    if not enough:
        return None, f"no cap of this sweep keeps {keep:.0%} of what prioritising gains; try longer ones"
    best = min(enough, key=lambda point: point.cap_min)
    return (
        best.cap_min,
        f"the smallest cap of this sweep that keeps at least {keep:.0%} of what prioritising gains critical and urgent studies",
    )
