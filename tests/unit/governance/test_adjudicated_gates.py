"""Blinded verdicts before the gates: beside the signed reports and never in their place, each with its chance of being drawn; they stop a version and wave none through."""

from dataclasses import replace
from datetime import timedelta
from math import nan

import pytest
from governance_cases import EFFUSION, PNEUMOTHORAX, cases
from signed_studies import add_study

from wetread.domain.identifiers import StudyKey
from wetread.domain.model_version import VersionState
from wetread.domain.relabelling import Answer, Read, RelabelRound, RelabelTask
from wetread.domain.rollout import FindingLimits, GateName, GateResult, Verdict
from wetread.evaluation.verification import inverse_probability_accuracy
from wetread.governance.adjudicated_gates import Adjudicated, adjudicated_by, adjudicated_gates
from wetread.governance.cases import Case
from wetread.governance.gates import rate_evidence
from wetread.governance.gather import gather
from wetread.governance.judge import Judgement, SiteCases, weigh
from wetread.labelling.labeller import RuleLabeller
from wetread.testing.builders import NOON
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.memory_vault import MemoryVault
from wetread.testing.rollout_builders import a_gate_plan, a_rollout

LIMITS = FindingLimits(PNEUMOTHORAX, 1.0, 0.05, 0.1)
PLAN = a_gate_plan()
G = GateName


def drawn(number: int, *, truth: bool, called: bool, chance: float, start: int = 0) -> list[Case]:
    return [
        Case(f"{truth}{called}{at}", f"p{truth}{called}{at}", NOON, PNEUMOTHORAX, 0.5, called, truth, NOON, chance)
        for at in range(start, start + number)
    ]


MIXED = (
    *drawn(40, truth=True, called=True, chance=0.5),
    *drawn(20, truth=True, called=False, chance=0.25),
    *drawn(30, truth=False, called=True, chance=0.5),
    *drawn(45, truth=False, called=False, chance=0.1),
)


def test_counts_are_those_of_the_effective_sample_written_out() -> None:
    """Positives: 40 of weight 2 found, 20 of weight 4 missed: 80 of 160 missed, worth 160^2 / (40 x 4 + 20 x 16) = 53.3 cases; negatives: 60 of 510 called, worth 510^2 / (120 + 4500) = 56.3."""
    wrong, missed = adjudicated_gates(MIXED, "r1", LIMITS, PLAN)
    assert (missed.gate, missed.events, missed.n) == (G.ADJUDICATED_SENSITIVITY, 27, 53)
    assert (wrong.gate, wrong.events, wrong.n) == (G.ADJUDICATED_FALSE_POSITIVES, 7, 56)
    assert missed.e_value == rate_evidence(27, 53, 0.1, 0.1)
    assert wrong.e_value == rate_evidence(7, 56, 0.05, 0.03)
    known = inverse_probability_accuracy(
        [each.called for each in MIXED], [True] * len(MIXED), [float(bool(each.truth)) for each in MIXED],
        [each.chance for each in MIXED],
    )  # fmt: skip
    assert known.sensitivity is not None
    assert known.specificity is not None
    assert f"sensitivity {known.sensitivity.value:.3f}" in missed.note
    assert f"specificity {known.specificity.value:.3f}" in wrong.note
    assert missed.statistic.endswith("(blinded adjudication, round r1)")


def test_a_round_that_looked_at_one_side_or_at_few_says_nothing() -> None:
    called_alone = [each for each in MIXED if each.called]
    for some in (called_alone, MIXED[:49]):
        assert [each.short_of for each in adjudicated_gates(some, "r1", LIMITS, PLAN)] == [GateResult.INSUFFICIENT] * 2
        assert [each.e_value for each in adjudicated_gates(some, "r1", LIMITS, PLAN)] == [1.0, 1.0]
    assert adjudicated_gates((), "r1", LIMITS, PLAN) == ()


def test_a_verdict_goes_to_its_study_and_finding_with_its_chance() -> None:
    one, two, three = cases(3)
    unsigned = replace(three, truth=None, known_at=None)
    verdicts = {(one.study, "pneumothorax"): (1.0, 0.2), (two.study, "effusion"): (1.0, 0.2)}
    verdicts |= {(unsigned.study, "pneumothorax"): (nan, 0.3)}
    found = adjudicated_by((one, two, unsigned), "r1", verdicts)
    assert found == Adjudicated(
        "r1",
        (
            replace(one, truth=True, chance=0.2),
            replace(unsigned, truth=None, chance=0.3, known_at=unsigned.read_at),
        ),
    )


def judged(adjudicated: tuple[Case, ...], state: VersionState = VersionState.SHADOW) -> Judgement:
    rollout = a_rollout(state=state)
    signed = cases(600, 18, positives=100, misses=5)
    (found,) = weigh(
        [SiteCases(rollout, signed, len(signed), 0, Adjudicated("r1", adjudicated))], NOON + timedelta(days=20)
    )
    return found


def test_what_signed_reports_hide_takes_a_version_back() -> None:
    """The reports agree with the machine; readers who did not see it say that it misses half."""
    found = judged(MIXED)
    assert found.verdict is Verdict.ROLL_BACK
    assert "adjudicated sensitivity of pneumothorax" in found.reason
    by_gate = {each.gate: each for each in found.evidence}
    assert by_gate[G.SENSITIVITY].result is GateResult.PASSES
    assert by_gate[G.ADJUDICATED_SENSITIVITY].threshold == 20.0


def test_few_verdicts_hold_nothing_back_and_wave_nothing_through() -> None:
    without, few = judged(()), judged(MIXED[:10])
    assert few.verdict is without.verdict
    assert len(few.evidence) == len(without.evidence) + 2


@pytest.mark.parametrize(
    ("state", "basis"),
    [(VersionState.SHADOW, "did not see its findings"), (VersionState.CANARY, "saw its findings (naive, biased)")],
)
def test_every_number_from_signed_reports_says_what_it_rests_on(state: VersionState, basis: str) -> None:
    of_reports = {G.FALSE_POSITIVES, G.CALIBRATION, G.SENSITIVITY}
    noted = [each.note for each in judged((), state).evidence if each.gate in of_reports]
    assert len(noted) == 3
    assert all(each.endswith(basis) for each in noted)


def test_one_site_with_verdicts_has_the_whole_error_budget_of_them() -> None:
    here, there = a_rollout(), a_rollout(site="south")
    signed = cases(600, 18, positives=100, misses=5)
    found = weigh(
        [SiteCases(here, signed, 700, 0, Adjudicated("r1", MIXED)), SiteCases(there, signed, 700, 0)],
        NOON + timedelta(days=20),
    )
    thresholds = [{each.gate: each.threshold for each in site.evidence} for site in found]
    assert thresholds[0][G.ADJUDICATED_SENSITIVITY] == 20.0
    assert thresholds[0][G.SENSITIVITY] == 40.0
    assert G.ADJUDICATED_SENSITIVITY not in thresholds[1]


def a_task(round_id: str, key: str, chance: float, *answers: Answer) -> RelabelTask:
    reads = tuple(Read(f"dr{at}", (answer, answer), NOON) for at, answer in enumerate(answers))
    return RelabelTask(round_id, StudyKey(key), "p", "north", ("pneumothorax", EFFUSION.value), (), chance, reads)


def test_the_newest_finished_round_judges_the_cases_and_signed_labels_stay_as_they_are() -> None:
    database, vault = MemoryDatabase(), MemoryVault()
    for key in ("one", "two", "three"):
        add_study(database, vault, key, NOON + timedelta(hours=1), shadow=0.9, text="No acute finding.")
    add_study(database, vault, "elsewhere", NOON + timedelta(hours=1), shadow=0.9, site="south")
    yes, no = Answer.POSITIVE, Answer.NEGATIVE
    rounds = {
        "old": [a_task("old", "one", 0.5, no, no), a_task("old", "two", 0.5, no, no)],
        "new": [a_task("new", "one", 0.25, yes, no, yes), a_task("new", "elsewhere", 0.25, no, no)],
        "unfinished": [a_task("unfinished", "three", 0.5, yes)],
    }
    with database.begin() as unit:
        for at, (name, tasks) in enumerate(rounds.items()):
            day = NOON + timedelta(days=at + 1)
            unit.add_relabel_round(RelabelRound(name, tasks[0].findings, 1, 1, 1, 3, "", (), "qa", day), tasks)
        unit.commit()
    found = gather(database, vault, RuleLabeller(), a_rollout()).site
    assert [each.truth for each in found.cases] == [False] * 3
    assert found.adjudicated.round_id == "new"
    assert [(each.study, each.truth, each.chance) for each in found.adjudicated.cases] == [("one", True, 0.25)]
    before = a_rollout(since=NOON + timedelta(days=9))
    assert gather(database, vault, RuleLabeller(), before).site.adjudicated == Adjudicated()
