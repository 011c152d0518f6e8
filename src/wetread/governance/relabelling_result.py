"""What a round of blinded reading found: how far the readers agree, and the machine's accuracy against them, weighted back to all signed studies.

A sample rich in disagreement flatters and slanders; each study therefore counts 1 / its chance of being drawn (`evaluation.verification`). The unweighted figure stands beside it under its
name, "naive, biased".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wetread.domain.analysis import Rate
from wetread.domain.errors import PermanentError
from wetread.domain.relabelling import Answer, Call, RelabelRound, RelabelTask, Stratum
from wetread.evaluation.agreement import MIN_PAIRS, Kappa, cohen_kappa, gwet_ac1
from wetread.evaluation.inputs import Floats, Labels
from wetread.evaluation.slices import MIN_CASES
from wetread.evaluation.verification import inverse_probability_accuracy

__all__ = ["NAIVE", "FindingResult", "RoundResult", "round_result"]

NAIVE = "naive, biased"
_ANSWERS = tuple(Answer)


@dataclass(frozen=True, slots=True)
class FindingResult:
    """One finding. `kappa` and `ac1` compare the first two readers (None: `refused` says why); rates are None where `refused` says why.

    `positives`, `negatives`, `uncertain`: verdicts among decided studies that the model read; `overturned`: signed labels (positive or negative) that the verdict contradicts, of `compared`.
    """

    finding: str
    decided: int
    positives: int
    negatives: int
    uncertain: int
    unread_by_model: int
    kappa: Kappa | None
    ac1: Kappa | None
    sensitivity: Rate | None
    specificity: Rate | None
    naive_sensitivity: float | None
    naive_specificity: float | None
    overturned: int
    compared: int
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoundResult:
    """`pending` of `drawn` studies are not decided yet: the numbers hold as far as those are like the others. `readers`: how many people read."""

    round_id: str
    population: int
    drawn: int
    decided: int
    pending: int
    disputed: int
    readers: int
    findings: tuple[FindingResult, ...]


def round_result(drawn: RelabelRound, tasks: Sequence[RelabelTask]) -> RoundResult:
    """Every number of one round from its tasks."""
    decided = [each for each in tasks if each.decided]
    return RoundResult(
        drawn.round_id,
        drawn.population,
        len(tasks),
        len(decided),
        len(tasks) - len(decided),
        sum(each.disputed for each in tasks),
        len({read.reader_id for each in tasks for read in each.reads}),
        tuple(_finding(each, tasks, drawn.strata) for each in drawn.findings),
    )


def _finding(finding: str, tasks: Sequence[RelabelTask], strata: Sequence[Stratum]) -> FindingResult:
    refused: list[str] = []
    judged = [(each, each.verdict(finding)) for each in tasks if each.decided]
    read = [(task, verdict, call) for task, verdict in judged if (call := task.call(finding)) is not None]
    positives, negatives, uncertain = (sum(verdict is each for _, verdict, _ in read) for each in _ANSWERS)
    kappa, ac1 = _agreement(finding, tasks, refused)
    sizes = {(each.site, each.bucket): each.population for each in strata if each.finding == finding}
    rates, naive = _accuracy([each for each in read if each[1] is not Answer.UNCERTAIN], sizes, refused)
    compared = [
        (call.label, verdict)
        for _, verdict, call in read
        if call.label in ("positive", "negative") and verdict in (Answer.POSITIVE, Answer.NEGATIVE)
    ]
    return FindingResult(
        finding, len(judged), positives, negatives, uncertain, len(judged) - len(read), kappa, ac1, rates[0], rates[1],
        naive[0], naive[1],
        sum(label != verdict for label, verdict in compared), len(compared), tuple(refused),
    )  # fmt: skip


def _agreement(finding: str, tasks: Sequence[RelabelTask], refused: list[str]) -> tuple[Kappa | None, Kappa | None]:
    """Of the first two readers, before any third: the third sees only what the two disagree on."""
    table = np.zeros((len(_ANSWERS), len(_ANSWERS)))
    for task in tasks:
        if len(task.reads) >= 2:
            place = task.findings.index(finding)
            first, second = (_ANSWERS.index(each.answers[place]) for each in task.reads[:2])
            table[first, second] += 1
    pairs = int(table.sum())
    if pairs < MIN_PAIRS:
        refused.append(f"agreement: {pairs} pairs are too few, {MIN_PAIRS} are needed")
        return None, None
    try:
        return cohen_kappa(table), gwet_ac1(table)
    except PermanentError as error:
        refused.append(f"kappa: {error}")
        return None, gwet_ac1(table)


_Place = tuple[str, str]


def _strata(places: Sequence[_Place], sizes: Mapping[_Place, int]) -> tuple[Labels, Floats] | None:
    """By study its site and bucket, and how many of the population fell there; None for a round that did not write it down."""
    if not set(places) <= set(sizes):
        return None
    return np.array([" ".join(each) for each in places]), np.array([sizes[each] for each in places], dtype=np.float64)


_Rates = tuple[Rate | None, Rate | None]


def _accuracy(
    read: Sequence[tuple[RelabelTask, Answer | None, Call]], sizes: Mapping[_Place, int], refused: list[str]
) -> tuple[_Rates, tuple[float | None, float | None]]:
    if not read:
        refused.append("accuracy: no study with a clear verdict")
        return (None, None), (None, None)
    called = np.array([call.called for _, _, call in read])
    if called.all() or not called.any():
        side = "not called" if called.all() else "called"
        refused.append(f"accuracy: no study that the model has {side} is decided; without one it cannot be known")
        return (None, None), (None, None)
    truth = np.array([verdict is Answer.POSITIVE for _, verdict, _ in read], dtype=np.float64)
    found = inverse_probability_accuracy(
        called,
        np.ones(len(read), dtype=np.bool_),
        truth,
        np.array([task.inclusion_probability for task, _, _ in read]),
        np.array([task.patient for task, _, _ in read], dtype=np.str_),
        strata=_strata([(task.site, call.bucket.value) for task, _, call in read], sizes),
    )
    rates = []
    for rate, name, cases in (
        (found.sensitivity, "sensitivity", int(truth.sum())),
        (found.specificity, "specificity", int((1 - truth).sum())),
    ):
        if cases < MIN_CASES:
            refused.append(f"{name}: {cases} adjudicated studies are too few, {MIN_CASES} are needed")
            rate = None
        rates.append(rate)
    return (rates[0], rates[1]), (
        found.naive_sensitivity if rates[0] else None,
        found.naive_specificity if rates[1] else None,
    )
