"""How well the labeller agrees with the hand-coded MeSH headings of the Indiana reports, how it compares with negspacy on negation, and how fast it is.

    pip download --no-deps torchxrayvision -d DIR
    python benchmarks/labeller.py --data DIR/torchxrayvision-*.whl
    python benchmarks/labeller.py --data ... --negspacy        needs pip install 'wetread[bench]'

Truth and what is left out: labeller_mesh.toml. The lexicon was developed on the half with an even hash; the other half is the measurement. Nothing of a report is printed.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from labeller_reports import Report, find_reports, mapping, read_reports
from numpy.typing import NDArray

from wetread.domain.finding import FindingName
from wetread.domain.report import Certainty
from wetread.domain.statement import Presence, Statement
from wetread.evaluation.proportions import wilson
from wetread.labelling.aggregation import report_labels
from wetread.labelling.labeller import RuleLabeller

ENOUGH = 30
LIMITS = (Certainty.QUESTIONABLE, Certainty.POSSIBLE, Certainty.PROBABLE, Certainty.CERTAIN)
_SURENESS = tuple(Certainty)
_RESAMPLES, _SEED = 1000, 7


@dataclass(frozen=True, slots=True)
class Labelled:
    report: Report
    statements: tuple[Statement, ...]
    labels: dict[FindingName, Statement]

    def sureness(self, name: FindingName) -> int:
        """0 where the report denies or does not mention, else how sure it is, 1 (questionable) to 4 (certain)."""
        label = self.labels.get(name)
        return 0 if label is None or label.presence is Presence.NEGATIVE else _SURENESS.index(label.certainty)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data",
        type=Path,
        help="the torchxrayvision wheel or its NLMCXR_reports.tgz; default: the installed package's",
    )
    parser.add_argument("--negspacy", action="store_true", help="compare negation with negspacy")
    args = parser.parse_args()
    reports, uncoded = read_reports(find_reports(args.data))
    labeller = RuleLabeller()
    labelled, seconds = _label(labeller, reports)
    development = [each for each in labelled if each.report.development]
    measured = [each for each in labelled if not each.report.development]
    print(
        f"{labeller.version}, {datetime.now(UTC):%Y-%m-%d}: {len(reports)} coded reports ({uncoded} not coded are left out)"
    )
    print(f"development half {len(development)}, measured half {len(measured)}")
    limits = {name: _best_limit(development, name) for name in mapping()}
    for title, half in (("measured half", measured), ("development half", development), ("all", labelled)):
        _print_agreement(title, half, labelled, limits)
    for title, half in (("measured half", measured), ("development half", development)):
        _print_sides(title, half)
    print(
        f"\nspeed: {len(reports) / seconds:.0f} reports per CPU second, one core, {sum(len(r.text) for r in reports) / len(reports):.0f} characters each"
    )
    if args.negspacy:
        from labeller_negation import print_negation

        print_negation({"measured half": measured, "development half": development})


def _label(labeller: RuleLabeller, reports: Sequence[Report]) -> tuple[list[Labelled], float]:
    start = time.process_time()
    found = [labeller.statements(report.text) for report in reports]
    seconds = time.process_time() - start
    return [Labelled(r, s, report_labels(s)) for r, s in zip(reports, found, strict=True)], seconds


def _counts(half: Sequence[Labelled], name: FindingName, limit: Certainty) -> NDArray[np.int64]:
    """(report, 3): true positive, false positive, false negative; zeros where the truth is open."""
    rows = np.zeros((len(half), 3), dtype=np.int64)
    for row, each in zip(rows, half, strict=True):
        truth = each.report.truth[name]
        said = each.sureness(name) >= _SURENESS.index(limit)
        if truth is not None:
            row[:] = (truth and said, not truth and said, truth and not said)
    return rows


def _f1(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    tp, fp, fn = np.moveaxis(counts, -1, 0)
    return 2 * tp / np.maximum(2 * tp + fp + fn, 1e-9)


def _best_limit(development: Sequence[Labelled], name: FindingName) -> Certainty:
    """From which certainty on a hedged label counts as present: coders coded hedges by finding, so the choice is per finding, on the development half (as Irvin 2019 chose for its "u")."""
    return max(LIMITS, key=lambda limit: float(_f1(_counts(development, name, limit).sum(axis=0))))


def _print_agreement(
    title: str, half: Sequence[Labelled], everyone: Sequence[Labelled], limits: dict[FindingName, Certainty]
) -> None:
    draws = np.random.default_rng(_SEED).multinomial(len(half), np.full(len(half), 1 / len(half)), _RESAMPLES)
    print(
        f"\n{title} ({len(half)} reports); findings with >= {ENOUGH} coded in all reports; 95 % intervals: Wilson, F1 by bootstrap over reports"
    )
    print(
        f"{'finding':<28}{'n':>4} {'open':>4}  {'hedges from':<13}{'precision':<22}{'recall':<22}{'F1':<22}certain only / all hedges"
    )
    scores, resampled, fixed = [], [], {limit: [] for limit in LIMITS}
    for name in sorted(mapping()):
        if sum(each.report.truth[name] is True for each in everyone) < ENOUGH:
            continue
        rows = _counts(half, name, limits[name])
        tp, fp, fn = (int(each) for each in rows.sum(axis=0))
        left_open = sum(each.report.truth[name] is None for each in half)
        again = _f1(draws @ rows)
        scores.append(float(_f1(rows.sum(axis=0))))
        resampled.append(again)
        for limit in LIMITS:
            fixed[limit].append(float(_f1(_counts(half, name, limit).sum(axis=0))))
        print(
            f"{name:<28}{tp + fn:>4} {left_open:>4}  {limits[name]:<13}{_rate(tp, tp + fp):<22}{_rate(tp, tp + fn):<22}"
            f"{_interval(scores[-1], again):<22}{fixed[Certainty.CERTAIN][-1]:.3f} / {fixed[Certainty.QUESTIONABLE][-1]:.3f}"
        )
    macro = _interval(float(np.mean(scores)), np.mean(resampled, axis=0))
    others = ", ".join(f"{limit} {np.mean(each):.3f}" for limit, each in fixed.items())
    print(f"macro-F1 over {len(scores)} findings: {macro}; with one limit for all: {others}")


def _print_sides(title: str, half: Sequence[Labelled]) -> None:
    """Among reports where both say the finding is there and MeSH gives a side."""
    print(
        f"\nside, {title}: finding, reports with a coded side that the labeller calls too; side given; agrees where given"
    )
    total = np.zeros(3, dtype=np.int64)
    for name in sorted(mapping()):
        both = [each for each in half if each.report.sides.get(name) and each.sureness(name)]
        given = [(each, _side(each, name)) for each in both]
        row = np.array(
            [
                len(both),
                sum(bool(side) for _, side in given),
                sum(side == each.report.sides[name] for each, side in given),
            ]
        )
        total += row
        if len(both) >= ENOUGH / 2:
            print(f"{name:<28}{row[0]:>4}  {_rate(row[1], row[0]):<22}{_rate(row[2], row[1])}")
    print(f"{'all findings':<28}{total[0]:>4}  {_rate(total[1], total[0]):<22}{_rate(total[2], total[1])}")


def _side(each: Labelled, name: FindingName) -> str:
    said = {s.laterality for s in each.statements if s.name is name and s.presence is not Presence.NEGATIVE} - {""}
    return "bilateral" if len(said) > 1 else next(iter(said), "")


def _rate(hits: float, n: float) -> str:
    if not n:
        return "none"
    low, high = wilson(float(hits), float(n))
    return f"{hits / n:.3f} [{low:.3f}, {high:.3f}]"


def _interval(value: float, resampled: NDArray[np.float64]) -> str:
    low, high = np.percentile(resampled, (2.5, 97.5))
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
