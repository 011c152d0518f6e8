"""Replications: every rule reads the same simulated studies (common random numbers), so that a difference is the rule's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wetread.simulation.demand import draw_demand
from wetread.simulation.reading_room import read_all
from wetread.simulation.scenario import BadScenario, Run, Scenario
from wetread.simulation.turnaround import GroupResult, Measured, measure, pool

__all__ = ["Experiment", "simulate"]

MOST_STUDIES = 10_000_000


@dataclass(frozen=True, slots=True)
class Experiment:
    """`results[run name][group]`; `studies` read in all, warm-ups and every rule counted."""

    scenario: Scenario
    seed: int
    days: int
    replications: int
    studies: int
    results: Mapping[str, Mapping[str, GroupResult]]


def simulate(
    scenario: Scenario,
    *,
    seed: int,
    replications: int,
    days: int | None = None,
    runs: Sequence[Run] | None = None,
    done: Callable[[], None] = lambda: None,
) -> Experiment:
    """Each replication has a random stream of its own, spawned from `seed`; `done` is called after each (replication, run).

    Raises BadScenario if there is nothing to replicate.
    """
    chosen, days = tuple(runs or scenario.runs), days or scenario.days
    if replications < 1:
        raise BadScenario("replications: at least 1 is needed")
    if (expected := scenario.studies_per_week * (days / 7 + scenario.warm_up_days * 2 / 7)) > MOST_STUDIES:
        raise BadScenario(
            f"days: {expected:.0f} studies in one replication do not fit into memory; simulate fewer days, more often"
        )
    measured: dict[str, list[Measured]] = {run.name: [] for run in chosen}
    studies = 0
    for stream in np.random.SeedSequence(seed).spawn(replications):
        demand = draw_demand(scenario, days, np.random.default_rng(stream))
        for run in chosen:
            _, signed_min = read_all(scenario, demand, run)
            measured[run.name].append(measure(scenario, demand, signed_min))
            studies += signed_min.size
            done()
    return Experiment(
        scenario, seed, days, replications, studies, {name: pool(each) for name, each in measured.items()}
    )
