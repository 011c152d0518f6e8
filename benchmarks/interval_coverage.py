"""How often each 95 % interval of `evaluation` holds the truth, where the truth is known because it was chosen.

    python benchmarks/interval_coverage.py [--trials 4000] [--only WORD]

`measure_coverage` has the distances from calibration, Brier score, partial truth with few positives, reports and scans.
Bar: within 2 points of 95 % from 20 positives on. "over" marks those that hold it more often by more than that (safe, but wide), "UNDER" those that hold it less often.
The share's own error is about 0.35 points at 4,000 trials.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.stats import norm

from wetread.evaluation.agreement import cohen_kappa, gwet_ac1
from wetread.evaluation.calibration_curve import consistency_band
from wetread.evaluation.calibration_error import calibration_line
from wetread.evaluation.discrimination import auroc_estimate, compare_aurocs
from wetread.evaluation.interrupted_series import interrupted_time_series
from wetread.evaluation.precision_recall import average_precision_estimate
from wetread.evaluation.prevalence import estimate_prevalence
from wetread.evaluation.proportions import clopper_pearson, clustered_rate, event_rate, poisson_interval, wilson
from wetread.evaluation.reader_study import obuchowski_rockette
from wetread.evaluation.sequential import beta_mixture_interval
from wetread.evaluation.turnaround import hodges_lehmann, median_time
from wetread.evaluation.verification import begg_greenes, inverse_probability_accuracy, rogan_gladen
from wetread.governance.retraining import Cell, measure_finding

Interval = tuple[float, float]
_BAR = 0.02
_REPLICATES = 1000
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Case:
    """`draw` makes one data set and answers its interval; `slow`: a tenth of the trials."""

    name: str
    truth: float
    draw: Callable[[Generator], Interval]
    slow: bool = False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=4000)
    parser.add_argument("--only", default="", help="cases whose name holds this word")
    parser.add_argument("--seed", type=int, default=2026)
    args = parser.parse_args(sys.argv[1:])
    chosen = [case for case in cases() if args.only in case.name]
    for number, case in enumerate(chosen):
        trials = args.trials // 10 if case.slow else args.trials
        print(f"\r{number + 1}/{len(chosen)} {case.name[:60]:60}", end="", file=sys.stderr, flush=True)
        held = sum(holds(case, np.random.default_rng([args.seed, number, trial])) for trial in range(trials))
        print(f"\r{case.name:66} {told(held, trials)}")


def told(held: int, trials: int) -> str:
    """The share that held, its interval and whether it keeps the bar."""
    low, high = wilson(held, trials)
    verdict = "UNDER" if high < 0.95 - _BAR else "over" if low > 0.95 + _BAR else ""
    return f"{100 * held / trials:5.1f} % ({100 * low:.1f} to {100 * high:.1f}) of {trials:5} {verdict}"


def holds(case: Case, random: Generator) -> bool:
    low, high = case.draw(random)
    return bool(low <= case.truth <= high)


def cases() -> Iterator[Case]:
    yield from proportions()
    yield from areas()
    yield from calibration()
    yield from verification()
    yield from agreement()
    yield from times()
    yield from reader_studies()


def proportions() -> Iterator[Case]:
    for share, n in ((0.9, 20), (0.8, 60), (0.05, 400)):
        yield Case(f"Wilson, {share} of {n}", share, lambda r, p=share, n=n: wilson(r.binomial(n, p), n))
        yield Case(
            f"Clopper-Pearson, {share} of {n}", share, lambda r, p=share, n=n: clopper_pearson(r.binomial(n, p), n)
        )
    for per_patient in (1, 2, 4):
        name = f"rate clustered by patient, 0.8, 100 patients of {per_patient}"
        yield Case(name, 0.8, lambda r, k=per_patient: clustered(r, 100, k))
    yield Case("Poisson, 20 events expected", 20.0, lambda r: poisson_interval(r.poisson(20)))
    yield Case("false alarms per 100, 5 of 100, 400 studies of 200 patients", 5.0, lambda r: alarms(r, 200, 2))
    yield Case("rate for any number of looks (beta mixture), 0.05 of 400", 0.05, lambda r: beta_mixture_interval(int(r.binomial(400, 0.05)), 400))  # fmt: skip


def clustered(random: Generator, patients: int, each: int) -> Interval:
    share = random.beta(0.8 * 4, 0.2 * 4, patients)
    hits = random.random((patients, each)) < share[:, None]
    rate = clustered_rate(hits.ravel(), np.repeat(np.arange(patients), each))
    return rate.low, rate.high


def alarms(random: Generator, patients: int, each: int) -> Interval:
    share = random.beta(0.05 * 6, 0.95 * 6, patients)
    rate = event_rate((random.random((patients, each)) < share[:, None]).ravel(), np.repeat(np.arange(patients), each))
    return rate.low, rate.high


def areas() -> Iterator[Case]:
    for area in (0.75, 0.85, 0.95):
        for positives in (10, 20, 50, 200):
            name = f"AUROC {area}, {positives} positive of {positives * 10}"
            yield Case(f"{name}, logit DeLong", area, lambda r, a=area, n=positives: delong(r, a, n))
    for positives in (20, 50):
        for part, truth in (("now", 0.93), ("learning", -0.02), ("potential", 0.0), ("retention_change", -0.02)):
            name = f"retraining proposal, AUROC 0.95 to 0.93, {positives} positive of {positives * 10}, {part}"
            yield Case(name, truth, lambda r, p=part, n=positives: retrained(r, p, n))
    for area in (0.85, 0.95, 0.97):
        yield Case(f"AUROC {area}, 20 positive of 40", area, lambda r, a=area: delong(r, a, 20, 1))
    yield Case("AUROC 0.85, 100 patients of 4 films, clustered", 0.85, lambda r: delong_clustered(r, 0.85, 100, 4))
    for positives in (20, 50):
        name = f"difference of two AUROC (0.85 - 0.80), {positives} positive of {positives * 10}, paired"
        yield Case(name, 0.05, lambda r, n=positives: paired(r, n))
    for positives in (20, 50, 200):
        name = f"average precision, {positives} positive of {positives * 10}, bootstrap"
        yield Case(name, true_average_precision(), lambda r, n=positives: precision(r, n), True)


def distance(area: float) -> float:
    """Between two normal distributions of variance 1 with this area."""
    return float(np.sqrt(2) * norm.ppf(area))


def binormal(random: Generator, area: float, positives: int, others: int = 9) -> tuple["np.ndarray", "np.ndarray"]:  # type: ignore[type-arg]
    """`others`: negatives for each positive."""
    truth = np.repeat([1.0, 0.0], [positives, others * positives])
    return truth, random.normal(size=len(truth)) + distance(area) * truth


def delong(random: Generator, area: float, positives: int, others: int = 9) -> Interval:
    found = auroc_estimate(*binormal(random, area, positives, others))
    return found.low, found.high


def retrained(random: Generator, part: str, positives: int) -> Interval:
    """Two models on two datasets of different patients; the scores of the two are correlated 0.5."""
    cells = {}
    for dataset in ("before", "now"):
        truth = np.repeat([1.0, 0.0], [positives, 9 * positives])
        same = random.normal(size=len(truth)) * np.sqrt(0.5)
        patients = np.array([f"{dataset}{n}" for n in range(len(truth))])
        for model, area in (("old", 0.95), ("new", 0.93)):
            score = same + random.normal(size=len(truth)) * np.sqrt(0.5) + distance(area) * truth
            cells[model, dataset] = Cell(truth, norm.cdf(score), patients)
    found = getattr(measure_finding("finding", cells, ["old", "new"], ["before", "now"]), part)
    return found.low, found.high


def delong_clustered(random: Generator, area: float, patients: int, each: int) -> Interval:
    sick = np.repeat(random.random(patients) < 0.3, each)
    same = np.repeat(random.normal(size=patients), each) * np.sqrt(0.6)
    score = same + random.normal(size=patients * each) * np.sqrt(0.4) + distance(area) * sick
    found = auroc_estimate(sick.astype(float), score, np.repeat(np.arange(patients), each))
    return found.low, found.high


def paired(random: Generator, positives: int) -> Interval:
    truth = np.repeat([1.0, 0.0], [positives, 9 * positives])
    same = random.normal(size=len(truth)) * np.sqrt(0.5)
    one, other = (same + random.normal(size=len(truth)) * np.sqrt(0.5) + distance(a) * truth for a in (0.85, 0.80))
    found = compare_aurocs(truth, one, other)
    return found.low, found.high


def true_average_precision() -> float:
    """Of binormal scores with an area of 0.85 at a prevalence of 0.1, by integration over thresholds."""
    at = np.linspace(9, -6, 200_001)
    hits, alarms_ = norm.sf(at - distance(0.85)), norm.sf(at)
    precision_ = 0.1 * hits / (0.1 * hits + 0.9 * alarms_)
    return float(np.trapezoid(precision_, hits))


def precision(random: Generator, positives: int) -> Interval:
    seed = int(random.integers(1 << 31))
    found = average_precision_estimate(*binormal(random, 0.85, positives), replicates=_REPLICATES, seed=seed)
    return found.low, found.high


def calibration() -> Iterator[Case]:
    for part, truth in (("slope", 0.8), ("intercept", -0.3)):
        yield Case(f"calibration {part}, 400 films, about 80 positive", truth, lambda r, p=part: line(r, p, 400))
    yield Case("calibration slope, 100 films, about 20 positive", 0.8, lambda r: line(r, "slope", 100))
    yield Case("prevalence 0.1 without labels, 500 films", 0.1, lambda r: unlabelled(r, 500))
    for n in (200, 1000):
        yield Case(f"CORP band of a calibrated model at a film, {n} films", 0.0, lambda r, n=n: banded(r, n), True)


def line(random: Generator, part: str, n: int) -> Interval:
    logits = random.normal(-1.5, 1.5, n)
    truth = random.random(n) < 1 / (1 + np.exp(-(0.8 * logits - 0.3)))
    if not 5 <= truth.sum() <= n - 5:
        return line(random, part, n)
    found = calibration_line(truth.astype(float), 1 / (1 + np.exp(-logits)))
    value, error = getattr(found, part), getattr(found, f"{part}_standard_error")
    return value - _Z * error, value + _Z * error


def banded(random: Generator, n: int) -> Interval:
    """The band less the curve at a film drawn at random."""
    stated = 1 / (1 + np.exp(-random.normal(-1.5, 1.5, n)))
    band = consistency_band((random.random(n) < stated).astype(float), stated, draws=400)
    at = random.choice(len(band.at), p=band.cases / band.cases.sum())
    return band.low[at] - band.recalibrated[at], band.high[at] - band.recalibrated[at]


def unlabelled(random: Generator, n: int) -> Interval:
    sick = random.random(n) < 0.1
    score = random.normal(size=n) + 2 * sick
    likelihood = np.exp(2 * score - 2)
    found = estimate_prevalence(0.3 * likelihood / (0.3 * likelihood + 0.7), 0.3)
    return found.low, found.high


def verification() -> Iterator[Case]:
    for part, truth in (("sensitivity", 0.8), ("specificity", 0.93)):
        yield Case(
            f"{part}, every tenth negative adjudicated, Begg & Greenes", truth, lambda r, p=part: verified(r, p, False)
        )
        yield Case(f"{part}, the same, inverse probability", truth, lambda r, p=part: verified(r, p, True))
    yield Case("prevalence 0.1 by an imperfect reference (Rogan-Gladen)", 0.1, behind)


def verified(random: Generator, part: str, known: bool) -> Interval:
    sick = random.random(4000) < 0.05
    called = random.random(4000) < np.where(sick, 0.8, 0.07)
    chance = np.where(called, 1.0, 0.1)
    seen = random.random(4000) < chance
    truth = sick.astype(float)
    found = inverse_probability_accuracy(called, seen, truth, chance) if known else begg_greenes(called, seen, truth)
    rate = getattr(found, part)
    return (rate.low, rate.high) if rate else (0.0, 1.0)


def behind(random: Generator) -> Interval:
    hits, quiet = random.random(200) < 0.9, random.random(400) < 0.95
    calls = int(random.binomial(1000, 0.1 * 0.9 + 0.9 * 0.05))
    found = rogan_gladen(calls, 1000, clustered_rate(hits), clustered_rate(quiet))
    return found.low, found.high


def agreement() -> Iterator[Case]:
    for true in (0.6, 0.8):
        for n in (30, 100):
            yield Case(f"Cohen's kappa {true}, {n} pairs", true, lambda r, k=true, n=n: kappa(r, k, n, cohen_kappa))
            yield Case(
                f"Gwet's AC1 of them, {n} pairs", true_ac1(true), lambda r, k=true, n=n: kappa(r, k, n, gwet_ac1)
            )


def pair_shares(true: float) -> "np.ndarray":  # type: ignore[type-arg]
    """Of two readers who both call 0.3 and agree beyond chance by this kappa."""
    expected = 0.3**2 + 0.7**2
    differ = (1 - (expected + true * (1 - expected))) / 2
    return np.array([[0.3 - differ, differ], [differ, 0.7 - differ]])


def true_ac1(true: float) -> float:
    shares, chance = pair_shares(true), 2 * 0.3 * 0.7
    return float((np.trace(shares) - chance) / (1 - chance))


def kappa(random: Generator, true: float, n: int, how: Callable[..., object]) -> Interval:
    found = how(random.multinomial(n, pair_shares(true).ravel()).reshape(2, 2))
    return found.low, found.high  # type: ignore[attr-defined]


def times() -> Iterator[Case]:
    for n in (20, 100):
        asked = n
        yield Case(f"median time, {n} studies", 60.0, lambda r, n=asked: median(r, n))
    yield Case("Hodges-Lehmann shift, 60 and 60 studies", 15.0, lambda r: shift(r, 60))
    yield Case("level change of 30 weeks, errors correlated 0.3", 5.0, series)


def median(random: Generator, n: int) -> Interval:
    found = median_time(60 * random.lognormal(0, 0.8, n))
    return found.low, found.high


def shift(random: Generator, n: int) -> Interval:
    found = hodges_lehmann(75 + random.logistic(0, 20, n) + 200, 60 + random.logistic(0, 20, n) + 200)
    return found.low, found.high


def series(random: Generator) -> Interval:
    noise = random.normal(size=31)
    errors = np.array([noise[0], *(0.0 for _ in range(29))])
    for week in range(1, 30):
        errors[week] = 0.3 * errors[week - 1] + noise[week] * np.sqrt(1 - 0.09)
    time = np.arange(30)
    found = interrupted_time_series(50 + 0.2 * time + 5.0 * (time >= 15) + errors, 15)
    return found.level_interval


Groups = tuple[tuple[int, int, int], ...]
"""By group: readers, positive and negative cases of its own."""

DESIGNS: dict[str, Groups] = {
    "5 readers, 30 + 60 cases, fully crossed": ((5, 30, 60),),
    "6 readers in 3 groups, 20 + 40 cases each": ((2, 20, 40),) * 3,
    "6 readers in groups of 3, 2 and 1, 30 + 40, 20 + 40 and 20 + 20 cases": ((3, 30, 40), (2, 20, 40), (1, 20, 20)),
    "6 readers, 20 + 40 cases of their own each": ((1, 20, 40),) * 6,
}


def reader_studies() -> Iterator[Case]:
    for design, groups in DESIGNS.items():
        for other in (0.85, 0.80):
            name = f"reader study, {design}, AUROC 0.85 and {other:.2f}"
            yield Case(name, gain(0.85, other), lambda r, g=groups, o=other: readers(r, g, (0.85, o)), True)


SKILL = 0.03
"""Variance between readers of the distance that they see."""


def gain(first: float, second: float) -> float:
    """True difference of the mean areas over readers: the skill adds to the variance of a difference of two scores."""
    return float(np.subtract(*(norm.cdf(distance(each) / np.sqrt(2 + SKILL)) for each in (first, second))))


def readers(random: Generator, groups: Groups, areas_: Interval) -> Interval:
    """Roe & Metz 1997: score = sick x distance + case + reader x case + way x case + rest; readers differ in skill."""
    total = sum(positives + negatives for _, positives, negatives in groups)
    score = np.full((2, sum(count for count, _, _ in groups), total), np.nan)
    truth = np.empty(total)
    reader = case = 0
    for count, positives, negatives in groups:
        own, members = slice(case, case + positives + negatives), slice(reader, reader + count)
        truth[own] = np.repeat([1.0, 0.0], [positives, negatives])
        score[:, members, own] = _seen(random, truth[own], count, areas_)
        reader, case = members.stop, own.stop
    found = obuchowski_rockette(score, truth).contrasts[0]
    return found.low, found.high


def _seen(random: Generator, truth: "np.ndarray", count: int, areas_: Interval) -> "np.ndarray":  # type: ignore[type-arg]
    cases_ = len(truth)
    same = np.sqrt(0.3) * random.normal(size=cases_)
    of_reader = np.sqrt(0.2) * random.normal(size=(count, cases_))
    of_way = np.sqrt(0.3) * random.normal(size=(2, 1, cases_))
    rest = np.sqrt(0.2) * random.normal(size=(2, count, cases_))
    skill = np.sqrt(SKILL) * random.normal(size=(count, 1)) * truth
    apart = np.array([distance(each) for each in areas_])[:, None, None]
    return apart * truth + same + of_reader + skill + of_way + rest


if __name__ == "__main__":
    main()
