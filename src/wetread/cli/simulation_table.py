"""A simulation as lines for a person: minutes with their interval, n beside them, what was published beside ours."""

from collections.abc import Iterator
from math import isfinite

import numpy as np

from wetread.simulation.cap_sweep import CapSweep
from wetread.simulation.experiment import Experiment
from wetread.simulation.history import HistoryFit
from wetread.simulation.turnaround import STATISTICS, Spread

__all__ = ["fit_lines", "published_lines", "sweep_lines", "turnaround_lines"]

CAUTION = (
    "Report turnaround only. In the LungIMPACT trial faster reports changed neither the time to CT nor to diagnosis."
)


def turnaround_lines(experiment: Experiment) -> Iterator[str]:
    """One block per rule, one line per group."""
    yield (
        f"turnaround in minutes, {experiment.replications} replications of {experiment.days} days, seed {experiment.seed}; "
        "mean with the 95 % interval of the mean; maximum of one period with the central 95 % of periods"
    )
    for run, groups in experiment.results.items():
        yield f"\n{run:<26} {'n':>9} {'mean (95 %)':>24} {'median':>8} {'p95':>8} {'maximum (95 % of periods)':>30}"
        for name, group in groups.items():
            s, longest = group.statistics, group.statistics["maximum"]
            span = f"{longest.mean:.0f} ({longest.one_low:.0f} to {longest.one_high:.0f})"
            yield (
                f"  {name.replace('_', ' '):<24} {group.n:>9} {_mean(s['mean']):>24} {s['median'].mean:>8.1f} {s['p95'].mean:>8.1f} "
                f"{span:>30}"
            )
    yield f"\n{CAUTION}"


def published_lines(experiment: Experiment) -> Iterator[str]:
    """Nothing where the scenario names no published figure."""
    if not experiment.scenario.published:
        return
    yield f"\n{'published beside ours':<40} {'published':>9} {'ours':>7} {'95 % of the mean':>18} {'95 % of periods':>18} {'off by':>7}  within"
    for figure in experiment.scenario.published:
        group = experiment.results[figure.run].get(figure.group)
        label = f"{figure.run}: {figure.group.replace('_', ' ')}, {figure.statistic}"
        if group is None:
            yield f"{label:<40} {figure.minutes:>9.1f} no such study was simulated"
            continue
        spread = group.statistics[figure.statistic]
        what = "fitted" if figure.fitted else f"{spread.mean / figure.minutes - 1:+.0%}"
        within = "yes" if spread.one_low <= figure.minutes <= spread.one_high else "no"
        yield (
            f"{label:<40} {figure.minutes:>9.1f} {spread.mean:>7.1f} {_interval_of_mean(spread):>18} "
            f"{f'{spread.one_low:.1f} to {spread.one_high:.1f}':>18} {what:>7}  {within}"
        )
    yield "within: the published figure lies in the central 95 % of our single periods, in which what is not known of the inputs varies as far as their intervals go."
    yield "fitted: an input was chosen so that this one matches; it proves nothing. The others are predictions."


def sweep_lines(sweep: CapSweep) -> Iterator[str]:
    """One line per cap between no rule at all and no cap, then the recommendation and its rule."""
    experiment = sweep.experiment
    yield f"means over {experiment.replications} replications of {experiment.days} days, minutes, seed {experiment.seed}"
    yield f"{'':<14} {'critical: mean':>15} {'gain kept':>10} {'urgent: mean':>13} {'gain kept':>10} {'any study: longest':>19}"
    kept = {f"cap {point.cap_min:g}": (point.critical_kept, point.urgent_kept) for point in sweep.points}
    for run in ("fifo", *kept, "no cap"):
        groups = experiment.results[run]
        urgent = f"{groups['urgent'].statistics['mean'].mean:.1f}" if "urgent" in groups else "-"
        shares = ["-" if share is None else f"{share:.0%}" for share in kept.get(run, (None, None))]
        yield (
            f"{run:<14} {groups['critical'].statistics['mean'].mean:>15.1f} {shares[0]:>10} {urgent:>13} {shares[1]:>10} "
            f"{groups['all'].statistics['maximum'].mean:>19.0f}"
        )
    cap_min = sweep.recommended_min
    chosen = "none" if cap_min is None else f"a cap of {cap_min:g} minutes ({cap_min / 60:.1f} h)"
    yield f"\nrecommended: {chosen}: {sweep.reason}"
    yield CAUTION


def fit_lines(fit: HistoryFit, check: Experiment | None) -> Iterator[str]:
    """What was fitted, what was not, and whether the fitted room behaves like the real one."""
    yield "fitted from the history:"
    yield from (f"  {fact}" for fact in fit.fitted)
    yield "not fitted:"
    yield from (f"  {gap}" for gap in fit.not_fitted)
    if check is None:
        return
    seen = {
        "mean": float(fit.observed_min.mean()),
        "median": float(np.quantile(fit.observed_min, 0.5)),
        "p95": float(np.quantile(fit.observed_min, 0.95)),
        "maximum": float(fit.observed_min.max()),
    }
    simulated = check.results["fifo"]["all"].statistics
    yield (
        "does the fitted room, first in first out, behave like yours? (only the mean has to agree where you read in another order) minutes: "
        + "; ".join(f"{name} {seen[name]:.0f} seen, {simulated[name].mean:.0f} simulated" for name in STATISTICS)
    )
    if abs(simulated["mean"].mean / max(seen["mean"], 1e-9) - 1) > 0.25:
        yield "NOT WELL: the simulated mean is more than a quarter off. Look at shifts, backlogs and studies that were never meant to be read."


def _mean(spread: Spread) -> str:
    return f"{spread.mean:.1f} ({_interval_of_mean(spread)})"


def _interval_of_mean(spread: Spread) -> str:
    return f"{spread.mean_low:.1f} to {spread.mean_high:.1f}" if isfinite(spread.mean_low) else "no interval"
