"""Prediction logs with a known model: probabilities that are right (or off by a known shift), readers who agree with the truth, patients who come back."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from wetread.domain.quality import QualityReference, QualityReport
from wetread.monitoring.cells import QualityLimits, quality_report
from wetread.monitoring.columns import cell_columns
from wetread.monitoring.prediction_log import PredictionRow
from wetread.monitoring.reference import frozen_with

__all__ = ["MADE_AT", "Feed", "a_simulated_report", "rows_of"]

MADE_AT = datetime(2026, 3, 2, 3, tzinfo=UTC)
"""When the reports of these logs are made; the last day of a log is the day before."""


@dataclass(frozen=True)
class Feed:
    """`per_day` studies for `days` days, ending the day before `MADE_AT`. `prior` is the Beta of the true probabilities, `shift` moves what the model states on the logit scale,
    `score_shift` moves its raw scores, `missed` turns so large a share of calls of the sick into silence; all three from `since` days before the end on.

    `dropped` is the share of right calls that readers strike out all the same.
    """

    site: str = "north"
    scanner: str = "P1"
    finding: str = "effusion"
    model: str = "phantom-net 1.0.0"
    days: int = 84
    per_day: int = 20
    prior: tuple[float, float] = (0.6, 2.4)
    threshold: float = 0.15
    shift: float = 0.0
    score_shift: float = 0.0
    missed: float = 0.0
    dropped: float = 0.0
    since: int = 28
    seed: int = 1
    truth_probability: float = 1.0
    last: date = MADE_AT.date() - timedelta(days=1)


def a_simulated_report(made_at: datetime) -> QualityReport:
    """Two scanners and eight findings, one of them missed more often of late, one stated too high: for looking at, not for measuring anything."""
    names = ("effusion", "pneumothorax", "cardiomegaly", "consolidation", "nodule", "atelectasis", "edema", "fracture")
    last = made_at.date() - timedelta(days=1)
    busy = (
        Feed(finding=name, seed=seed, per_day=30, missed=0.3 * (seed == 1), shift=0.8 * (seed == 3), last=last)
        for seed, name in enumerate(names)
    )
    quiet = (Feed(scanner="P2", per_day=3, finding=name, seed=40 + seed, last=last) for seed, name in enumerate(names))
    cells, limits = cell_columns(rows_of(*busy, *quiet)), QualityLimits()
    reference = frozen_with(QualityReference(), cells, limits.reference_studies)
    return quality_report(cells, reference, limits, made_at)


def rows_of(*feeds: Feed) -> list[PredictionRow]:
    return [row for feed in feeds for row in _rows(feed)]


def _rows(feed: Feed) -> list[PredictionRow]:
    random = np.random.default_rng(feed.seed)
    rows = []
    for number in range(feed.days * feed.per_day):
        back = feed.days - 1 - number // feed.per_day
        late = back < feed.since
        real = float(np.clip(random.beta(*feed.prior), 1e-4, 1 - 1e-4))
        sick = bool(random.random() < real)
        logit = float(np.log(real / (1 - real))) + (feed.shift + feed.score_shift if late else 0.0)
        if late and sick and random.random() < feed.missed:
            logit = -3.0
        probability = float(1 / (1 + np.exp(-logit)))
        struck = late and probability >= feed.threshold and random.random() < feed.dropped
        patient = f"{feed.scanner}{int(number * 0.9)}"
        rows.append(
            PredictionRow(
                study=f"{feed.scanner}{number:06d}",
                patient=patient,
                finding=feed.finding,
                probability=probability,
                label="not_mentioned" if struck or not sick else "positive",
                label_source="none" if struck or not sick else "structured",
                threshold=feed.threshold,
                model=feed.model,
                site=feed.site,
                manufacturer="Acme",
                scanner=feed.scanner,
                view="AP" if random.random() < 0.3 else "PA",
                sex="F" if random.random() < 0.5 else "M",
                age=int(random.integers(18, 90)),
                date=(feed.last - timedelta(days=back)).isoformat(),
                turnaround_min=float(round(random.gamma(2.0, 20.0 if probability >= feed.threshold else 35.0), 1)),
                raw_score=logit,
                truth_probability=feed.truth_probability,
                edited=bool(random.random() < 0.4),
            )
        )
    return rows
