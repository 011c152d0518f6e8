"""Alarms from blinded truths: how often they ring when nothing changed, and what they notice that signed reports cannot show.

    python -m benchmarks.blind_alarms [--years 10] [--feeds 20] [--houses 200]

Own blind findings: a site of 30 studies a day and four findings; readers sign what the AI says, and said before what is so, but for one in twenty of the sick missed and one in fifty of the well called.
False alarms (episodes) a site-year over logs in which nothing changes, with the exact Poisson interval, looked at every night; then the share of sites that notice a change in one finding within 28 nights.
Verdicts: the simulated houses of `relabelling_coverage`, one round each, held against budgets that the model keeps exactly and against such as it passes by the gates' margin.
"""

import argparse
import statistics
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from quality_data import MADE_AT, Feed, rows_of

from benchmarks.relabelling_coverage import HOUSES, House, drawn_round
from wetread.domain.quality import BlindKey, QualityReference
from wetread.evaluation.proportions import poisson_interval, wilson
from wetread.monitoring.blind_truths import WholeRound, own_frozen_with, own_verdicts, pooled, round_verdicts
from wetread.monitoring.cells import QualityLimits
from wetread.monitoring.columns import CellColumns, cell_columns
from wetread.monitoring.prediction_log import PredictionRow

LIMITS = QualityLimits()
PER_DAY, FINDINGS = 30, 4
READER_MISSES, READER_CALLS = 0.05, 0.02
MARGINS = (0.10, 0.03)
CHANGES = {
    "a fifth of the sick missed besides": ("missed", 0.2),
    "a third": ("missed", 0.33),
    "half": ("missed", 0.5),
    "one in twenty of the well called besides": ("called", 0.05),
    "one in ten": ("called", 0.1),
    "one in five": ("called", 0.2),
}
Cells = dict[BlindKey, CellColumns]


def a_site(days: int, seed: int, share: float, change: tuple[str, float] | None = None) -> Cells:
    """`share` of studies are read blind; `change` befalls the first finding in the last 28 days."""
    rows: list[PredictionRow] = []
    random = np.random.default_rng(seed)
    for number in range(FINDINGS):
        missed = change[1] if change and change[0] == "missed" and not number else 0.0
        feed = Feed(finding=f"f{number}", days=days, per_day=PER_DAY, seed=1000 * seed + number, missed=missed)
        called = change[1] if change and change[0] == "called" and not number else 0.0
        rows += [_read(row, random, share, called) for row in rows_of(feed)]
    return pooled(cell_columns(rows))


def _read(row: PredictionRow, random: np.random.Generator, share: float, called: float) -> PredictionRow:
    sick = row.label == "positive"
    late = row.date >= (MADE_AT - timedelta(days=28)).date().isoformat()
    if late and not sick and random.random() < called:
        row = replace(row, probability=0.9)
    wrong = random.random() < (READER_MISSES if sick else READER_CALLS)
    own = ("positive" if sick != wrong else "negative") if random.random() < share else ""
    return replace(row, own_label=own, label="positive" if row.probability >= row.threshold else "not_mentioned")


def rings(cells: Cells, reference: QualityReference, back: int) -> set[tuple[str, str]]:
    """(finding, error) that ring `back` nights before `MADE_AT`."""
    made = MADE_AT - timedelta(days=back)
    since, until = ((made - timedelta(days=each)).date().isoformat() for each in (LIMITS.days, 0))
    known = {key: columns.since(since).before(until) for key, columns in cells.items()}
    found = own_verdicts(known, reference, LIMITS.reference_studies, since, 1.0, LIMITS.days)
    return {(each.key.finding, each.error) for each in found if (each.evidence or 0) >= (each.needed or np.inf)}


def own(years: int, feeds: int, share: float) -> None:
    lead = 46 if share == 1 else 120
    rung, seen = 0, 0
    for seed in range(years):
        cells = a_site(365 + lead, seed, share)
        reference = own_frozen_with(QualityReference(), cells, LIMITS.reference_studies)
        seen += len(reference.own)
        ringing: set[tuple[str, str]] = set()
        for back in range(364, -1, -1):
            now = rings(cells, reference, back)
            rung += len(now - ringing)
            ringing = now
    low, high = (each / years for each in poisson_interval(rung))
    print(
        f"own blind findings of {share:.0%} of studies: {rung / years:.2f} false alarms a site-year ({low:.2f} to {high:.2f}), n = {years} site-years, {seen} references",
        flush=True,
    )
    for said, change in CHANGES.items():
        nights: list[int | None] = []
        for seed in range(feeds):
            cells = a_site(74 + lead - 46, 500 + seed, share, change)
            reference = own_frozen_with(QualityReference(), cells, LIMITS.reference_studies)
            wanted = ("f0", "missed" if change[0] == "missed" else "false_alarm")
            nights.append(
                next((28 - back for back in range(27, -1, -1) if wanted in rings(cells, reference, back)), None)
            )
        known = [each for each in nights if each is not None]
        low, high = wilson(len(known), feeds)
        when = f"night {statistics.median(known):.0f}" if known else "never"
        print(f"  {said}: {len(known)} of {feeds} ({low:.2f} to {high:.2f}), {when}", flush=True)


def verdicts(house: House, houses: int) -> None:
    """Each round alone at its site; `of` findings judged share what it may spend."""
    key = BlindKey("one", "mass", "net")
    made = [drawn_round(house, seed) for seed in range(houses)]
    errors = 1 - house.sensitivity, 1 - house.specificity
    for place, error in enumerate(("missed", "false_alarm")):
        for said, budget in (("at the budget", errors[place]), ("worse by the margin", errors[place] - MARGINS[place])):
            if budget <= 0:
                continue
            budgets = {key: (budget, budget)}
            found = [
                round_verdicts([WholeRound(each.round, tuple(each.tasks), 91)], budgets, 1.0)[place] for each in made
            ]
            line = []
            for findings in (1, 14):
                rung = sum((each.evidence or 0) >= 40 * findings for each in found)
                low, high = wilson(rung, houses)
                line.append(f"{findings} finding(s) {rung / houses:.3f} ({low:.3f}-{high:.3f})")
            judged = sum(each.evidence is not None for each in found)
            print(
                f"{house.name:<28} {error:<12} {said:<20} rings: {', '.join(line)}; judged {judged} of {houses}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=10, help="simulated site-years")
    parser.add_argument("--feeds", type=int, default=20, help="sites for each change")
    parser.add_argument("--houses", type=int, default=200, help="relabelling rounds of each kind")
    parser.add_argument("--share", type=float, default=1.0, help="of studies read blind")
    args = parser.parse_args()
    if args.houses:
        for house in HOUSES:
            verdicts(house, args.houses)
    if args.years:
        own(args.years, args.feeds, args.share)


if __name__ == "__main__":
    main()
