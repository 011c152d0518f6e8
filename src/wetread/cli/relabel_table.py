"""Relabelling in words: a drawn round, a reader's task without a hint, a result with every n."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from wetread.domain.analysis import Rate
from wetread.domain.finding import FindingName, concept
from wetread.domain.relabelling import RelabelRound, RelabelTask
from wetread.evaluation.agreement import Kappa
from wetread.governance.relabelling_result import NAIVE, FindingResult, RoundResult

__all__ = ["LABEL_COLUMNS", "result_lines", "round_lines", "task_lines", "write_labels"]

LABEL_COLUMNS = ("study", "patient", "finding", "label", "label_source")
"""What `wetread dataset version` reads."""


def round_lines(drawn: RelabelRound, sampled: int) -> Iterator[str]:
    yield f"round {drawn.round_id}: {sampled} of {drawn.population} signed studies drawn, seed {drawn.seed}"
    yield f"{'site':<14} {'finding':<20} {'bucket':<14} {'studies':>7} {'drawn':>6}"
    for each in drawn.strata:
        yield f"{each.site:<14} {each.finding or '(all)':<20} {each.bucket:<14} {each.population:>7} {each.drawn:>6}"


def task_lines(task: RelabelTask, address: str) -> Iterator[str]:
    """Nothing of what the machine, the report or another reader said, nor why the study was drawn."""
    yield f"study {task.study_key}"
    yield f"page  {address}/studies/{task.study_key}"
    yield "The reading page shows you the film alone and takes your answers; the AI and the report come after them. Or answer here:"
    words = " ".join(f"{each}=positive|negative|uncertain" for each in task.findings)
    yield f"asked: {', '.join(concept(FindingName(each)).display for each in task.findings)}"
    yield f"wetread relabel answer {task.round_id} {task.study_key} {words} --as YOU"


def result_lines(result: RoundResult) -> Iterator[str]:
    yield (
        f"round {result.round_id}: {result.decided} of {result.drawn} drawn studies decided ({result.disputed} disputed), "
        f"{result.readers} readers; drawn from {result.population} signed studies"
    )
    if result.pending:
        yield f"{result.pending} are not decided: the numbers hold as far as those are like the others"
    for each in result.findings:
        yield from _finding(each)
    yield "95 % intervals. Weighted: each study counts 1 / its chance of being drawn (Hajek), patients as blocks."
    yield "Readers judged without the AI and the report; their agreement is that of a sample rich in disagreement."


def _finding(found: FindingResult) -> Iterator[str]:
    yield (
        f"\n{found.finding}: {found.positives} positive, {found.negatives} negative, {found.uncertain} uncertain"
        + (f"; {found.unread_by_model} without a calibrated read" if found.unread_by_model else "")
    )
    yield f"  readers' kappa   {_kappa(found.kappa)}"
    yield f"  Gwet's AC1       {_kappa(found.ac1)}"
    for name, rate, naive in (
        ("sensitivity", found.sensitivity, found.naive_sensitivity),
        ("specificity", found.specificity, found.naive_specificity),
    ):
        beside = "" if naive is None else f"; {NAIVE}: {naive:.3f}"
        yield f"  {name:<16} {_rate(rate)}{beside}"
    yield f"  signed labels that the readers overturned: {found.overturned} of {found.compared} (of the sample, not of all)"
    yield from (f"  not said: {each}" for each in found.refused)


def _kappa(found: Kappa | None) -> str:
    return "not said" if found is None else f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f}), {found.n} pairs"


def _rate(rate: Rate | None) -> str:
    return "not said" if rate is None else f"{rate.value:.3f} ({rate.low:.3f}-{rate.high:.3f}), n {rate.n}"


def write_labels(path: Path, tasks: Iterable[RelabelTask]) -> int:
    """CSV of LABEL_COLUMNS. Returns the number of rows."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(LABEL_COLUMNS)
        for task in tasks:
            for finding in task.findings:
                verdict = task.verdict(finding)
                if verdict is not None:
                    writer.writerow((task.study_key, task.patient, finding, verdict.value, "adjudicated"))
                    count += 1
    return count
