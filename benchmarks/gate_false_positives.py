"""What the gate on false positives sees by default, as a user gets it: patients to expect learned from the site's history by the product's own function, then 60 days of daily looks by the product's own gate.

    python -m benchmarks.gate_false_positives [--runs 4000] [--seed 37] [--part PART]
    python -m benchmarks.gate_false_positives --curve

The house is that of `gate_simulation`: 40 films a day, patients who come again, films of a patient alike; 60 days before the rollout, 60 days of it. Budget 5, rise to 8 per 100. `--curve`: the exact power
by number of patients instead, beside what other tests would have at the same thresholds; no simulation. `docs/rollout.md` quotes what this prints.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial

import numpy as np

from benchmarks.gate_simulation import (
    BUDGET,
    CHUNK,
    DAYS,
    MARGIN,
    PER_DAY,
    PLAN,
    STUDIES,
    Line,
    first_hit,
    line,
    over_pairs,
    patients,
    progress,
    rates_of_patients,
)
from wetread.domain.rollout import FindingLimits, GatePlan
from wetread.evaluation.final_look import final_look_reached
from wetread.evaluation.sequential import e_benjamini_hochberg, margin_prior, rate_e_value_reached
from wetread.governance.expected import expected_patients
from wetread.governance.gates import evidence_needed, rate_passes, staked_evidence
from wetread.governance.plan import STAKE

DEFAULT = replace(PLAN, stake=STAKE)
SHARES = {"one finding weighed": 1.0, "a critical one of 14": 3 / 18, "one of 14 of equal weight": 1 / 14}
START = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)
NOONS = [START + (day + 0.5) * DAY for day in range(DAYS)]
WEEK = np.array([1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5])
WITHOUT = 0.95
"""Share of patients without the finding."""


@dataclass(frozen=True)
class House:
    """(runs, DAYS) at each evening of the rollout: false positives and patients without the finding. `early`: the same among the first `most`, which (runs,) holds; 0: not known."""

    events: np.ndarray
    n: np.ndarray
    early: np.ndarray
    most: np.ndarray


def days_of(random: np.random.Generator, runs: int, uneven: bool) -> np.ndarray:
    """(runs, 2 * DAYS): films up to each evening, before the rollout and in it. Uneven: by the weekday, and by chance."""
    if not uneven:
        return np.tile(np.arange(1, 2 * DAYS + 1) * PER_DAY, (runs, 1))
    mean = PER_DAY * WEEK / WEEK.mean()
    return np.cumsum(random.poisson(np.resize(mean, 2 * DAYS), (runs, 2 * DAYS)), axis=1)


def first_films(who: np.ndarray, start: np.ndarray) -> np.ndarray:
    """(runs, studies): whether a film from `start` (runs, 1) on is its patient's first from there."""
    at = np.arange(who.shape[1])
    found = np.zeros(who.shape, dtype=bool)
    for run in range(len(who)):
        begin = int(start[run, 0])
        _, first = np.unique(who[run, begin:], return_index=True)
        found[run, begin + first] = True
    return found & (at >= start)


def learned(known: np.ndarray, evenings: np.ndarray) -> int:
    """What the product expects at most of a site whose patients without the finding, counted from the first day of the history on, became known at these evenings; (studies,) and (DAYS,) of films."""
    counts = np.diff(np.append(0, np.append(0, np.cumsum(known))[evenings]))
    times = [noon for noon, count in zip(NOONS, counts.tolist(), strict=True) for _ in range(count)]
    return expected_patients(times, START, START + DAYS * DAY, DAYS)[1]


def house(
    random: np.random.Generator, runs: int, rate: float, *, most: int | None = None, uneven: bool = False
) -> House:
    """`most`: told; None: learned from the 60 days before."""
    parts = []
    for at in range(0, runs, CHUNK):
        some = min(CHUNK, runs - at)
        evening = days_of(random, some, uneven)
        who = patients(random, some, int(evening.max()))
        event = rates_of_patients(random, who, rate)
        there = np.take_along_axis(random.random(who.shape) < WITHOUT, who, 1)
        parts.append(counted(event, there, who, evening, most))
    return House(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def counted(
    event: np.ndarray, there: np.ndarray, who: np.ndarray, evening: np.ndarray, most: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    start = evening[:, DAYS - 1 : DAYS]
    before = first_films(who, np.zeros_like(start)) & there
    told = np.array(
        [learned(each, days[:DAYS]) if most is None else most for each, days in zip(before, evening, strict=True)]
    )
    first = first_films(who, start) & there
    early = first & (np.cumsum(first, axis=1) <= told[:, None])
    looks = evening[:, DAYS:] - 1
    sums = (np.cumsum(each, axis=1, dtype=np.int32) for each in (event & first, first, event & early))
    events, n, hits = (np.take_along_axis(each, looks, 1) for each in sums)
    return events, n, hits, told


def evidence(found: House, plan: GatePlan, share: float) -> np.ndarray:
    """(runs, DAYS), from the product's own function."""

    @cache
    def limits_with(most: int) -> FindingLimits:
        return replace(plan.limits[0], weight=share, most=most)

    @cache
    def ask(events: int, n: int, early: int, most: int, over: bool) -> float:
        at_last = (early, min(n, most or n)) if over or (most and n >= most) else None
        return staked_evidence(events, n, at_last, limits_with(most), plan)

    answers = np.empty(found.n.shape)
    for run, most in enumerate(found.most.tolist()):
        early = found.early[run] if most else found.events[run]
        rows = zip(found.events[run].tolist(), found.n[run].tolist(), early.tolist(), strict=True)
        for day, (events, n, hits) in enumerate(rows):
            over = day == DAYS - 1
            # what was seen among the first matters only at the last look
            answers[run, day] = ask(events, n, hits if over or (most and n >= most) else 0, most, over)
    return answers


def taken_back(found: House, plan: GatePlan, share: float) -> tuple[np.ndarray, np.ndarray]:
    return first_hit(evidence(found, plan, share) >= plan.sites / (plan.alpha * share), found.n)


def by_default(random: np.random.Generator, runs: int, rate: float) -> Iterator[Line]:
    found = house(random, runs, rate)
    most, came = (np.quantile(each, (0.025, 0.5, 0.975)).round().tolist() for each in (found.most, found.n[:, -1]))
    progress(f"{100 * rate:.0f} %: expected at most {most}, came {came} (2.5, 50, 97.5 %)")
    for name, share in SHARES.items():
        hits, at = taken_back(found, DEFAULT, share)
        aim = f"<= {PLAN.alpha * share:.4f}" if rate == BUDGET else ">= 0.9" if rate == 0.08 else ""
        yield line(f"{100 * rate:.0f} % false positives, {name}: rollback", hits, aim, at)
    passes = over_pairs(found.events, found.n, lambda hit, of: float(rate_passes(hit, of, BUDGET, MARGIN, PLAN))) > 0
    if rate == BUDGET:
        hits, at = first_hit(passes, found.n)
        yield line("5 % false positives: passes", hits, ">= 0.9", at)
    if rate == 0.08:
        rung = np.maximum.accumulate(evidence(found, DEFAULT, 1.0), 1) >= 1 / PLAN.alpha
        name = "8 % false positives, one finding weighed: passes before it is taken back"
        yield line(name, (passes & ~rung).any(axis=1), "<= 0.1")


OTHER_HOUSES: dict[str, tuple[GatePlan, int | None, bool]] = {
    "no history": (DEFAULT, 0, False),
    "uneven days": (DEFAULT, None, True),
    "told half": (DEFAULT, 575, False),
    "told twice": (DEFAULT, 2300, False),
    "nothing staked": (PLAN, 0, False),
}
"""Plan, what was told (None: learned), and whether films come by the weekday (weekends 40 %) and by chance."""


def otherwise(random: np.random.Generator, runs: int, name: str) -> Iterator[Line]:
    """One of 14 findings of equal weight, 8 per 100, where the house or what is expected differs."""
    plan, most, uneven = OTHER_HOUSES[name]
    hits, at = taken_back(house(random, runs, 0.08, most=most, uneven=uneven), plan, 1 / 14)
    yield line(
        f"8 %, one of 14 of equal weight, {name}: rollback",
        hits,
        "" if "told" in name or plan is PLAN else ">= 0.9",
        at,
    )


def family(random: np.random.Generator, runs: int, sites: int = 3, findings: int = 14) -> Iterator[Line]:
    """Every finding at its budget at every site, false positives of one film alike over findings: any rollback at any look."""
    weight = np.full(findings, 1 / findings)
    weight[:2] *= 3
    weight /= weight.sum()
    plan = replace(DEFAULT, sites=sites)
    found = np.empty((runs, DAYS, sites * findings))
    for site in range(sites):
        evening = days_of(random, runs, False)
        who = patients(random, runs, 2 * STUDIES)
        odd = random.random(who.shape) < 0.1
        for finding in range(findings):
            event = random.random(who.shape) < np.where(odd, 0.23, 0.03)  # 5 % over all films
            there = np.take_along_axis(random.random(who.shape) < WITHOUT, who, 1)
            seen = House(*counted(event, there, who, evening, None))
            found[:, :, site * findings + finding] = evidence(seen, plan, weight[finding])
        progress(f"family: site {site + 1} of {sites}")
    weighted = found * np.tile(weight * findings, sites)
    hits = np.zeros(runs, dtype=bool)
    for run, day in np.argwhere(weighted.max(axis=2) >= 1 / plan.alpha):
        hits[run] = hits[run] or bool(e_benjamini_hochberg(weighted[run, day], plan.alpha))
    yield line(f"{sites} sites x {findings} findings at the budget: any rollback at any look", hits, "<= 0.05")


CURVE_AT = (600, 900, 1100, 1140, 1300, 1500, 2000)


def curve() -> None:
    """Exactly, independent patients: chance of a rollback of 8 % false positives for a budget of 5 %, when the stay ends after so many."""
    print(
        f"| last look after | {' | '.join(f'{each:,}' for each in CURVE_AT)} | 10 per 100 without it: half by | false alarms (nominal) |"
    )
    print(f"|{'---|' * (len(CURVE_AT) + 3)}")
    prior = margin_prior(BUDGET, MARGIN)
    for name, share in SHARES.items():
        needed = evidence_needed(DEFAULT, share)
        staked, alarms = (final_look_reached(rate, BUDGET, needed, prior, 1 - STAKE, 2000) for rate in (0.08, BUDGET))
        plain = rate_e_value_reached(0.08, BUDGET, needed, prior, 2000)
        early = rate_e_value_reached(0.10, BUDGET, needed / (1 - STAKE), prior, 2000, until=0.5)
        half = rate_e_value_reached(0.10, BUDGET, needed, prior, 2000, until=0.5)
        print(f"| {name} | {cells(staked)} | {len(early)} | {100 * alarms.max():.3f} % ({100 / needed:.3f}) |")
        print(f"| nothing staked | {cells(plain)} | {len(half)} | |", flush=True)


def cells(reached: np.ndarray) -> str:
    return " | ".join(f"{100 * reached[each - 1]:.1f} %" for each in CURVE_AT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=37)
    parser.add_argument("--part", action="append", choices=list(parts(0)), help="only this; may be repeated")
    parser.add_argument("--curve", action="store_true", help="power by number of patients, exact")
    args = parser.parse_args()
    if args.curve:
        curve()
        return
    print(f"{DAYS} days of history, {DAYS} days of rollout, {PER_DAY} films a day; seed {args.seed}\n", flush=True)
    for place, (name, part) in enumerate(parts(args.runs).items()):
        if args.part and name not in args.part:
            continue
        # each part has numbers of its own: one that was cut is run again alone
        for each in part(np.random.default_rng([args.seed, place])):
            print(printed(each), flush=True)


def parts(runs: int) -> dict[str, Callable[[np.random.Generator], Iterator[Line]]]:
    rates = {f"{100 * rate:.0f} %": partial(by_default, runs=runs, rate=rate) for rate in (BUDGET, 0.06, 0.08, 0.10)}
    houses = {name: partial(otherwise, runs=runs, name=name) for name in OTHER_HOUSES}
    return {**rates, **houses, "sites": partial(family, runs=runs // 4)}


def printed(each: Line) -> str:
    median = "" if each.median_n is None else f"{each.median_n:.0f}"
    met = "" if each.met is None else "met" if each.met else "**missed**"
    return f"| {each.what} | {100 * each.share:.2f} % ({100 * each.low:.2f} to {100 * each.high:.2f}) | {each.runs:,} | {median} | {each.target} {met} |"


if __name__ == "__main__":
    main()
