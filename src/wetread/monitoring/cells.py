"""Rows of the prediction log to the quality report: every cell of site, scanner, finding and model version with its numbers, subgroups, reliability and weekly trend."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from wetread.domain.quality import (
    NAIVE,
    WEIGHTED,
    CellKey,
    FrozenCell,
    Gap,
    QualityCell,
    QualityReference,
    QualityReport,
    ReliabilityBin,
    SliceRate,
    TrendPoint,
)
from wetread.evaluation.proportions import wilson
from wetread.evaluation.slices import UNKNOWN, SliceReport, rate_by_slice
from wetread.monitoring.adjudicated import FinishedRound, adjudicated
from wetread.monitoring.columns import CellColumns
from wetread.monitoring.evidence import drift_numbers, evidence_numbers
from wetread.monitoring.numbers import MIN_CASES, agreement_numbers, control_limits, practice_numbers, weekly_numbers
from wetread.monitoring.own_reads import own_reads

__all__ = ["TREND_WEEKS", "QualityLimits", "first_day_read", "quality_report", "subgroup_gaps"]

TREND_WEEKS = 12
_BINS = 10
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """`days` the window reaches back; `unmentioned_as` "negative" or "ignore"; `reference_studies` a cell's reference is made of; `tolerance` how far probabilities may be off (0..1)."""

    days: int = 28
    unmentioned_as: str = "negative"
    reference_studies: int = 500
    tolerance: float = 0.05


def first_day_read(today: date, limits: QualityLimits) -> date:
    """How far back the log must be read: the window, or the weeks of the trend."""
    return min(today - timedelta(days=limits.days), today - TREND_WEEKS * _WEEK)


def quality_report(
    cells: Mapping[CellKey, CellColumns],
    reference: QualityReference,
    limits: QualityLimits,
    made_at: datetime,
    left_out: Iterable[tuple[str, int]] = (),
    rounds: Sequence[FinishedRound] = (),
) -> QualityReport:
    """The cells that have a study in the window, from columns that reach back to `first_day_read`. `made_at`: aware; its date ends the window.

    `rounds`: finished relabelling; their verdicts stand beside the signed reports' labels, over all the columns.
    """
    since = (made_at.date() - timedelta(days=limits.days)).isoformat()
    frozen = {each.key: each for each in reference.cells}
    windows = {key: columns.since(since) for key, columns in cells.items()}
    found = tuple(
        _cell(key, cells[key], window, frozen.get(key), limits, made_at.date(), rounds)
        for key, window in windows.items()
        if len(window)
    )
    studies = {study for window in windows.values() for study in window.studies.tolist()}
    notes = [
        f"{key.finding} on {key.scanner}, site {key.site}, {key.model}: no reference yet, {len(cells[key])} of {limits.reference_studies} studies"
        for key, window in windows.items()
        if len(window) and key not in frozen
    ]
    return QualityReport(
        made_at, since, limits.days, limits.unmentioned_as, len(studies), found, tuple(left_out), tuple(notes)
    )


def _cell(
    key: CellKey,
    read: CellColumns,
    window: CellColumns,
    frozen: FrozenCell | None,
    limits: QualityLimits,
    today: date,
    rounds: Sequence[FinishedRound],
) -> QualityCell:
    drift, shares = drift_numbers(window, frozen)
    return QualityCell(
        key=key,
        studies=len(window),
        positive=int((window.truth == 1).sum()),
        negative=int((window.truth == 0).sum()),
        uncertain=int((window.labels == "uncertain").sum()) - window.conflicting,
        conflicting=window.conflicting,
        unmentioned=int((window.labels == "not_mentioned").sum()),
        truth_probability=float(window.truth_probability.min()),
        basis=WEIGHTED if window.sampled else NAIVE,
        numbers=(
            *agreement_numbers(window),
            *practice_numbers(window),
            *drift,
            *evidence_numbers(window, frozen, limits.tolerance),
        ),
        gaps=() if window.sampled else tuple(subgroup_gaps(window)),
        reliability=() if window.sampled else _reliability(window),
        trend=_trend(read, frozen, today),
        psi_shares=shares,
        adjudicated=adjudicated(key.finding, read, rounds),
        own=own_reads(read),
    )


def subgroup_gaps(window: CellColumns) -> Iterable[Gap]:
    """Axes with more than one group; a group below ten cases is withheld, with the next smallest where it could be got by subtraction."""
    known = window.where(window.labelled)
    for rate, label, right in (("sensitivity", 1, known.called), ("specificity", 0, ~known.called)):
        there = known.truth == label
        if there.sum() < 2 * MIN_CASES:
            continue
        for axis, names in (("sex", known.sex), ("age", known.age), ("view", known.view)):
            groups = names[there].tolist()
            if len(set(groups)) > 1:
                found = rate_by_slice(right[there], groups, known.patients[there], replicates=200)
                yield _gap(axis, rate, found)


def _gap(axis: str, rate: str, found: SliceReport) -> Gap:
    groups = []
    for each in sorted(found.slices, key=lambda each: (each.name == UNKNOWN, each.name != "<18", each.name)):
        if each.rate is None:
            groups.append(SliceRate(each.name, None, withheld=each.withheld))
        else:
            low, high = each.band or (each.rate.low, each.rate.high)
            groups.append(SliceRate(each.name, each.n, each.rate.value, low, high, each.p_worse))
    return Gap(axis, rate, found.overall.value, tuple(groups))


def _reliability(window: CellColumns) -> tuple[ReliabilityBin, ...]:
    """Equal-mass bins of at least ten cases."""
    known = window.where(window.labelled)
    bins = min(_BINS, len(known) // MIN_CASES)
    if not bins:
        return ()
    groups = np.array_split(np.argsort(known.probability, kind="stable"), bins)
    return tuple(
        ReliabilityBin(
            float(known.probability[each].mean()),
            float(known.truth[each].mean()),
            *wilson(float(known.truth[each].sum()), len(each)),
            len(each),
        )
        for each in groups
    )


def _trend(read: CellColumns, frozen: FrozenCell | None, today: date) -> tuple[TrendPoint, ...]:
    points = []
    for weeks_ago in range(TREND_WEEKS, 0, -1):
        first = today + timedelta(days=1) - weeks_ago * _WEEK
        week = read.since(first.isoformat()).before((first + _WEEK).isoformat())
        if len(week):
            index, critical, *_ = drift_numbers(week, frozen)[0]
            points.append(
                TrendPoint(first.isoformat(), (*weekly_numbers(week), index, critical, *control_limits(week, frozen)))
            )
    return tuple(points)
