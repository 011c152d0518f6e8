"""The simulator's pictures (PNG or SVG by the file's ending): who waits how long under each rule, and what a cap costs."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wetread.simulation.cap_sweep import CapSweep
from wetread.simulation.experiment import Experiment
from wetread.simulation.turnaround import HISTOGRAM_EDGES_MIN

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_caps", "plot_turnaround"]

COLOURS = ("#6b7280", "#c2410c", "#0369a1", "#15803d", "#7e22ce", "#a16207")
DASHES = ("-", "--", "-.", ":")
FEW_TICKS_MIN = {1: "1 min", 10: "10 min", 60: "1 h", 240: "4 h", 1440: "1 d", 10080: "7 d", 43200: "30 d"}
MANY_TICKS_MIN = FEW_TICKS_MIN | {
    20: "20 min",
    30: "30 min",
    120: "2 h",
    480: "8 h",
    960: "16 h",
    2880: "2 d",
    5760: "4 d",
    20160: "14 d",
}


def plot_turnaround(experiment: Experiment, path: Path) -> None:
    """Left: the share of critical studies still unreported after a time. Right: the longest turnaround of each group. One colour per rule."""
    figure, (left, right) = _canvas(experiment, "How long a report takes")
    subject = "critical" if all("critical" in groups for groups in experiment.results.values()) else "all"
    groups = _shown_groups(experiment)
    for place, run in enumerate(experiment.results):
        _unreported(left, experiment, run, subject, place)
        _longest(right, experiment, run, groups, place)
    left.set(yscale="log", ylabel=f"share of {subject} studies still unreported", xlabel="time since received")
    right.set_yticks(range(len(groups)), [group.replace("_", " ") for group in groups])
    right.invert_yaxis()
    right.set(xlabel="longest turnaround in one period (dot: mean; line: 95 % of periods)")
    for axes in (left, right):
        low, high = axes.get_xlim()
        ticks = FEW_TICKS_MIN if high / low > 200 else MANY_TICKS_MIN
        _time_axis(axes, {tick: name for tick, name in ticks.items() if low <= tick <= high})
    left.legend(frameon=False, fontsize=8, loc="lower left")
    _save(figure, path)


def plot_caps(sweep: CapSweep, path: Path) -> None:
    """Left: mean turnaround against the cap. Right: the longest turnaround of any study. Dashed: no cap; dotted: first in, first out."""
    figure, (left, right) = _canvas(sweep.experiment, "What a waiting-time cap costs and buys")
    _against_cap(left, sweep, "critical", "mean", 1)
    if "urgent" in sweep.experiment.results["fifo"]:
        _against_cap(left, sweep, "urgent", "mean", 3)
    _against_cap(right, sweep, "all", "maximum", 2)
    left.set(ylabel="mean turnaround, minutes", xlabel="cap")
    right.set(ylabel="longest turnaround in one period, minutes", xlabel="cap")
    for axes in (left, right):
        axes.plot([], [], color="black", linestyle="--", linewidth=1, label="no cap")
        axes.plot([], [], color="black", linestyle=":", linewidth=1, label="first in, first out")
        if sweep.recommended_min is not None:
            axes.axvline(sweep.recommended_min, color="black", linewidth=4, alpha=0.15, label="recommended cap")
        _time_axis(axes, {point.cap_min: f"{point.cap_min / 60:g}" for point in sweep.points})
        axes.set(xlabel="cap, hours", ylim=(0, axes.get_ylim()[1]))
        axes.legend(frameon=False, fontsize=8)
    _save(figure, path)


def _canvas(experiment: Experiment, title: str) -> "tuple[Figure, tuple[Axes, Axes]]":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    size = f"{experiment.replications} × {experiment.days} simulated days, seed {experiment.seed}"
    figure.suptitle(f"{title}: {experiment.scenario.name}, {size}", fontsize=11)
    left, right = figure.subplots(1, 2, subplot_kw={"xscale": "log"})
    return figure, (left, right)


def _shown_groups(experiment: Experiment) -> list[str]:
    """Every group but the pools that single findings repeat."""
    one_critical = sum(finding.critical for finding in experiment.scenario.findings) == 1
    pools = {"urgent", "critical"} if one_critical else {"urgent"}
    return [group for group in next(iter(experiment.results.values())) if group not in pools]


def _unreported(axes: "Axes", experiment: Experiment, run: str, subject: str, place: int) -> None:
    group = experiment.results[run][subject]
    unread = 1 - np.cumsum(group.histogram) / group.n
    some = np.concatenate([[True], unread[:-1] > 0])
    colour, dash = COLOURS[place % len(COLOURS)], DASHES[place % len(DASHES)]
    unread = np.maximum(unread, 0.3 / group.n)
    axes.plot(HISTOGRAM_EDGES_MIN[1:][some], unread[some], label=run, color=colour, linestyle=dash)


def _longest(axes: "Axes", experiment: Experiment, run: str, groups: list[str], place: int) -> None:
    here = {row: experiment.results[run][group] for row, group in enumerate(groups) if group in experiment.results[run]}
    spreads = [group.statistics["maximum"] for group in here.values()]
    height = [row + (place - (len(experiment.results) - 1) / 2) * 0.22 for row in here]
    colour = COLOURS[place % len(COLOURS)]
    axes.hlines(height, [each.one_low for each in spreads], [each.one_high for each in spreads], color=colour)
    axes.plot([each.mean for each in spreads], height, "o", color=colour, markersize=4)


def _against_cap(axes: "Axes", sweep: CapSweep, group: str, statistic: str, colour: int) -> None:
    results = sweep.experiment.results
    levels = {run: groups[group].statistics[statistic].mean for run, groups in results.items() if group in groups}
    caps = [point.cap_min for point in sweep.points]
    label = {"all": "any study", "urgent": "urgent, not critical"}.get(group, group)
    axes.plot(caps, [levels[f"cap {cap:g}"] for cap in caps], "o-", color=COLOURS[colour], markersize=4, label=label)
    axes.axhline(levels["no cap"], color=COLOURS[colour], linestyle="--", linewidth=1)
    axes.axhline(levels["fifo"], color=COLOURS[colour], linestyle=":", linewidth=1)


def _time_axis(axes: "Axes", ticks: dict[float, str] | dict[int, str]) -> None:
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.minorticks_off()
    axes.grid(alpha=0.25)


def _save(figure: "Figure", path: Path) -> None:
    figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else {"Software": None})
