"""How often each 95 % interval of what is measured on probabilities, partial truth, reports and scans holds the truth, where that is known because it was chosen; `interval_coverage` has the others.

    python -m benchmarks.measure_coverage [--trials 2000] [--only WORD] [--seed 2027]

Mean distance from calibration: the truth is the distance from the curve that Cleveland's smoothing (statsmodels) makes of the true shares. Bar: within 2 points of 95 % from 20 positives on;
"over" marks those that hold the truth more often by more than that (safe, but wide), "UNDER" those that hold it less often. The share's own error at 2,000 trials is 0.5 points.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.stats import norm
from statsmodels.nonparametric.smoothers_lowess import lowess

from benchmarks.interval_coverage import told
from wetread.evaluation.calibration_curve import calibration_distances, reliability_bins
from wetread.evaluation.detection import LUNA16_RATES, Mark, froc
from wetread.evaluation.resample import bootstrap_weights, percentile_interval, score_table
from wetread.evaluation.verification import begg_greenes, inverse_probability_accuracy
from wetread.scorecard.report_file import ReportPairs, finding_f1

Array = NDArray[np.float64]
Held = dict[str, bool]
_SOME = 3
_SURE = 1e-6
"""Less than a share that two smoothers may differ by."""


@dataclass(frozen=True, slots=True)
class Setting:
    """`draw` makes one data set and says of each interval whether it held its truth; one that is refused is left out."""

    name: str
    draw: Callable[[Generator], Held]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--only", default="", help="settings whose name holds this word")
    parser.add_argument("--seed", type=int, default=2027)
    args = parser.parse_args(sys.argv[1:])
    for number, each in enumerate(settings()):
        if args.only not in each.name:
            continue
        held: dict[str, list[bool]] = {}
        for trial in range(args.trials):
            print(f"\r{trial}/{args.trials} {each.name[:70]:70}", end="", file=sys.stderr, flush=True)
            for name, inside in each.draw(np.random.default_rng([args.seed, number, trial])).items():
                held.setdefault(name, []).append(inside)
        for name, of in held.items():
            print(f"\r{each.name}, {name:12} {told(sum(of), len(of))}", flush=True)


def settings() -> Iterator[Setting]:
    yield from distances()
    yield from bars()
    yield from means()
    yield from verification()
    yield from reports()
    yield from scans()


def stated_and_true(random: Generator, n: int, line: tuple[float, float], bent: float = 0.0, centre: float = -1.5, spread: float = 1.5) -> tuple[Array, ...]:  # fmt: skip
    """Truth, stated probability, true one: its logit is a line of the stated one's, or a parabola."""
    logits = random.normal(centre, spread, n)
    true = 1 / (1 + np.exp(-(line[0] * logits + line[1] + bent * (logits - centre) ** 2)))
    return (random.random(n) < true).astype(float), 1 / (1 + np.exp(-logits)), true


def distances() -> Iterator[Setting]:
    for slope, intercept in ((0.6, -0.3), (0.8, -0.3), (1.0, 0.0), (1.25, 0.0)):
        name = f"distance, slope {slope}, 400 films, about 100 positive"
        yield Setting(name, partial(distance, n=400, line=(slope, intercept)))
    yield Setting("distance, bent, 400 films, about 110 positive", partial(distance, n=400, line=(1.0, 0.0), bent=0.1))
    for slope, positives in ((0.6, 62), (1.0, 28)):
        name = f"distance, rare, slope {slope}, 400 films, about {positives} positive"
        yield Setting(name, partial(distance, n=400, line=(slope, 0.0), centre=-3.0, spread=1.0))
    yield Setting("distance, slope 0.8, 900 films, about 200 positive", partial(distance, n=900, line=(0.8, -0.3)))


def distance(
    random: Generator, n: int, line: tuple[float, float], bent: float = 0.0, centre: float = -1.5, spread: float = 1.5
) -> Held:
    truth, stated, true = stated_and_true(random, n, line, bent, centre, spread)
    if min(truth.sum(), n - truth.sum()) < 20:
        return {}
    found = calibration_distances(truth, stated, replicates=200, seed=int(random.integers(1 << 31)))
    gaps = np.abs(np.clip(lowess(true, stated, frac=2 / 3, it=0, delta=0.0)[:, 1], 0, 1) - np.sort(stated))
    return {"mean": within(found.mean, float(gaps.mean()))}


def within(found: object, real: float) -> bool:
    low, high = found.low, found.high  # type: ignore[attr-defined]
    return bool(low - _SURE <= real <= high + _SURE)


def bars() -> Iterator[Setting]:
    for n in (200, 400, 1000):
        for centre in (-1.5, -3.0):
            share = 25 if centre > -2 else 7
            yield Setting(f"bar of a bin, {n} films, {share} % positive", partial(bar, n=n, centre=centre))


def bar(random: Generator, n: int, centre: float) -> Held:
    truth, stated, _ = stated_and_true(random, n, (1.0, 0.0), 0.0, centre)
    bins = reliability_bins(truth, stated)
    at = random.integers(len(bins.cases))
    inside = bool(bins.bar_low[at] - 1e-9 <= bins.observed[at] <= bins.bar_high[at] + 1e-9)
    return {} if np.isnan(bins.bar_low[at]) else {"drawn": inside}


def means() -> Iterator[Setting]:
    for n, centre, positives in ((100, -1.5, 25), (200, -3.0, 19), (250, -1.5, 64), (800, -1.5, 200)):
        yield Setting(f"Brier and mean probability, {n} films, about {positives} positive", partial(mean, n=n, centre=centre))  # fmt: skip
    yield Setting("Brier and mean probability, 100 patients of 3 films, about 77 positive", partial(mean, n=100, centre=-1.5, each=3))  # fmt: skip


def mean(random: Generator, n: int, centre: float, each: int = 1) -> Held:
    """Films of one patient share most of their logit."""
    own = np.repeat(random.normal(size=n), each) * np.sqrt(0.7) + random.normal(size=n * each) * np.sqrt(0.3)
    stated = 1 / (1 + np.exp(-(centre + 1.5 * own)))
    truth = (random.random(n * each) < stated).astype(float)
    if not 0 < truth.sum() < len(truth):
        return {}
    patients = np.repeat(np.arange(n), each)
    table = score_table(truth, stated, patients)
    weights = bootstrap_weights(n, 1000, int(random.integers(1 << 31)))
    nodes, share = np.polynomial.hermite_e.hermegauss(120)
    probability = 1 / (1 + np.exp(-(centre + 1.5 * nodes)))
    share /= share.sum()
    low, high = percentile_interval(table.brier(weights))
    least, most = percentile_interval((weights @ np.bincount(patients, stated)) / (n * each))
    brier, average = float(share @ (probability * (1 - probability))), float(share @ probability)
    return {"Brier": low <= brier <= high, "mean": least <= average <= most}


def verification() -> Iterator[Setting]:
    for n, prevalence, sick in ((500, 0.05, 25), (1000, 0.05, 50), (4000, 0.05, 200), (400, 0.25, 100)):
        for sensitivity, specificity in ((0.8, 0.93), (0.95, 0.98)):
            for chance in (0.1, 0.5):
                name = f"partial truth, {n} studies, {sick} sick, sensitivity {sensitivity}, {chance:.0%} of the negative verified"
                accuracy = {"sensitivity": sensitivity, "specificity": specificity}
                yield Setting(name, partial(verified, n=n, prevalence=prevalence, chance=chance, **accuracy))


def verified(
    random: Generator, n: int, prevalence: float, chance: float, sensitivity: float, specificity: float
) -> Held:
    sick = random.random(n) < prevalence
    called = random.random(n) < np.where(sick, sensitivity, 1 - specificity)
    chances = np.where(called, 1.0, chance)
    known = random.random(n) < chances
    if not known.any():
        return {}
    ways = {
        "weights": inverse_probability_accuracy(called, known, sick.astype(float), chances),
        "B&G": begg_greenes(called, known, sick.astype(float)),
    }
    held = {}
    for way, found in ways.items():
        for part, rate, real in (("sens", found.sensitivity, sensitivity), ("spec", found.specificity, specificity)):
            if rate is not None:
                held[f"{part}, {way}"] = within(rate, real)
    # what it would be worth to say no interval of fewer missed ones
    if np.count_nonzero(known & sick & ~called) >= _SOME and "sens, weights" in held:
        held[f"sens, weights, of the samples with {_SOME} missed ones or more"] = held["sens, weights"]
    return held


def reports() -> Iterator[Setting]:
    for n, prevalence, sensitivity, false in ((100, 0.2, 0.9, 0.05), (100, 0.2, 0.98, 0.01), (400, 0.05, 0.8, 0.02), (100, 0.5, 0.95, 0.02), (1000, 0.2, 0.9, 0.05)):  # fmt: skip
        name = f"F1, {n} reports, {n * prevalence:.0f} positive, sensitivity {sensitivity}, false {false}"
        yield Setting(name, partial(report, n=n, prevalence=prevalence, sensitivity=sensitivity, false=false))


def report(random: Generator, n: int, prevalence: float, sensitivity: float, false: float) -> Held:
    """Two findings of one report are missed together half of the time."""
    signed = random.random((n, 2)) < prevalence
    luck = np.where(random.random((n, 2)) < 0.5, random.random((n, 1)), random.random((n, 2)))
    drafted = luck < np.where(signed, sensitivity, false)
    texts = [
        [" ".join(f"{there:d}" for there in row) + f" {number}" for number, row in enumerate(rows)]
        for rows in (drafted.tolist(), signed.tolist())
    ]
    pairs = ReportPairs(tuple(texts[0]), tuple(texts[1]), None)
    found = {
        each.finding: each
        for each in finding_f1(
            pairs,
            lambda text: {f"f{at}": "positive" for at, word in enumerate(text.split()[:2]) if word == "1"},
            uncertain_is_positive=False,
        )
    }
    both = prevalence * sensitivity
    real = 2 * both / (both + (1 - prevalence) * false + prevalence)
    return {
        name: within(found[key], real)
        for name, key in (("one", "f0"), ("pooled", "all, pooled"))
        if key in found and found[key].low is not None
    }


def scans() -> Iterator[Setting]:
    for n, apart in ((60, 1.5), (60, 4.0), (200, 2.5)):
        yield Setting(f"LUNA16's metric, {n} scans, about {n} nodules, scores {apart} apart", partial(scan, n=n, apart=apart))  # fmt: skip


def scan(random: Generator, n: int, apart: float) -> Held:
    """One nodule a scan and ten false marks on average; one nodule of fifty has no mark. Nodules of one scan are alike."""
    lesions, marks = [], []
    for number in range(n):
        ease = 0.5 * random.normal()
        for lesion in range(random.poisson(1)):
            lesions.append((f"{number}", f"{lesion}"))
            if random.random() < 0.98:
                marks.append(Mark(f"{number}", apart + ease + np.sqrt(0.75) * random.normal(), f"{lesion}"))
        marks += [Mark(f"{number}", score) for score in random.normal(size=random.poisson(10)).tolist()]
    at = norm.isf(np.array(LUNA16_RATES) / 10)
    found = froc(marks, lesions, [f"{number}" for number in range(n)], replicates=300, seed=int(random.integers(1 << 31)))  # fmt: skip
    return {"metric": within(found, float(0.98 * norm.sf(at - apart).mean()))}


if __name__ == "__main__":
    main()
