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
TICKS_MIN = {
    1: "1 min",
    5: "5 min",
    15: "15 min",
    60: "1 h",
    240: "4 h",
    720: "12 h",
    1440: "1 d",
    4320: "3 d",
    10080: "7 d",
    43200: "30 d",
}


def plot_turnaround(experiment: Experiment, path: Path) -> None:
    """Left: the share of critical studies still unreported after a time. Right: the longest wait of each group. One colour per rule."""
    figure, (left, right) = _canvas(experiment, "How long a report takes")
    groups = _shown_groups(experiment)
    subject = "critical" if "critical" in groups else "all"
    for place, (name, groups_of_run) in enumerate(experiment.results.items()):
        histogram = groups_of_run[subject].histogram
        unread = 1 - np.concatenate([[0], np.cumsum(histogram)]) / histogram.sum()
        left.plot(
            HISTOGRAM_EDGES_MIN[1:],
            np.maximum(unread[1:], 1e-9),
            label=name,
            color=COLOURS[place % len(COLOURS)],
            linestyle=DASHES[place % len(DASHES)],
        )
        _longest(
            right,
            [groups_of_run[group].statistics["maximum"] if group in groups_of_run else None for group in groups],
            place,
            name,
        )
    left.set(yscale="log", ylabel=f"share of {subject} studies still unreported", xlabel="time since received")
    left.set_ylim(max(0.5 / experiment.results[next(iter(experiment.results))][subject].n, 1e-6), 1.1)
    right.set_yticks(range(len(groups)), [group.replace("_", " ") for group in groups])
    right.invert_yaxis()
    right.set(xlabel="longest turnaround in one simulated period (dot: mean; line: central 95 % of periods)")
    for axes in (left, right):
        _time_axis(axes)
        axes.legend(frameon=False, fontsize=8, loc="lower left" if axes is left else "best")
    _save(figure, path)


def plot_caps(sweep: CapSweep, path: Path) -> None:
    """Left: mean turnaround against the cap. Right: the longest turnaround of any study. Dashed: no cap; dotted: first in, first out."""
    figure, (left, right) = _canvas(sweep.experiment, "What a waiting-time cap costs and buys")
    caps = [point.cap_min for point in sweep.points]
    left.plot(caps, [point.critical_mean_min for point in sweep.points], "o-", color=COLOURS[1], label="critical")
    right.plot(caps, [point.worst_min for point in sweep.points], "o-", color=COLOURS[2], label="any study")
    _levels(left, sweep, "critical", "mean", COLOURS[1])
    _levels(right, sweep, "all", "maximum", COLOURS[2])
    urgent = [point.urgent_mean_min for point in sweep.points if point.urgent_mean_min is not None]
    if len(urgent) == len(caps):
        left.plot(
            caps,
            urgent,
            "s-",
            color=COLOURS[3],
            label="urgent, not critical",
        )
        _levels(left, sweep, "urgent", "mean", COLOURS[3])
    left.set(ylabel="mean turnaround, minutes", xlabel="cap")
    right.set(ylabel="longest turnaround in one simulated period, minutes", xlabel="cap")
    for axes in (left, right):
        if sweep.recommended_min is not None:
            axes.axvline(sweep.recommended_min, color="black", linewidth=0.8, alpha=0.6)
            axes.annotate(
                "recommended",
                (sweep.recommended_min, 0.02),
                xycoords=("data", "axes fraction"),
                rotation=90,
                fontsize=8,
                ha="right",
            )
        _time_axis(axes)
        axes.set_xticks(caps, [f"{cap / 60:g} h" for cap in caps])
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, fontsize=8)
    _save(figure, path)


def _canvas(experiment: Experiment, title: str) -> "tuple[Figure, tuple[Axes, Axes]]":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(
        f"{title}: {experiment.scenario.name}, {experiment.replications} × {experiment.days} simulated days, seed {experiment.seed}",
        fontsize=11,
    )
    left, right = figure.subplots(1, 2)
    return figure, (left, right)


def _shown_groups(experiment: Experiment) -> list[str]:
    """Every group of the first run but the pools that the findings repeat."""
    return [group for group in next(iter(experiment.results.values())) if group != "urgent"]


def _longest(axes: "Axes", spreads: list, place: int, name: str) -> None:  # type: ignore[type-arg]
    rows = [(row, each) for row, each in enumerate(spreads) if each is not None]
    height = [row + (place - 1) * 0.22 for row, _ in rows]
    axes.hlines(
        height,
        [each.one_low for _, each in rows],
        [each.one_high for _, each in rows],
        color=COLOURS[place % len(COLOURS)],
        linewidth=1.5,
    )
    axes.plot(
        [each.mean for _, each in rows], height, "o", color=COLOURS[place % len(COLOURS)], markersize=4, label=name
    )


def _levels(axes: "Axes", sweep: CapSweep, group: str, statistic: str, colour: str) -> None:
    for run, dash in (("no cap", "--"), ("fifo", ":")):
        if group in sweep.experiment.results[run]:
            axes.axhline(
                sweep.experiment.results[run][group].statistics[statistic].mean,
                color=colour,
                linestyle=dash,
                linewidth=1,
            )


def _time_axis(axes: "Axes") -> None:
    low, high = axes.get_xlim()
    axes.set_xscale("log")
    ticks = [tick for tick in TICKS_MIN if max(low, 1) <= tick <= high * 1.2]
    axes.set_xticks(ticks, [TICKS_MIN[tick] for tick in ticks])
    axes.minorticks_off()
    axes.grid(alpha=0.25)


def _save(figure: "Figure", path: Path) -> None:
    figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else {"Software": None})
