"""The silence watch: how often it cries wolf, and how soon it notices.

    python benchmarks/silence_watch.py [--years 20] [--per-year 1]

False alarms per source-year with the exact Poisson interval, over traffic in which nothing ever fails; and the time from a broken feed to the alarm (median over `--feeds` feeds).
"""

import argparse
import statistics
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from arrival_data import Traffic, false_alarms, noticed_after

from wetread.evaluation.proportions import poisson_interval

VOLUMES = (20, 70, 300, 1200)
KINDS = {
    "Poisson": Traffic(0),
    "days +-30 %": Traffic(0, day_spread=0.3),
    "batches of 3": Traffic(0, batch=3.0),
    "days +-30 %, batches of 2, 11 holidays a year at a quarter": Traffic(0, day_spread=0.3, batch=2.0, holidays=11),
}
BREAKS = {
    "Tuesday 10:00": datetime(2026, 3, 3, 9, tzinfo=UTC),
    "Tuesday 02:00": datetime(2026, 3, 3, 1, tzinfo=UTC),
    "Saturday 14:00": datetime(2026, 3, 7, 13, tzinfo=UTC),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=20, help="simulated years for each line")
    parser.add_argument("--per-year", type=float, default=0.5, help="false alarms aimed at, per source and year")
    parser.add_argument("--feeds", type=int, default=15, help="broken feeds for each median")
    args = parser.parse_args()
    aim = args.per_year / 52
    print(f"false alarms per source-year (aimed at: at most {args.per_year}), 95 % interval, n source-years")
    for name, kind in KINDS.items():
        for volume in VOLUMES:
            runs = [false_alarms(replace(kind, per_week=volume), 52, seed, a_week=aim) for seed in range(args.years)]
            count, years = sum(run.count for run in runs), sum(run.weeks for run in runs) / 52
            low, high = (each / years for each in poisson_interval(count))
            gaps = sum(run.gaps for run in runs)
            print(
                f"  {name}, {volume}/week: {count / years:.2f} ({low:.2f} to {high:.2f}), n = {years:.0f}, {gaps} gaps"
            )
    print(f"from a broken feed to the alarm, median of {args.feeds} feeds (Poisson)")
    for volume in VOLUMES:
        for name, at in BREAKS.items():
            waits = [noticed_after(Traffic(volume), at, seed, a_week=aim) for seed in range(args.feeds)]
            known = [each.total_seconds() / 3600 for each in waits if each is not None]
            said = f"{statistics.median(known):.1f} h" if len(known) == len(waits) else "not within two weeks"
            print(f"  {volume}/week, broken {name}: {said}")


if __name__ == "__main__":
    main()
