"""Has the model become worse by truths in which it had no part: the verdicts of finished relabelling rounds, and what readers said before they saw the AI. Readers who follow the AI miss what it misses,
so agreement with what they sign does not fall when the model does.

Verdicts are held against what the model states of itself, by the e-value that the rollout gates use on the effective sample (Kish 1965); each finished round is weighed once, whole, and its numbers do not
change from night to night. Own findings are no random share of all, so they are held against their own beginning, by the e-detector of the signed reports' alarms (Shin, Ramdas & Rinaldo 2023).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from itertools import zip_longest

import numpy as np

from wetread.domain.quality import BlindKey, BlindVerdict, CellKey, FrozenOwn, QualityReference
from wetread.domain.relabelling import Answer, RelabelRound, RelabelTask
from wetread.evaluation.inputs import Flags
from wetread.evaluation.proportions import clustered_rate, wilson
from wetread.evaluation.sequential import effective_counts, margin_prior, rate_e_value
from wetread.evaluation.verification import inverse_probability_accuracy
from wetread.monitoring.columns import CellColumns
from wetread.monitoring.evidence import rise_evidence
from wetread.monitoring.numbers import MIN_CASES
from wetread.monitoring.prediction_log import PredictionRow
from wetread.ports.relabel_store import RelabelStore

__all__ = [
    "ERRORS",
    "FALSE_ALARM",
    "MISSED",
    "OWN_BASIS",
    "VERDICTS",
    "WholeRound",
    "own_frozen_with",
    "own_verdicts",
    "pooled",
    "round_verdicts",
    "stated_budgets",
    "whole_rounds",
]

VERDICTS, OWN_BASIS = "verdicts", "own"
MISSED, FALSE_ALARM = "missed", "false_alarm"
ERRORS = (MISSED, FALSE_ALARM)
MIN_VERDICTS = 20
"""Patients of a kind below which a round says nothing of an error: the effective sample of fewer is mostly one or two heavy studies."""
_MARGINS = {MISSED: 0.10, FALSE_ALARM: 0.03}
_NIGHTS = 365
_LONGEST = timedelta(days=_NIGHTS)
_LEAST_EVIDENCE = 20.0
_TRUTH = {"positive": 1.0, "negative": 0.0}


@dataclass(frozen=True, slots=True)
class WholeRound:
    """A finished round with every task; `days` since the round before it was drawn, 1 to 365: the part of a year whose false alarms it may spend."""

    drawn: RelabelRound
    tasks: tuple[RelabelTask, ...]
    days: int


def whole_rounds(store: RelabelStore, back: timedelta = _LONGEST) -> tuple[WholeRound, ...]:
    """Finished rounds drawn within `back` of the newest one, newest first."""
    drawn = store.relabel_rounds()
    found = []
    for each, before in zip_longest(drawn, drawn[1:]):
        if drawn[0].drawn_at - each.drawn_at > back:
            break
        tasks = tuple(store.relabel_tasks(each.round_id))
        days = (each.drawn_at - before.drawn_at).days if before else _NIGHTS
        if tasks and all(task.decided for task in tasks):
            found.append(WholeRound(each, tasks, min(max(days, 1), _NIGHTS)))
    return tuple(found)


def round_verdicts(
    rounds: Sequence[WholeRound], budgets: Mapping[BlindKey, tuple[float, float]], false_alarms_per_year: float
) -> tuple[BlindVerdict, ...]:
    """Of each key in use the newest round that drew studies of it. `budgets`: by key the rates of misses and of false alarms that the model states.

    At a site a round may ring falsely as often as the days since the round before allow, at most once in twenty; what it can judge shares that.
    """
    found: dict[BlindKey, tuple[WholeRound, list[BlindVerdict]]] = {}
    for each in rounds:
        for key, cases in _cases(each).items():
            if key in budgets and key not in found:
                found[key] = each, [_of_round(key, each, cases, error, budgets[key]) for error in ERRORS]
    judged = Counter(
        (each.drawn.round_id, key.site)
        for key, (each, said) in found.items()
        for one in said
        if one.evidence is not None
    )
    return tuple(
        replace(one, needed=judged[each.drawn.round_id, key.site] / _share(each, false_alarms_per_year))
        if one.evidence is not None
        else one
        for key, (each, said) in sorted(found.items(), key=lambda item: _order(item[0]))
        for one in said
    )


def _share(of: WholeRound, false_alarms_per_year: float) -> float:
    return min(1 / _LEAST_EVIDENCE, false_alarms_per_year * of.days / _NIGHTS)


_Case = tuple[RelabelTask, bool, Answer]


def _cases(of: WholeRound) -> Mapping[BlindKey, list[_Case]]:
    """(task, called, verdict) of what the model read, by whose it is."""
    found: dict[BlindKey, list[_Case]] = {}
    for task in sorted(of.tasks, key=lambda each: each.study_key):
        for call in task.calls:
            verdict = task.verdict(call.finding) if call.finding in task.findings else None
            if verdict is not None:
                key = BlindKey(task.site, call.finding, call.model)
                found.setdefault(key, []).append((task, call.called, verdict))
    return found


def _of_round(
    key: BlindKey, of: WholeRound, cases: Sequence[_Case], error: str, budgets: tuple[float, float]
) -> BlindVerdict:
    sick = Answer.POSITIVE if error == MISSED else Answer.NEGATIVE
    clear = [each for each in cases if each[2] is not Answer.UNCERTAIN]
    there = [each for each in clear if each[2] is sick]
    first = {task.patient: (task, called) for task, called, _ in reversed(there)}
    limit = budgets[ERRORS.index(error)]
    said = BlindVerdict(
        key, VERDICTS, error, len(there), limit, round_id=of.drawn.round_id, since=f"{of.drawn.drawn_at:%Y-%m-%d}"
    )
    if len(first) < MIN_VERDICTS:
        return replace(said, refused=f"too few: {len(first)} of the {MIN_VERDICTS} patients that a round needs")
    accuracy = inverse_probability_accuracy(
        np.array([called for _, called, _ in clear]),
        np.ones(len(clear), dtype=np.bool_),
        np.array([float(verdict is Answer.POSITIVE) for _, _, verdict in clear]),
        np.array([task.inclusion_probability for task, _, _ in clear]),
        np.array([task.patient for task, _, _ in clear], dtype=np.str_),
    )
    rate = accuracy.sensitivity if error == MISSED else accuracy.specificity
    calls = {called for _, called, _ in clear}
    if rate is None or len(calls) < 2:
        return replace(said, refused="not known: all studies drawn were called, or none was")
    wrong = np.array([called is (error == FALSE_ALARM) for _, called in first.values()])
    weight = np.array([1 / task.inclusion_probability for task, _ in first.values()])
    events, n = effective_counts(wrong, weight)
    evidence = rate_e_value(events, n, limit, margin_prior(limit, _MARGINS[error]))
    return replace(said, rate=1 - rate.value, low=1 - rate.high, high=1 - rate.low, evidence=evidence)


def pooled(cells: Mapping[CellKey, CellColumns]) -> dict[BlindKey, CellColumns]:
    """The cells of a site, finding and model over all scanners, oldest study first."""
    found: dict[BlindKey, list[CellColumns]] = {}
    for key, columns in cells.items():
        found.setdefault(BlindKey(key.site, key.finding, key.model), []).append(columns)
    return {key: parts[0] if len(parts) == 1 else _joined(parts) for key, parts in found.items()}


def _joined(parts: Sequence[CellColumns]) -> CellColumns:
    whole = CellColumns(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(CellColumns)))
    order = np.lexsort((whole.studies, whole.days))
    return CellColumns(*(getattr(whole, each.name)[order] for each in fields(CellColumns)))


def own_frozen_with(
    reference: QualityReference, cells: Mapping[BlindKey, CellColumns], studies: int
) -> QualityReference:
    """The reference with each key that is not in it yet and has `studies` clear own findings, one study a patient: the oldest ones, to the end of the day on which there are enough."""
    known = {each.key for each in reference.own}
    new = [
        _frozen(key, said, studies)
        for key, columns in cells.items()
        if key not in known and len(said := _said(columns)) >= studies
    ]
    return replace(reference, own=(*reference.own, *new)) if new else reference


def _said(columns: CellColumns) -> CellColumns:
    """With what readers said blind as the truth, one study a patient; those left open are out."""
    truth = np.array([_TRUTH.get(each, np.nan) for each in columns.own.tolist()], dtype=np.float64)
    blind = replace(columns, truth=truth, truth_probability=np.ones(len(columns)))
    return blind.where(blind.labelled).first_of_each_patient()


def _frozen(key: BlindKey, said: CellColumns, studies: int) -> FrozenOwn:
    last_day = str(said.days[studies - 1])
    first = said.where(said.days <= last_day)
    sick = first.truth == 1
    return FrozenOwn(
        key,
        str(first.days[0]),
        last_day,
        int((sick & ~first.called).sum()),
        int(sick.sum()),
        int((~sick & first.called).sum()),
        int((~sick).sum()),
    )


def own_verdicts(
    cells: Mapping[BlindKey, CellColumns],
    reference: QualityReference,
    studies: int,
    since: str,
    false_alarms_per_year: float,
    days: int,
) -> tuple[BlindVerdict, ...]:
    """Own findings after the reference and from `since` (ISO) on, of each key that has any. `studies`: what a reference is made of; `days`: length of the window."""
    frozen = {each.key: each for each in reference.own}
    found = [
        _of_own(key, columns, frozen.get(key), error, studies, since)
        for key, columns in sorted(cells.items(), key=lambda item: _order(item[0]))
        if (columns.own != "").any()
        for error in ERRORS
    ]
    judged = Counter(each.key.site for each in found if each.evidence is not None)
    least = max(_LEAST_EVIDENCE, _NIGHTS / days / false_alarms_per_year)
    return tuple(
        each if each.evidence is None else replace(each, needed=least * judged[each.key.site]) for each in found
    )


def _of_own(
    key: BlindKey, columns: CellColumns, frozen: FrozenOwn | None, error: str, studies: int, since: str
) -> BlindVerdict:
    missed = error == MISSED
    if frozen is None:
        n = len(_said(columns))
        why = f"no reference yet: {n} of {studies} patients whose reader said something clear before seeing the AI"
        return BlindVerdict(key, OWN_BASIS, error, n, refused=why)
    later = _said(columns.after(frozen.last_day).since(since))
    kind = later.where(later.truth == (1.0 if missed else 0.0))
    wrong: Flags = ~kind.called if missed else kind.called
    before = (frozen.missed, frozen.positives) if missed else (frozen.false_alarms, frozen.negatives)
    said = BlindVerdict(key, OWN_BASIS, error, len(kind), since=str(kind.days[0]) if len(kind) else "")
    if min(len(kind), before[1]) < MIN_CASES:
        why = f"too few: {len(kind)} patients now and {before[1]} in the reference, {MIN_CASES} are needed on each side"
        return replace(said, refused=why)
    limit, rate = wilson(*before)[1], clustered_rate(wrong, kind.patients)
    evidence = rise_evidence(wrong, limit)
    return replace(said, limit=limit, rate=rate.value, low=rate.low, high=rate.high, evidence=evidence)


def _order(key: BlindKey) -> tuple[str, str, str]:
    return key.site, key.finding, key.model


def stated_budgets(rows: Iterable[PredictionRow], in_use: Iterable[CellKey]) -> dict[BlindKey, tuple[float, float]]:
    """By key in use the rates of misses and of false alarms that its model states; the newest row's where versions of a bundle differ."""
    wanted = {BlindKey(each.site, each.finding, each.model) for each in in_use}
    found = {BlindKey(row.site, row.finding, row.model): row for row in sorted(rows, key=lambda each: each.date)}
    return {key: (row.miss_budget, row.false_positive_budget) for key, row in found.items() if key in wanted}
