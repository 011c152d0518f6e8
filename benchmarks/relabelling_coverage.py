"""Does the weighted estimate of a relabelling round hold the truth? Simulated houses, a stratified draw, perfect readers: coverage of the 95 % intervals, and where the naive figure lies.
Then the rollout gates on such a round (`governance.adjudicated_gates`): how often they take back a version that is exactly at its budgets, and one that is worse.

Two truths: the model's long-run rate, which the interval is for, and the rate over this house's own studies, which a weighted sample meets more closely than that.

python -m benchmarks.relabelling_coverage --houses 1000 [--gates]
"""

import argparse
import sys
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.relabelling import Answer, Call, Read, RelabelRound, RelabelTask
from wetread.domain.rollout import FindingLimits, GatePlan, GateResult
from wetread.evaluation.proportions import wilson
from wetread.governance.adjudicated_gates import adjudicated_by, adjudicated_gates
from wetread.governance.cases import Case
from wetread.governance.gates import Weighed
from wetread.governance.relabelling_result import FindingResult, round_result
from wetread.governance.relabelling_sample import SignedStudy, bucket_of, draw
from wetread.testing.builders import NOON


@dataclass(frozen=True, slots=True)
class House:
    """A house of `studies` signed studies, two a patient (who is sick in both or in none)."""

    name: str
    studies: int
    prevalence: float
    sensitivity: float
    specificity: float
    report_right: float
    per_bucket: int
    at_random: int


HOUSES = (
    House("common finding", 2000, 0.20, 0.80, 0.93, 0.95, 60, 150),
    House("rare finding", 4000, 0.05, 0.80, 0.93, 0.97, 60, 150),
    House("rare finding, larger round", 4000, 0.05, 0.80, 0.93, 0.97, 120, 600),
    House("weak model", 2000, 0.20, 0.50, 0.80, 0.95, 60, 150),
)

PLAN = GatePlan(())


@dataclass(frozen=True, slots=True)
class Drawn:
    """One round and the truth behind it: `sick`, `called` (studies,)."""

    round: RelabelRound
    tasks: list[RelabelTask]
    sick: np.ndarray
    called: np.ndarray


def one_round(house: House, seed: int) -> tuple[FindingResult, float, float, int]:
    """The result, and the model's true sensitivity and specificity over this house's studies; how many studies were drawn."""
    made = drawn_round(house, seed)
    (found,) = round_result(made.round, made.tasks).findings
    return found, float(made.called[made.sick].mean()), float((~made.called[~made.sick]).mean()), len(made.tasks)


def drawn_round(house: House, seed: int) -> Drawn:
    random = np.random.default_rng(seed)
    sick = np.repeat(random.random(house.studies // 2) < house.prevalence, 2)
    chance = np.where(sick, house.sensitivity, 1 - house.specificity)
    called = random.random(house.studies) < chance
    said = np.where(random.random(house.studies) < house.report_right, sick, ~sick)
    studies = [
        SignedStudy(StudyKey(f"{n:024d}"), f"p{n // 2}", "one", (_call(bool(called[n]), bool(said[n])),))
        for n in range(house.studies)
    ]
    design = draw(studies, ("mass",), seed=seed, per_bucket=house.per_bucket, at_random=house.at_random)
    tasks = [_task(each.study, each.probability, bool(sick[int(each.study.study_key)])) for each in design.sample]
    drawn = RelabelRound("r", ("mass",), seed, 0, 0, house.studies, "", design.strata, "qa", NOON)
    return Drawn(drawn, tasks, sick, called)


def _call(called: bool, said: bool) -> Call:
    probability, label = 0.9 if called else 0.1, "positive" if said else "negative"
    return Call("mass", probability, 0.5, label, "text", "net", bucket_of(probability, 0.5, label, "text"))


def _task(study: SignedStudy, probability: float, sick: bool) -> RelabelTask:
    answer = Answer.POSITIVE if sick else Answer.NEGATIVE
    reads = tuple(Read(reader, (answer,), NOON) for reader in ("a", "b"))
    return RelabelTask("r", study.study_key, study.patient, study.site, ("mass",), study.calls, probability, reads)


def gate_lines(house: House, count: int) -> None:
    """Budgets that the house's model keeps exactly, and such as it passes by the margin."""
    rounds = [drawn_round(house, seed) for seed in range(count)]
    for name, sick, wrong, margin in (
        ("sensitivity", True, 1 - house.sensitivity, PLAN.miss_margin),
        ("specificity", False, 1 - house.specificity, PLAN.false_positive_margin),
    ):
        for rate, budget in (("at the budget", wrong), ("worse by the margin", wrong - margin)):
            if budget <= 0:
                continue
            limits = FindingLimits(FindingName.MASS, 1.0, budget, budget)
            found = [_weighed(each, limits, sick) for each in rounds]
            said = [each for each in found if each.short_of is not GateResult.INSUFFICIENT]
            taken = sum(each.e_value >= 1 / PLAN.alpha for each in said)
            low, high = wilson(taken, count)
            print(
                f"{house.name:<28} {name:<12} {rate:<20} taken back {taken / count:.3f} ({low:.3f}-{high:.3f}) of {count}; "
                f"said something {len(said)}; effective n {np.median([each.n for each in found]):.0f}",
                flush=True,
            )


def _weighed(made: Drawn, limits: FindingLimits, sick: bool) -> Weighed:
    verdicts = {
        (task.study_key, "mass"): (float(made.sick[int(task.study_key)]), task.inclusion_probability)
        for task in made.tasks
    }
    cases = [
        Case(f"{n:024d}", f"p{n // 2}", NOON + timedelta(seconds=n), FindingName.MASS, 0.5, bool(made.called[n]))
        for n in range(len(made.sick))
    ]
    wrong, missed = adjudicated_gates(adjudicated_by(cases, "r", verdicts).cases, "r", limits, PLAN)
    return missed if sick else wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--houses", type=int, default=1000, help="simulations of each kind")
    parser.add_argument("--gates", action="store_true", help="the gates instead")
    args = parser.parse_args()
    count = args.houses
    if args.gates:
        for house in HOUSES:
            gate_lines(house, count)
        return 0
    print(
        f"{'house':<28} {'drawn':>6} {'rate':<12} {'said':>5}  {'long-run rate held':<21} {'own rate held':>13} {'bias':>7} {'naive bias':>10}"
    )
    for house in HOUSES:
        rounds = [one_round(house, seed) for seed in range(count)]
        drawn = np.mean([each[3] for each in rounds])
        for name, place in (("sensitivity", 1), ("specificity", 2)):
            pairs = [(getattr(each[0], name), getattr(each[0], f"naive_{name}"), each[place]) for each in rounds]
            shown = [each for each in pairs if each[0] is not None]
            long_run = getattr(house, name)
            held = sum(rate.low <= long_run <= rate.high for rate, _, _ in shown)
            own = sum(rate.low <= truth <= rate.high for rate, _, truth in shown) / len(shown)
            low, high = wilson(held, len(shown))
            bias = np.mean([rate.value - truth for rate, _, truth in shown])
            naive = np.mean([guess - truth for _, guess, truth in shown])
            covered = f"{held / len(shown):.3f} ({low:.3f}-{high:.3f})"
            print(
                f"{house.name:<28} {drawn:>6.0f} {name:<12} {len(shown):>5}  {covered:<21} {own:>13.3f} {bias:>+7.3f} {naive:>+10.3f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
