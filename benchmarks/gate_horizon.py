"""What the false-positive gate gains where the patients to come were told (`--expect-patients`), and what it costs where they were told wrongly.

    python -m benchmarks.gate_horizon [--runs 4000] [--seed 31]

First exactly (independent patients, looked at after each), then simulated as `gate_simulation` does it: daily looks for 60 days, patients who come again, films of a patient alike. Budget 5, rise to 8 per 100.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import numpy as np

from benchmarks.gate_simulation import (
    BUDGET,
    CHUNK,
    DAYS,
    LIKENESS,
    MARGIN,
    PLAN,
    SHARES,
    STUDIES,
    Line,
    at_looks,
    first_hit,
    line,
    over_pairs,
    patients,
    progress,
    rates_of_patients,
)
from wetread.domain.rollout import GatePlan
from wetread.evaluation.sequential import (
    e_benjamini_hochberg,
    horizon_e_value,
    margin_prior,
    rate_e_value_reached,
)
from wetread.governance.gates import HORIZON_STAKE, horizon_level, rate_evidence

TOLD = (1100, 800, 1500)
AT = (600, 900, 1100, 1140, 1300, 1500)


def told(horizon: int, sites: int = 1) -> GatePlan:
    return replace(PLAN, horizon=horizon, sites=sites)


def exact() -> None:
    print(
        f"| patients told | share of the error budget | {' | '.join(f'{each:,}' for each in AT)} | 10 per 100: half by | false alarms by 2,000 (nominal) |"
    )
    print(f"|{'---|' * (len(AT) + 4)}")
    for horizon in (0, *TOLD):
        for name, share in SHARES.items():
            needed, plan = 1 / (PLAN.alpha * share), told(horizon)
            level = horizon_level(plan, share)
            ahead = None if level is None else (horizon, HORIZON_STAKE, level)

            def reached(
                rate: float, needed: float = needed, ahead: tuple[int, float, float] | None = ahead
            ) -> np.ndarray:
                return rate_e_value_reached(rate, BUDGET, needed, margin_prior(BUDGET, MARGIN), 2000, horizon=ahead)

            worse, half = reached(0.08), int(np.argmax(reached(0.10) >= 0.5)) + 1
            powers = " | ".join(f"{100 * worse[each - 1]:.1f} %" for each in AT)
            alarms = f"{100 * reached(BUDGET)[-1]:.3f} % ({100 / needed:.3f})"
            print(f"| {horizon or 'none'} | {name} | {powers} | {half} | {alarms} |", flush=True)


def counts(random: np.random.Generator, runs: int, rate: float, horizon: int) -> tuple[np.ndarray, ...]:
    """By evening: false positives, patients without the finding, and false positives among the first `horizon` of them."""
    who = patients(random, runs)
    event = rates_of_patients(random, who, rate)
    there = np.take_along_axis(random.random(who.shape) < 0.95, who, 1) & (who == np.arange(STUDIES))
    return looked(event, there, horizon)


def looked(event: np.ndarray, there: np.ndarray, horizon: int) -> tuple[np.ndarray, ...]:
    early = there & (np.cumsum(there, axis=1) <= horizon)
    return at_looks(event & there), at_looks(there), at_looks(event & early)


def staked(events: np.ndarray, n: np.ndarray, early: np.ndarray, plan: GatePlan, weight: float) -> np.ndarray:
    """The gate's evidence at each evening, from the product's own functions."""
    level = horizon_level(plan, weight)
    assert level is not None
    ahead = over_pairs(
        early, np.minimum(n, plan.horizon), lambda hit, of: horizon_e_value(hit, of, BUDGET, plan.horizon, level)
    )
    plain = over_pairs(events, n, lambda hit, of: rate_evidence(hit, of, BUDGET, MARGIN))
    return HORIZON_STAKE * ahead + (1 - HORIZON_STAKE) * plain


def simulated(random: np.random.Generator, runs: int) -> Iterator[Line]:
    for rate in (0.05, 0.08, 0.10):
        parts = [counts(random, min(CHUNK, runs - at), rate, TOLD[0]) for at in range(0, runs, CHUNK)]
        events, n, early = (np.concatenate(each) for each in zip(*parts, strict=True))
        for name, share in SHARES.items():
            evidence = staked(events, n, early, told(TOLD[0]), share)
            hits, at = first_hit(evidence >= 1 / (PLAN.alpha * share), n)
            aim = f"<= {PLAN.alpha * share:.4f}" if rate == BUDGET else ">= 0.9"
            yield line(f"{100 * rate:.0f} % false positives, share {name}: rollback", hits, aim, at)
        progress(f"{100 * rate:.0f} %")


def family(random: np.random.Generator, runs: int, sites: int = 3, findings: int = 14) -> Iterator[Line]:
    """Every finding at its budget at every site, false positives of one film alike over findings: any rollback at any look."""
    weight = np.full(findings, 1 / findings)
    weight[:2] *= 3
    weight /= weight.sum()
    plan = told(TOLD[0], sites)
    evidence = np.empty((runs, DAYS, sites * findings))
    for site in range(sites):
        who = patients(random, runs)
        first = who == np.arange(STUDIES)
        odd = random.random(who.shape) < 0.1
        for finding in range(findings):
            event = random.random(who.shape) < np.where(odd, 0.23, 0.03)  # 5 % over all films
            counted = looked(event, first, plan.horizon)
            evidence[:, :, site * findings + finding] = staked(*counted, plan, weight[finding])
        progress(f"family: site {site + 1} of {sites}")
    weighted = evidence * np.tile(weight * findings, sites)
    hits = np.zeros(runs, dtype=bool)
    for run, day in np.argwhere(weighted.max(axis=2) >= 1 / PLAN.alpha):
        hits[run] = hits[run] or bool(e_benjamini_hochberg(weighted[run, day], PLAN.alpha))
    yield line(f"{sites} sites x {findings} findings at the budget: any rollback at any look", hits, "<= 0.05")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=31)
    args = parser.parse_args()
    exact()
    random = np.random.default_rng(args.seed)
    print(f"\n{TOLD[0]:,} patients told; likeness {LIKENESS}; seed {args.seed}")
    for each in chain(simulated(random, args.runs), family(random, args.runs // 4)):
        met = "" if each.met is None else "met" if each.met else "missed"
        print(
            f"| {each.what} | {100 * each.share:.2f} % ({100 * each.low:.2f} to {100 * each.high:.2f}) | {each.runs:,} | {each.median_n or 0:.0f} | {each.target} {met} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
