"""What was simulated, as JSON-ready documents: every statistic with its n, its interval and what it means."""

from math import isfinite

from wetread.simulation.cap_sweep import CapSweep
from wetread.simulation.experiment import Experiment
from wetread.simulation.scenario_file import scenario_text
from wetread.simulation.turnaround import HISTOGRAM_EDGES_MIN, GroupResult, Spread

__all__ = ["experiment_document", "sweep_document"]

MEANING = {
    "turnaround": "minutes from received to signed",
    "mean": "mean over replications of the statistic of one replication",
    "mean_95": "95 % interval of that mean: how well it is known",
    "one_replication_95": "central 95 % of single replications: what one period of this length may look like",
    "largest": "the largest of all replications",
    "X missed": "finding X is present and the model's calls gave the study no critical place",
}


def experiment_document(experiment: Experiment) -> dict[str, object]:
    return {
        "scenario": experiment.scenario.name,
        "scenario_toml": scenario_text(experiment.scenario),
        "seed": experiment.seed,
        "days": experiment.days,
        "replications": experiment.replications,
        "meaning": MEANING,
        "histogram_edges_min": HISTOGRAM_EDGES_MIN.tolist(),
        "runs": {
            run: {name: _group(group) for name, group in groups.items()} for run, groups in experiment.results.items()
        },
    }


def sweep_document(sweep: CapSweep) -> dict[str, object]:
    return {
        "recommended_min": sweep.recommended_min,
        "reason": sweep.reason,
        "caps": [
            {
                "cap_min": point.cap_min,
                "critical_mean_min": point.critical_mean_min,
                "urgent_mean_min": point.urgent_mean_min,
                "worst_min": point.worst_min,
                "worst_over_fifo": point.worst_over_fifo,
                "critical_kept": point.critical_kept,
                "urgent_kept": point.urgent_kept,
            }
            for point in sweep.points
        ],
        **experiment_document(sweep.experiment),
    }


def _group(group: GroupResult) -> dict[str, object]:
    return {
        "n": group.n,
        "replications": group.replications,
        "turnaround_min": {name: _spread(spread) for name, spread in group.statistics.items()},
        "histogram": group.histogram.tolist(),
    }


def _spread(spread: Spread) -> dict[str, object]:
    return {
        "mean": spread.mean,
        "mean_95": [spread.mean_low, spread.mean_high] if isfinite(spread.mean_low) else None,
        "one_replication_95": [spread.one_low, spread.one_high],
        "largest": spread.largest,
    }
