"""Verdicts of finished relabelling rounds as the truth of a cell's studies, each with the chance with which it was drawn: a basis of its own beside agreement with signed reports.

Rounds are never pooled: a study's chance of being in any of several rounds is not kept for those that were not drawn.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from wetread.domain.quality import Adjudicated
from wetread.domain.relabelling import Answer, RelabelRound, RelabelTask
from wetread.monitoring.columns import CellColumns
from wetread.monitoring.numbers import weighted_rates
from wetread.ports.relabel_store import RelabelStore

__all__ = ["FinishedRound", "adjudicated", "rounds_since"]

_TRUTH = {Answer.POSITIVE: 1.0, Answer.NEGATIVE: 0.0, Answer.UNCERTAIN: float("nan")}


@dataclass(frozen=True, slots=True)
class FinishedRound:
    """`verdicts` by (study, finding): 1, 0 or NaN (the readers left it open), and the chance of being drawn, above 0 and up to 1."""

    round_id: str
    verdicts: Mapping[tuple[str, str], tuple[float, float]]


def rounds_since(store: RelabelStore, first: date) -> tuple[tuple[FinishedRound, ...], tuple[tuple[str, int], ...]]:
    """Rounds drawn on `first` or later (earlier ones hold no study received since), newest first: the finished ones, and (name, studies undecided) of the others."""
    finished, unfinished = [], []
    for drawn in store.relabel_rounds():
        if drawn.drawn_at.date() >= first:
            tasks = store.relabel_tasks(drawn.round_id)
            undecided = sum(not each.decided for each in tasks)
            if undecided:
                unfinished.append((drawn.round_id, undecided))
            else:
                finished.append(_finished(drawn, tasks))
    return tuple(finished), tuple(unfinished)


def _finished(drawn: RelabelRound, tasks: Iterable[RelabelTask]) -> FinishedRound:
    return FinishedRound(
        drawn.round_id,
        {
            (task.study_key, finding): (_TRUTH[verdict], task.inclusion_probability)
            for task in tasks
            for finding in drawn.findings
            if (verdict := task.verdict(finding)) is not None
        },
    )


def adjudicated(finding: str, columns: CellColumns, rounds: Iterable[FinishedRound]) -> tuple[Adjudicated, ...]:
    """What each round that looked at studies of these columns says of them."""
    return tuple(found for each in rounds if (found := _of_round(finding, columns, each)) is not None)


def _of_round(finding: str, columns: CellColumns, finished: FinishedRound) -> Adjudicated | None:
    verdicts = [finished.verdicts.get((study, finding)) for study in columns.studies.tolist()]
    drawn = columns.where(np.array([each is not None for each in verdicts], dtype=np.bool_))
    if not len(drawn):
        return None
    truth, chance = np.array([each for each in verdicts if each is not None], dtype=np.float64).T
    weighed = replace(drawn, truth=truth, truth_probability=chance)
    return Adjudicated(
        round_id=finished.round_id,
        first_day=str(drawn.days[0]),
        last_day=str(drawn.days[-1]),
        studies=len(drawn),
        positive=int((truth == 1).sum()),
        negative=int((truth == 0).sum()),
        uncertain=int(np.isnan(truth).sum()),
        truth_probability=float(chance.min()),
        numbers=weighted_rates(weighed.where(weighed.labelled)),
    )
