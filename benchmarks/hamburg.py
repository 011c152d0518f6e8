"""The pneumothorax study (Baltruschat 2021, doi:10.1007/s00330-020-07480-7): how its scenario was fitted, and what the assumptions are worth.

    python benchmarks/hamburg.py --fit            the two reader speeds that give the two published FIFO figures
    python benchmarks/hamburg.py --sensitivity    change one assumption, fit again where FIFO depends on it, predict again

The comparison itself: wetread simulate queue --scenario hamburg
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace

from wetread.simulation.experiment import simulate
from wetread.simulation.scenario import DAYS, Rate, Scenario, Shift
from wetread.simulation.scenario_file import load_scenario

FIFO_MEAN_MIN, FIFO_MAXIMUM_MIN = 80.1, 890.0
SEED = 20210
USUAL_STUDIES_PER_WEEK = 680  # the brackets below are for this volume


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--sensitivity", action="store_true")
    parser.add_argument("--replications", type=int, default=20)
    args = parser.parse_args()
    scenario = load_scenario("hamburg")
    if args.fit:
        weekday, on_call = fit(scenario, args.replications)
        print(
            f"weekday speed {weekday:.3f}, on-call speed {on_call:.4f} (seed {SEED}, {args.replications} replications)"
        )
    if args.sensitivity:
        sensitivity(scenario, args.replications)


def fit(scenario: Scenario, replications: int) -> tuple[float, float]:
    """Bisection in bisection: for each on-call speed the weekday speed with the FIFO mean; of those, the one with the FIFO maximum."""
    volume = scenario.studies_per_week / USUAL_STUDIES_PER_WEEK

    def weekday_for(on_call: float) -> float:
        return bisect(
            lambda speed: fifo(scenario, speed, on_call, replications)[0] - FIFO_MEAN_MIN, 0.45 * volume, 3.0, 8
        )

    def excess(on_call: float) -> float:
        return fifo(scenario, weekday_for(on_call), on_call, replications)[1] - FIFO_MAXIMUM_MIN

    on_call = bisect(excess, 0.05 * volume, 0.25, 8)
    return weekday_for(on_call), on_call


def bisect(excess: Callable[[float], float], low: float, high: float, steps: int) -> float:
    """Where a falling function crosses zero."""
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2


def fifo(scenario: Scenario, weekday: float, on_call: float, replications: int) -> tuple[float, float]:
    tried = with_speeds(scenario, weekday, on_call)
    if tried.load >= 0.99:
        return float("inf"), float("inf")
    statistics = (
        simulate(tried, seed=SEED, replications=replications, runs=scenario.runs[:1])
        .results["fifo"]["pneumothorax"]
        .statistics
    )
    return statistics["mean"].mean, statistics["maximum"].mean


def with_speeds(scenario: Scenario, weekday: float, on_call: float) -> Scenario:
    def faster(shift: Shift) -> Shift:
        return replace(shift, speed=weekday if shift.name == "weekday" else on_call)

    return replace(scenario, shifts=tuple(map(faster, scenario.shifts)))


def sensitivity(scenario: Scenario, replications: int) -> None:
    """FIFO sees no finding, so only rosters, volumes and reading times are fitted again."""
    print(
        f"{'changed':<44} {'FIFO mean, max':>15} {'priority mean, max':>19} {'capped max':>11} {'speeds':>14}",
        flush=True,
    )
    for name, changed, refit in variants(scenario):
        tried = with_speeds(changed, *fit(changed, max(5, replications // 2))) if refit else changed
        results = simulate(tried, seed=SEED, replications=replications).results
        fifo, priority, capped = (results[run]["pneumothorax"].statistics for run in ("fifo", "priority", "capped"))
        speeds = " ".join(f"{speed:.3f}" for speed in (tried.shifts[0].speed, tried.shifts[1].speed))
        print(
            f"{name:<44} {fifo['mean'].mean:>9.1f} {fifo['maximum'].mean:>5.0f} {priority['mean'].mean:>13.1f} {priority['maximum'].mean:>5.0f} "
            f"{capped['maximum'].mean:>11.0f} {speeds:>14}",
            flush=True,
        )


def variants(scenario: Scenario) -> Iterator[tuple[str, Scenario, bool]]:
    """(what is changed, the changed scenario, whether FIFO depends on it)."""
    yield "nothing", scenario, False
    for key in ("sensitivity", "specificity"):
        for rate in {"sensitivity": (0.70, 0.95), "specificity": (0.90, 0.99)}[key]:
            yield f"pneumothorax {key} {rate}", first_finding(scenario, **{key: Rate(rate, rate, rate)}), False
    for prevalence in (0.02, 0.08):
        yield f"pneumothorax prevalence {prevalence}", first_finding(scenario, prevalence=prevalence), False
    others = tuple(replace(finding, prevalence=finding.prevalence / 2) for finding in scenario.findings[1:])
    yield "all other findings half as frequent", replace(scenario, findings=(scenario.findings[0], *others)), False
    for cap_min in (240.0, 720.0):
        runs = tuple(replace(run, cap_min=cap_min) if run.cap_min is not None else run for run in scenario.runs)
        yield f"cap {cap_min:g} min", replace(scenario, runs=runs), False
    yield "three years instead of one", replace(scenario, days=3 * 365), False
    staffed = tuple(replace(shift, days=tuple(range(len(DAYS)))) for shift in scenario.shifts[:3])
    yield "weekends staffed as weekdays (fitted again)", replace(scenario, shifts=staffed), True
    half = tuple(tuple(each / 2 for each in hours) for hours in scenario.arrivals_per_hour)
    yield "half the studies (fitted again)", replace(scenario, arrivals_per_hour=half), True
    steady = replace(scenario, reading=replace(scenario.reading, variation=0.3))
    yield "reading time varies less, 0.3 (fitted again)", steady, True


def first_finding(scenario: Scenario, **changes: object) -> Scenario:
    return replace(scenario, findings=(replace(scenario.findings[0], **changes), *scenario.findings[1:]))


if __name__ == "__main__":
    main()
