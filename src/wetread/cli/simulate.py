"""`wetread simulate queue`: who waits how long for a report under which reading order, before anybody waits for real."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wetread.domain.errors import PermanentError
from wetread.simulation.scenario import Rule, Run, Scenario
from wetread.simulation.scenario_file import SHIPPED, load_scenario, scenario_text

__all__ = ["run"]

CAPS_MIN = (60.0, 120.0, 240.0, 360.0, 480.0, 720.0, 960.0, 1440.0)
MOST_REPLICATIONS = 10_000


def run(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    if args.example:
        print(SHIPPED["example"].read_text("utf-8"), end="")
        return 0
    _refuse(args)
    scenario = _scenario(args)
    if args.dry_run:
        print("\n".join([*_stated(scenario), "dry run: the scenario is sound, nothing was simulated"]))
        return 0
    try:
        return _sweep(args, scenario) if args.sweep_caps is not None else _compare(args, scenario)
    except ModuleNotFoundError as error:
        if error.name not in ("simpy", "matplotlib"):
            raise
        raise PermanentError(
            f"`wetread simulate` needs {error.name}: pip install 'wetread[simulation]'", code="no_simulation"
        ) from error


def _refuse(args: argparse.Namespace) -> None:
    """What would be ignored, or would fail only after the simulation."""
    if args.plot and args.plot.suffix not in (".png", ".svg"):
        raise PermanentError("--plot: the file must end in .png or .svg", code="bad_plot")
    for path in (args.plot, args.json, args.write_scenario):
        if path and not path.absolute().parent.is_dir():
            raise PermanentError(f"the folder of {path.name} does not exist", code="no_folder")
    if args.write_scenario and not args.history:
        raise PermanentError("--write-scenario needs --history", code="bad_rule")
    if args.rule and args.sweep_caps is not None:
        raise PermanentError("--sweep-caps takes its rule from the scenario; leave --rule out", code="bad_rule")
    capped = args.rule in (Rule.CAP, Rule.CAP_ABOVE_ALL)
    if args.cap is not None and not capped:
        raise PermanentError("--cap belongs to --rule cap or cap_above_all", code="bad_rule")
    if args.age_step is not None and not capped and args.rule != Rule.AGEING:
        raise PermanentError("--age-step belongs to --rule ageing, cap or cap_above_all", code="bad_rule")
    if args.cap is None and capped:
        raise PermanentError(f"--rule {args.rule} needs --cap MINUTES", code="bad_rule")
    if args.age_step is None and args.rule == Rule.AGEING:
        raise PermanentError("--rule ageing needs --age-step MINUTES", code="bad_rule")


def _compare(args: argparse.Namespace, scenario: Scenario) -> int:
    from wetread.cli.simulation_table import published_lines, turnaround_lines
    from wetread.simulation.experiment import simulate
    from wetread.simulation.report import experiment_document

    print("\n".join([*_stated(scenario), ""]), flush=True)
    with _progress(len(scenario.runs) * args.replications) as done:
        experiment = simulate(scenario, seed=args.seed, replications=args.replications, done=done)
    print("\n".join([*turnaround_lines(experiment), *published_lines(experiment)]))
    if args.plot:
        from wetread.simulation.plots import plot_turnaround

        plot_turnaround(experiment, args.plot)
    _write_json(args.json, experiment_document(experiment))
    return 0


def _sweep(args: argparse.Namespace, scenario: Scenario) -> int:
    from wetread.cli.simulation_table import sweep_lines
    from wetread.simulation.cap_sweep import sweep_caps
    from wetread.simulation.report import sweep_document

    caps = args.sweep_caps or CAPS_MIN
    print("\n".join([*_stated(scenario), ""]), flush=True)
    with _progress((len(set(caps)) + 2) * args.replications) as done:
        sweep = sweep_caps(
            scenario, caps, margin=args.margin, seed=args.seed, replications=args.replications, done=done
        )
    print("\n".join(sweep_lines(sweep)))
    if args.plot:
        from wetread.simulation.plots import plot_caps

        plot_caps(sweep, args.plot)
    _write_json(args.json, sweep_document(sweep))
    return 0


def _scenario(args: argparse.Namespace) -> Scenario:
    scenario = load_scenario(args.scenario)
    if args.history:
        scenario = _fitted(args, scenario)
    if args.days:
        scenario = replace(scenario, days=args.days)
    if args.rule:
        chosen = Run(args.rule, Rule(args.rule), args.cap, args.age_step)
        scenario = replace(
            scenario, runs=(Run("fifo", Rule.FIFO), chosen) if args.rule != Rule.FIFO else (chosen,), published=()
        )
    return scenario


def _fitted(args: argparse.Namespace, base: Scenario) -> Scenario:
    from wetread.cli.simulation_table import fit_lines
    from wetread.simulation.experiment import simulate
    from wetread.simulation.history import fit_history, read_history

    zone = _zone(args.timezone)
    fit = fit_history(read_history(args.history, zone), base, zone)
    check = (
        None if args.dry_run else simulate(fit.scenario, seed=args.seed, replications=5, runs=[Run("fifo", Rule.FIFO)])
    )
    print("\n".join([*fit_lines(fit, check), ""]))
    if args.write_scenario:
        args.write_scenario.write_text(scenario_text(fit.scenario), "utf-8")
        print(f"wrote {args.write_scenario}\n")
    return fit.scenario


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise PermanentError(
            "--timezone: not a known zone; give a name such as Europe/Berlin", code="bad_timezone"
        ) from error


def _stated(scenario: Scenario) -> Iterator[str]:
    yield f"{scenario.name}: {scenario.note}" if scenario.note else scenario.name
    yield (
        f"{scenario.studies_per_week:.0f} studies a week, readers {scenario.load:.0%} busy, {len(scenario.findings)} findings, "
        f"{scenario.days} days a replication (and {scenario.warm_up_days} before and after, not counted)"
    )


@contextmanager
def _progress(steps: int) -> Iterator[Callable[[], None]]:
    """A bar on standard error, drawn only where a person watches."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("simulating", total=steps)
        yield lambda: bar.advance(task)


def _write_json(path: Path | None, document: dict[str, object]) -> None:
    if path:
        path.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", "utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wetread simulate",
        description="Simulate a reading room: studies arrive by hour and weekday, a model calls findings and errs, people read in shifts. "
        "Prints how long a report takes, by finding, under each reading order. A simulation, not evidence of benefit to a patient.",
        epilog="exit status: 0 simulated; 1 the scenario or the history was refused (the entry is named); 2 wrong use. docs/simulate-a-queue.md says more",
    )
    parser.add_argument("what", choices=["queue"], help="what to simulate: the reading worklist")
    parser.add_argument(
        "--scenario",
        default="example",
        metavar="FILE",
        help=f"TOML file, or a shipped one: {', '.join(SHIPPED)} (default: %(default)s)",
    )
    parser.add_argument("--example", action="store_true", help="print the example scenario, to be changed, and stop")
    parser.add_argument("--dry-run", action="store_true", help="check the scenario (and the history), simulate nothing")
    _add_size(parser)
    rule = parser.add_argument_group("one rule instead of the scenario's runs (beside fifo)")
    rule.add_argument("--rule", choices=[each.value for each in Rule], help="who is read next")
    rule.add_argument(
        "--cap", type=_minutes, metavar="MIN", help="waiting-time cap, minutes (rules cap, cap_above_all)"
    )
    rule.add_argument(
        "--age-step",
        type=_minutes,
        metavar="MIN",
        help="minutes of waiting that count as one urgency more (rule ageing; cap if wanted)",
    )
    sweep = parser.add_argument_group("which cap?")
    sweep.add_argument(
        "--sweep-caps",
        type=_minutes,
        nargs="*",
        metavar="MIN",
        help=f"try these caps and recommend one (default: {' '.join(f'{c:g}' for c in CAPS_MIN)})",
    )
    sweep.add_argument(
        "--margin",
        type=_share,
        default=0.1,
        metavar="SHARE",
        help="how much longer than first in, first out the longest wait may become under the recommended cap (default: %(default)s)",
    )
    history = parser.add_argument_group("your own past")
    history.add_argument(
        "--history",
        type=Path,
        metavar="CSV",
        help="fit arrivals, reading speed and prevalence: received_at, signed_at, findings (;), priority",
    )
    history.add_argument(
        "--timezone",
        default="UTC",
        metavar="ZONE",
        help="the site's zone, for hours and for times without an offset (default: %(default)s)",
    )
    history.add_argument("--write-scenario", type=Path, metavar="FILE", help="write the fitted scenario")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it (.png or .svg)")
    return parser


def _add_size(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--days", type=_count(3650), metavar="N", help="counted days of a replication (default: the scenario's)"
    )
    parser.add_argument(
        "--replications",
        type=_count(MOST_REPLICATIONS),
        default=20,
        metavar="N",
        help="independent repetitions (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=1, help="same seed, same numbers (default: %(default)s)")


def _count(most: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {most}")
        return int(text)

    return whole


def _minutes(text: str) -> float:
    return _bounded(text, 0, 525_600)


def _share(text: str) -> float:
    return _bounded(text, 0, 1)


def _bounded(text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"must be a number from {low:g} to {high:g}")
    return value
