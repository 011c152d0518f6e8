"""One finding's cases to every number that may be said of them, each with its n and interval, or the reason why it may not be said."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from wetread.domain.errors import PermanentError
from wetread.evaluation.calibration_curve import CalibrationDistances, calibration_distances
from wetread.evaluation.calibration_error import (
    MIN_CASES_FOR_ECE,
    CalibrationLine,
    Corp,
    NullDistribution,
    brier,
    brier_skill,
    calibration_line,
    corp,
    ece,
    ece_debiased,
    null_distribution,
    smooth_ece,
)
from wetread.evaluation.discrimination import AurocEstimate, PairedAuroc, auroc_estimate, compare_aurocs
from wetread.evaluation.inputs import Flags, Floats, Places
from wetread.evaluation.operating_points import ChosenPoint, point_at
from wetread.evaluation.paired_rates import PairedRates, paired_rates
from wetread.evaluation.precision_recall import AveragePrecision, average_precision_estimate
from wetread.evaluation.resample import bootstrap_weights, percentile_interval, score_table
from wetread.evaluation.slices import SliceReport, rate_by_slice
from wetread.scorecard.predictions import FindingRows, select

__all__ = [
    "AxisReport",
    "Calibration",
    "FindingScore",
    "ModelDifference",
    "compare_models",
    "score_finding",
    "time_split",
]

_T = TypeVar("_T")
_LARGEST_FOR_NULL = 20_000
"""Above this many cases the upward bias of a binned ECE is below 0.005 and its null distribution is not worth its time."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """None where `refused` in the score says why. `ece` comes beside what a perfectly calibrated model would show by chance."""

    brier: float
    skill: float
    corp: Corp
    corp_null: NullDistribution | None
    """Of the miscalibration part."""
    distances: CalibrationDistances | None
    line: CalibrationLine | None
    ece: float | None
    ece_null: NullDistribution | None
    ece_debiased: float | None
    smooth_ece: float


@dataclass(frozen=True, slots=True)
class AxisReport:
    """Sensitivity among positives and specificity among negatives by the groups of one axis, at the threshold."""

    axis: str
    sensitivity: SliceReport | None
    specificity: SliceReport | None


@dataclass(frozen=True, slots=True)
class FindingScore:
    """`refused` lists what is not said and why. `threshold` is what calls were made at, None where none was given."""

    finding: str
    n: int
    positives: int
    patients: int
    uncertain: int
    unlabelled: int
    threshold: float | None
    auroc: AurocEstimate | None
    average_precision: AveragePrecision | None
    point: ChosenPoint | None
    calibration: Calibration | None
    axes: tuple[AxisReport, ...]
    refused: tuple[str, ...]

    @property
    def prevalence(self) -> float:
        return self.positives / self.n if self.n else float("nan")


@dataclass(frozen=True, slots=True)
class ModelDifference:
    """First model minus second on the studies both read: AUROC (paired DeLong, clustered), Brier score (bootstrap over patients; below 0 the first is better), and the rates of each at its own threshold, None without thresholds."""

    finding: str
    n: int
    auroc: PairedAuroc | None
    brier: tuple[float, float, float] | None
    sensitivity: PairedRates | None
    specificity: PairedRates | None
    refused: tuple[str, ...]


class _Attempts:
    """Collects the reasons of what cannot be said."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    def __call__(self, what: str, work: Callable[[], _T]) -> _T | None:
        try:
            return work()
        except PermanentError as error:
            self.refused.append(f"{what}: {error}")
            return None


def score_finding(
    rows: FindingRows, threshold: float | None = None, *, slices: bool = True, seed: int = 7
) -> FindingScore:
    """Every number of one finding. `threshold` overrides the file's; where a file gives several, calls are made at each row's own."""
    attempt = _Attempts()
    called, stated = _called(rows, threshold)
    patients = rows.patients
    if stated is None and (why := _no_point(rows)):
        attempt.refused.append(why)
    return FindingScore(
        finding=rows.finding,
        n=len(rows.truth),
        positives=int(rows.truth.sum()),
        patients=len(np.unique(patients)),
        uncertain=rows.uncertain,
        unlabelled=rows.unlabelled,
        threshold=stated,
        auroc=attempt("AUROC", lambda: auroc_estimate(rows.truth, rows.probability, patients)),
        average_precision=attempt(
            "average precision", lambda: average_precision_estimate(rows.truth, rows.probability, patients, seed=seed)
        ),
        point=None
        if stated is None
        else attempt("operating point", lambda: point_at(rows.truth, rows.probability, stated, patients)),
        calibration=attempt("calibration", lambda: _calibration(rows, attempt, seed)),
        axes=tuple(_axis(rows, called, name, seed) for name in rows.axes) if slices and called is not None else (),
        refused=tuple(attempt.refused),
    )


def compare_models(
    first: FindingRows, second: FindingRows, thresholds: tuple[float | None, float | None] = (None, None), seed: int = 7
) -> ModelDifference:
    """Paired on the studies that both files hold; raises PermanentError ('conflicting_labels') when the two disagree on the truth of one."""
    attempt = _Attempts()
    _, at_first, at_second = np.intersect1d(first.studies, second.studies, assume_unique=True, return_indices=True)
    a, b = (select(rows, _flags(len(rows.truth), at)) for rows, at in ((first, at_first), (second, at_second)))
    order_a, order_b = np.argsort(a.studies), np.argsort(b.studies)
    truth, other = a.truth[order_a], b.truth[order_b]
    if (truth != other).any():
        raise PermanentError(
            f"{first.finding}: {int((truth != other).sum())} studies have one label in the first file and another in the second",
            code="conflicting_labels",
        )
    probabilities = a.probability[order_a], b.probability[order_b]
    patients = a.patients[order_a]
    calls = [_called(rows, threshold)[0] for rows, threshold in zip((a, b), thresholds, strict=True)]
    right = [
        None if each is None else each[order] == truth for each, order in zip(calls, (order_a, order_b), strict=True)
    ]

    def rate(name: str, label: float) -> PairedRates | None:
        one, another = right
        if one is None or another is None:
            return None
        there = truth == label
        return attempt(name, lambda: paired_rates(one[there], another[there], patients[there]))

    return ModelDifference(
        first.finding,
        len(truth),
        attempt("AUROC difference", lambda: compare_aurocs(truth, *probabilities, patients)),
        attempt("Brier difference", lambda: _brier_difference(truth, probabilities, patients, seed)),
        rate("sensitivity difference", 1.0),
        rate("specificity difference", 0.0),
        tuple(attempt.refused),
    )


def time_split(rows: FindingRows, first_day: str) -> tuple[FindingRows, FindingRows, int]:
    """Cases before and from `first_day` (ISO) on, and how many later cases were left out because their patient was already seen before it.

    Raises PermanentError 'bad_predictions' when a case has no date, or one that is not ISO: others sort wrongly.
    """
    if (rows.dates == "").any():
        raise PermanentError(
            f"{rows.finding}: {int((rows.dates == '').sum())} studies have no date, so no split by time",
            code="bad_predictions",
        )
    wrong = [each for each in np.unique(rows.dates).tolist() if not _is_day(each)]
    if wrong:
        raise PermanentError(
            f"{rows.finding}: {', '.join(wrong[:3])} is no ISO date (2026-03-01, or with a time behind it), so no split by time",
            code="bad_predictions",
        )
    before = rows.dates < first_day
    known = np.isin(rows.patients, np.unique(rows.patients[before]))
    return select(rows, before), select(rows, ~before & ~known), int((~before & known).sum())


def _is_day(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}([T ].*)?", text):
        return False
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def _no_point(rows: FindingRows) -> str:
    """Why no threshold can be stated for all cases; "" where the file has none at all."""
    lacking = int(np.isnan(rows.threshold).sum())
    if lacking in (0, len(rows.threshold)):
        several = len(np.unique(rows.threshold))
        return f"operating point: the file holds {several} thresholds; name one with --threshold" if not lacking else ""
    return f"operating point: {lacking} of {len(rows.threshold)} studies have no threshold; name one with --threshold"


def _called(rows: FindingRows, threshold: float | None) -> tuple[Flags | None, float | None]:
    """(n,) calls and the one threshold they were made at; several thresholds give calls without one."""
    if threshold is not None:
        return rows.probability >= threshold, threshold
    if np.isnan(rows.threshold).any() or not len(rows.threshold):
        return None, None
    stated = np.unique(rows.threshold)
    return rows.probability >= rows.threshold, float(stated[0]) if len(stated) == 1 else None


def _calibration(rows: FindingRows, attempt: _Attempts, seed: int) -> Calibration:
    truth, probability = rows.truth, rows.probability
    enough = len(truth) >= MIN_CASES_FOR_ECE
    if not enough:
        attempt.refused.append(f"ECE: {len(truth)} cases; below {MIN_CASES_FOR_ECE} it measures mostly its own bias")
    with_null = enough and len(truth) <= _LARGEST_FOR_NULL
    return Calibration(
        brier(truth, probability),
        brier_skill(truth, probability),
        corp(truth, probability),
        attempt("miscalibration by chance", lambda: _by_chance(lambda y, p: corp(y, p).miscalibration, rows, seed))
        if with_null
        else None,
        attempt(
            "largest calibration error", lambda: calibration_distances(truth, probability, rows.patients, seed=seed)
        ),
        attempt(
            "calibration slope", lambda: calibration_line(truth, np.clip(probability, 1e-6, 1 - 1e-6), rows.patients)
        ),
        ece(truth, probability) if enough else None,
        attempt("ECE by chance", lambda: _by_chance(ece, rows, seed)) if with_null else None,
        attempt("debiased ECE", lambda: ece_debiased(truth, probability)),
        smooth_ece(truth, probability),
    )


def _by_chance(statistic: Callable[[Floats, Floats], float], rows: FindingRows, seed: int) -> NullDistribution:
    return null_distribution(statistic, rows.truth, rows.probability, seed=seed, replicates=200)


def _axis(rows: FindingRows, called: Flags, name: str, seed: int) -> AxisReport:
    reports = []
    for label, right in ((1.0, called), (0.0, ~called)):
        there = rows.truth == label
        groups = rows.axes[name][there].tolist()
        reports.append(rate_by_slice(right[there], groups, rows.patients[there], seed=seed) if there.any() else None)
    return AxisReport(name, reports[0], reports[1])


def _brier_difference(
    truth: Floats,
    probabilities: tuple[Floats, ...],
    patients: NDArray[np.str_],
    seed: int,
) -> tuple[float, float, float]:
    tables = [score_table(truth, each, patients, seed=seed) for each in probabilities]
    weights = bootstrap_weights(len(tables[0].positive), seed=seed)
    drawn = tables[0].brier(weights) - tables[1].brier(weights)
    value = float(tables[0].brier()[0] - tables[1].brier()[0])
    return (value, *percentile_interval(drawn))


def _flags(count: int, places: Places) -> Flags:
    chosen = np.zeros(count, dtype=np.bool_)
    chosen[places] = True
    return chosen
