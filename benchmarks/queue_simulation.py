"""The queue simulator: simulated studies per second by rule, one core, and what a year of a busy hospital costs.

    python benchmarks/queue_simulation.py [--replications 5]

Drawing the studies, the SimPy readers and the statistics are timed apart; `SimPy alone` is one bare timeout per study, the least any SimPy model can cost.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import simpy

from wetread.simulation.demand import Demand, draw_demand
from wetread.simulation.reading_room import read_all
from wetread.simulation.scenario import Rule, Run
from wetread.simulation.scenario_file import load_scenario
from wetread.simulation.turnaround import measure

RUNS = (
    Run("fifo", Rule.FIFO),
    Run("priority", Rule.PRIORITY),
    Run("cap 8 h", Rule.CAP, cap_min=480),
    Run("cap above all 8 h", Rule.CAP_ABOVE_ALL, cap_min=480),
    Run("ageing 2 h", Rule.AGEING, minutes_per_urgency=120),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=5)
    args = parser.parse_args()
    scenario = replace(load_scenario("hamburg"), days=365)
    streams = [np.random.default_rng(seed) for seed in range(args.replications)]
    demands: list[Demand] = []
    draw_s = seconds(lambda: demands.extend(draw_demand(scenario, 365, stream) for stream in streams))
    studies = sum(demand.arrival_min.size for demand in demands)
    print(f"{args.replications} replications of a year, {studies} studies; thousand studies per second, one core")
    print(f"{'drawing':<20} {studies / draw_s / 1000:>8.0f}")
    for run in RUNS:
        signed = []
        read_s = seconds(
            lambda run=run, signed=signed: signed.extend(read_all(scenario, demand, run)[1] for demand in demands)
        )
        measure_s = seconds(
            lambda signed=signed: [measure(scenario, d, s) for d, s in zip(demands, signed, strict=True)]
        )
        whole_s = draw_s + read_s + measure_s
        print(
            f"{run.name:<20} {studies / read_s / 1000:>8.0f} reading, {studies / measure_s / 1000:.0f} measuring, {studies / whole_s / 1000:.0f} in all; "
            f"100 replications of a year: {100 * whole_s / args.replications:.0f} s"
        )
    print(f"{'SimPy alone':<20} {studies / seconds(lambda: bare_simpy(studies)) / 1000:>8.0f}")


def bare_simpy(studies: int) -> None:
    room = simpy.Environment()

    def reader():
        for _ in range(studies):
            yield room.timeout(1.0)

    room.process(reader())
    room.run()


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
