"""Do the rollout gates hold what they promise? Daily looks for 60 days, patients who come again, the product's own gates.

    python benchmarks/gate_simulation.py [--runs 4000] [--seed 29] [--json FILE] [--curve]

Errors first (a version exactly at its budget, probabilities exactly right), then power at the smallest rise that matters. Every share has its Wilson interval over runs. `--curve`: the exact power by
number of patients instead, beside what other tests would have at the same thresholds; no simulation. False positives here with nothing staked on a last look: `gate_false_positives` has the default.
`docs/rollout.md` quotes what this prints.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.stats import binom

from wetread.domain.finding import FindingName
from wetread.domain.rollout import FindingLimits, GatePlan
from wetread.evaluation.calibration_error import ece
from wetread.evaluation.proportions import wilson
from wetread.evaluation.sequential import (
    BETS,
    calibration_e_process,
    e_benjamini_hochberg,
    margin_prior,
    rate_e_value_reached,
)
from wetread.governance.gates import LOW_PROBABILITY, calibration_evidence, rate_evidence, rate_passes
from wetread.governance.power import patients_to_notice

DAYS, PER_DAY = 60, 40
STUDIES = DAYS * PER_DAY
BUDGET, MARGIN = 0.05, 0.03
CHUNK = 1000
"""Rollouts in memory at once."""
LIKENESS = 0.3
"""Correlation of false positives (misses, truths) between films of one patient."""
COMES_AGAIN = 0.5
"""Share of films of a patient of whom there was one among the last 80."""
PLAN = GatePlan((FindingLimits(FindingName.PNEUMOTHORAX, 1.0, BUDGET, 0.1),))


@dataclass(frozen=True)
class Line:
    """One measured share of `runs`; `target` in words."""

    what: str
    share: float
    low: float
    high: float
    runs: int
    target: str
    met: bool | None
    median_n: float | None = None


def line(what: str, hits: np.ndarray, target: str = "", at: np.ndarray | None = None) -> Line:
    """`target`: '<= x' or '>= x' of the share itself; `at`: cases at the first hit."""
    share, (low, high) = float(hits.mean()), wilson(float(hits.sum()), len(hits))
    bound = float(target.split()[1]) if target else 0.0
    met = None if not target else (share <= bound if target.startswith("<=") else share >= bound)
    median = float(np.median(at[hits])) if at is not None and hits.any() else None
    return Line(what, share, low, high, len(hits), target, met, median)


def patients(random: np.random.Generator, runs: int, studies: int = STUDIES) -> np.ndarray:
    """(runs, studies): the place of the first film of each film's patient."""
    found = np.tile(np.arange(studies), (runs, 1))
    back = random.integers(1, 81, (runs, studies))
    again = random.random((runs, studies)) < COMES_AGAIN
    rows = np.arange(runs)
    for at in range(1, studies):
        earlier = found[rows, np.maximum(at - back[:, at], 0)]
        found[:, at] = np.where(again[:, at], earlier, at)
    return found


def rates_of_patients(random: np.random.Generator, who: np.ndarray, rate: float) -> np.ndarray:
    """Events with this rate that are alike within a patient: each has a rate of its own (Beta)."""
    worth = 1 / LIKENESS - 1
    own = random.beta(rate * worth, (1 - rate) * worth, who.shape)
    return random.random(who.shape) < np.take_along_axis(own, who, 1)


def at_looks(counted: np.ndarray) -> np.ndarray:
    """(runs, studies) counts to (runs, days): the sum up to each evening."""
    return np.cumsum(counted, axis=1, dtype=np.int32)[:, PER_DAY - 1 :: PER_DAY]


def over_pairs(events: np.ndarray, n: np.ndarray, ask: Callable[[int, int], float]) -> np.ndarray:
    """The product's function of (events, n), asked once for each pair that occurs."""
    keys = events.astype(np.int64) * 100_000 + n
    pairs, back = np.unique(keys, return_inverse=True)
    answers = np.array([ask(int(key // 100_000), int(key % 100_000)) for key in pairs], dtype=np.float64)
    return answers[back].reshape(events.shape)


def first_hit(hits: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(runs, days) to whether at any look, and the cases at the first."""
    return hits.any(axis=1), np.take_along_axis(n, hits.argmax(axis=1)[:, None], 1)[:, 0]


def _counts(
    random: np.random.Generator, runs: int, rate: float, share: float, every_film: bool
) -> tuple[np.ndarray, np.ndarray]:
    who = patients(random, runs)
    event = rates_of_patients(random, who, rate)
    there = np.take_along_axis(random.random(who.shape) < share, who, 1)
    if not every_film:
        there &= who == np.arange(STUDIES)
    return at_looks(event & there), at_looks(there)


def rate_gate(
    random: np.random.Generator, runs: int, rate: float, budget: float, margin: float, share: float, every_film: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Evidence, passes and n at each evening; `share`: of films that can have the event (negatives, or positives)."""
    parts = [_counts(random, min(CHUNK, runs - at), rate, share, every_film) for at in range(0, runs, CHUNK)]
    events, n = (np.concatenate(each) for each in zip(*parts, strict=True))
    evidence = over_pairs(events, n, lambda hit, of: rate_evidence(hit, of, budget, margin))
    passes = over_pairs(events, n, lambda hit, of: float(rate_passes(hit, of, budget, margin, PLAN))) > 0
    return evidence, passes, n


def false_positive_lines(random: np.random.Generator, runs: int) -> list[Line]:
    found = []
    for every_film in (True, False):
        evidence, _, n = rate_gate(random, runs, BUDGET, BUDGET, MARGIN, 0.95, every_film)
        hits, at = first_hit(evidence >= 20, n)
        name = "every film counted (not built)" if every_film else "first film of each patient"
        found.append(
            line(
                f"FP gate, rate at the budget of 5 %, {name}: false rollback", hits, "" if every_film else "<= 0.05", at
            )
        )
    for rate in (0.06, 0.08, 0.10):
        evidence, passes, n = rate_gate(random, runs, rate, BUDGET, MARGIN, 0.95, False)
        hits, at = first_hit(evidence >= 20, n)
        found.append(
            line(
                f"FP gate, rate {100 * rate:.0f} %: rollback within 60 days", hits, ">= 0.9" if rate == 0.08 else "", at
            )
        )
        if rate == 0.08:
            for share in (3 / 18, 1 / 14):
                hits, at = first_hit(evidence >= 20 / share, n)
                name = f"FP gate, rate 8 % in one finding that has {share:.3f} of the error budget: rollback within 60 days"
                found.append(line(name, hits, ">= 0.9", at))
            found.append(
                line(
                    "FP gate, rate 8 %: passes at some look before it is rolled back",
                    (passes & (np.maximum.accumulate(evidence, 1) < 20)).any(axis=1),
                    "<= 0.1",
                )
            )
    for rate in (0.03, 0.05):
        evidence, passes, n = rate_gate(random, runs, rate, BUDGET, MARGIN, 0.95, False)
        hits, at = first_hit(passes, n)
        found.append(line(f"FP gate, rate {100 * rate:.0f} %: passes within 60 days", hits, ">= 0.9", at))
    return found


def sensitivity_lines(random: np.random.Generator, runs: int) -> list[Line]:
    found = []
    for share in (0.05, 0.10):
        for rate, aim in ((0.10, "<= 0.05"), (0.20, ""), (0.30, "")):
            evidence, passes, n = rate_gate(random, runs, rate, 0.10, 0.10, share, False)
            enough = n >= PLAN.min_positives
            hits, at = first_hit((evidence >= 20) & enough, n)
            name = f"sensitivity gate, prevalence {100 * share:.0f} %, {100 * rate:.0f} % missed"
            found.append(line(f"{name} (budget 10 %): rollback within 60 days", hits, aim, at))
            if rate == 0.10:
                found.append(line(f"{name}: passes within 60 days", *_args(first_hit(passes & enough, n))))
    return found


def _args(hit: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, str, np.ndarray]:
    return hit[0], "", hit[1]


def calibration_run(
    random: np.random.Generator, who: np.ndarray, shift: float, tolerance: float, every_film: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """One rollout: evidence and n at each evening; the cases. A patient's later film shows the same as the first with the given likeness."""
    stated = random.beta(0.6, 4.0, STUDIES)
    true = stated if not shift else 1 / (1 + np.exp(-(np.log(stated / (1 - stated)) + shift)))
    truth = (random.random(STUDIES) < true).astype(np.float64)
    same = random.random(STUDIES) < LIKENESS
    stated, truth = np.where(same, stated[who], stated), np.where(same, truth[who], truth)
    counted = np.ones(STUDIES, dtype=bool) if every_film else who == np.arange(STUDIES)
    evening = np.cumsum(counted)[PER_DAY - 1 :: PER_DAY]
    truth, stated = truth[counted], stated[counted]
    total = np.zeros(DAYS)
    for part in (np.ones(len(stated), dtype=bool), stated < LOW_PROBABILITY, stated >= LOW_PROBABILITY):
        series = np.append(1.0, calibration_e_process(truth[part], stated[part], BETS, tolerance))
        total += series[np.append(0, np.cumsum(part))[evening]]
    evidence = total / 3
    assert np.isclose(evidence[-1], calibration_evidence(truth, stated, tolerance)), "not the product's gate"
    return evidence, evening, truth, stated


def calibration_lines(random: np.random.Generator, runs: int) -> list[Line]:
    found = []
    cases = [
        (0.0, 0.0, True),
        (0.0, 0.0, False),
        (-0.5, 0.0, False),
        (0.5, 0.0, False),
        (1.0, 0.0, False),
        (0.5, 0.02, False),
    ]
    for shift, tolerance, every_film in cases:
        all_runs = [calibration_run(random, who, shift, tolerance, every_film) for who in patients(random, runs)]
        evidence, n = np.array([each[0] for each in all_runs]), np.array([each[1] for each in all_runs])
        hits, at = first_hit(evidence >= 20, n)
        films = ", every film counted (not built)" if every_film else ""
        aim = "" if every_film or tolerance else "<= 0.05" if shift == 0 else ">= 0.9"
        what = "false rollback" if shift == 0 else "rollback within 60 days"
        found.append(
            line(f"calibration gate, logit shift {shift:+.1f}, tolerance {tolerance:g}{films}: {what}", hits, aim, at)
        )
        if shift == 0 and not every_film:
            loud = [
                any(ece(truth[:cut], stated[:cut]) > 0.05 for cut in cuts if cut >= 100)
                for _, cuts, truth, stated in all_runs[:500]
            ]
            found.append(
                line(
                    "for comparison, 'ECE > 0.05 on any evening from 100 patients on', calibration perfect",
                    np.array(loud),
                )
            )
    return found


def family_lines(random: np.random.Generator, runs: int, sites: int = 3, findings: int = 14) -> list[Line]:
    """Every finding at its budget, false positives of one film alike over findings: is any site rolled back at any look, by weighted e-BH over all of them?"""
    weight = np.full(findings, 1 / findings)
    weight[:2] *= 3
    weight /= weight.sum()
    share = np.tile(weight * findings, sites)
    evidence = np.empty((runs, DAYS, sites * findings))
    for site in range(sites):
        who = patients(random, runs)
        first = who == np.arange(STUDIES)
        n = at_looks(first)
        odd = random.random(who.shape) < 0.1
        for finding in range(findings):
            event = random.random(who.shape) < np.where(odd, 0.23, 0.03)  # 5 % over all films
            column = over_pairs(at_looks(event & first), n, lambda hit, of: rate_evidence(hit, of, BUDGET, MARGIN))
            evidence[:, :, site * findings + finding] = column
        progress(f"family: site {site + 1} of {sites}")
    weighted = evidence * share
    naive = (evidence >= 20).any(axis=(1, 2))
    # only looks with at least one large enough value can reject: ask e-BH there
    able = np.argwhere(weighted.max(axis=2) >= 20)
    hits = np.zeros(runs, dtype=bool)
    for run, day in able:
        hits[run] = hits[run] or bool(e_benjamini_hochberg(weighted[run, day], PLAN.alpha))
    return [
        line(
            f"{sites} sites x {findings} findings at the budget: any rollback at any look, weighted e-BH",
            hits,
            "<= 0.05",
        ),
        line("the same with each finding at E >= 20 (not built)", naive),
    ]


CURVE_AT = (600, 900, 1100, 1300, 1500, 2000)
AT = 1100
RATES = (0.065, 0.07, 0.0725, 0.075, 0.0775, 0.08, 0.085)
SHARP = 1e6
"""A Beta prior worth so many cases is one rate."""
SHARES = {"all of it (one finding)": 1.0, "3 of 18 (a critical one of 14)": 3 / 18, "1 of 14": 1 / 14}


def curve() -> None:
    """Chance of a rollback of 8 % false positives for a budget of 5 %, by patients without the finding."""
    who = patients(np.random.default_rng(1), 200)
    a_day = float((who == np.arange(STUDIES)).mean()) * PER_DAY * 0.95
    heads = " | ".join(f"{each:,}" for each in CURVE_AT)
    print(
        f"| share of the error budget | {heads} | 90 % reached at | days at {a_day:.1f} a day |\n|{'---|' * (len(CURVE_AT) + 3)}"
    )
    for name, share in SHARES.items():
        reached = rate_e_value_reached(
            0.08, BUDGET, 1 / (PLAN.alpha * share), margin_prior(BUDGET, MARGIN), CURVE_AT[-1]
        )
        told = " | ".join(f"{100 * reached[each - 1]:.1f} %" for each in CURVE_AT)
        needed = patients_to_notice(BUDGET, MARGIN, PLAN, share)
        print(f"| {name} | {told} | {needed or 0:,} | {(needed or 0) / a_day:.0f} |")
    for name, share in SHARES.items():
        print(f"after {AT:,}, {name}: {others(1 / (PLAN.alpha * share))}")


def others(evidence: float) -> str:
    """Power after `AT` patients of what was not built: likelihood ratios against one rate, looked at after each patient, and one look fixed beforehand."""
    ratios = {
        rate: rate_e_value_reached(0.08, BUDGET, evidence, (SHARP * rate, SHARP * (1 - rate)), AT)[-1] for rate in RATES
    }
    best = max(ratios, key=ratios.__getitem__)
    once = int(binom.isf(1 / evidence, AT, BUDGET)) + 1
    return (
        f"likelihood ratio of 8 against 5 per 100 {100 * ratios[0.08]:.1f} %, of the best single rate ({100 * best:g}) {100 * ratios[best]:.1f} %; "
        f"one look, from {once} events on, {100 * binom.sf(once - 1, AT, 0.08):.1f} %"
    )


def progress(words: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {words}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=29)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--curve", action="store_true", help="power by number of patients, exact")
    args = parser.parse_args()
    if args.curve:
        curve()
        return 0
    random = np.random.default_rng(args.seed)
    began, found = time.monotonic(), []
    parts: list[tuple[str, Callable[[], list[Line]]]] = [
        ("false positives", lambda: false_positive_lines(random, args.runs)),
        ("sensitivity", lambda: sensitivity_lines(random, args.runs)),
        ("calibration", lambda: calibration_lines(random, args.runs // 2)),
        ("all findings and sites", lambda: family_lines(random, args.runs // 4)),
    ]
    for name, part in parts:
        progress(name)
        found += part()
    print(
        f"{STUDIES} films in {DAYS} days, {PER_DAY} a day; {100 * COMES_AGAIN:.0f} % of films are of a patient seen before, likeness {LIKENESS}; seed {args.seed}\n"
    )
    print(
        "| what | share of runs (95 % interval) | runs | patients at the first (median) | target | |\n|---|---|---|---|---|---|"
    )
    for each in found:
        median = "" if each.median_n is None else f"{each.median_n:.0f}"
        met = "" if each.met is None else "met" if each.met else "**missed**"
        print(
            f"| {each.what} | {each.share:.4f} ({each.low:.4f} to {each.high:.4f}) | {each.runs} | {median} | {each.target} | {met} |"
        )
    print(f"\n{time.monotonic() - began:.0f} s")
    if args.json:
        args.json.write_text(json.dumps([asdict(each) for each in found], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
