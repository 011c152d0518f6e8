"""Examples of what live monitoring measured."""

from typing import Any

from wetread.domain.quality import (
    NAIVE,
    Adjudicated,
    BlindKey,
    BlindVerdict,
    CellKey,
    FilmDrift,
    FrozenCell,
    FrozenFilms,
    FrozenOwn,
    FrozenTag,
    Gap,
    Number,
    OwnReads,
    QualityCell,
    QualityReport,
    ReliabilityBin,
    SliceRate,
    TagDrift,
    TrendPoint,
)
from wetread.testing.builders import NOON

__all__ = [
    "a_blind_verdict",
    "a_film_drift",
    "a_frozen_cell",
    "a_frozen_films",
    "a_frozen_own",
    "a_frozen_tag",
    "a_quality_cell",
    "a_quality_report",
    "a_tag_drift",
    "an_adjudicated",
    "some_own_reads",
]

_KEY = CellKey("north", "Acme P1", "effusion", "phantom-net 1.0.0")


def a_quality_cell(**changes: Any) -> QualityCell:
    sensitivity = Number("sensitivity", 40, 0.85, 0.71, 0.93)
    values: dict[str, Any] = {
        "key": _KEY,
        "studies": 240,
        "positive": 40,
        "negative": 198,
        "uncertain": 1,
        "conflicting": 1,
        "unmentioned": 150,
        "truth_probability": 1.0,
        "basis": NAIVE,
        "numbers": (
            sensitivity,
            Number("specificity", 198, 0.9, 0.85, 0.94),
            Number("ece", 180, refused="too few: 180 of the 200 cases that an ECE needs"),
            Number("psi", 220, 0.08),
            Number("psi_critical", 220, 0.09),
            Number("turnaround_called_min", 60, 31.0, 27.0, 36.0),
            Number("turnaround_not_called_min", 180, 55.0, 50.0, 61.0),
            Number("turnaround_missed_min", 6, refused="too few: 6 times: an interval of the median needs 20"),
        ),
        "gaps": (
            Gap(
                "sex",
                "sensitivity",
                0.85,
                (SliceRate("F", 22, 0.8, 0.6, 0.93, 0.4), SliceRate("O", None, withheld="fewer than 10 cases")),
            ),
        ),
        "reliability": (ReliabilityBin(0.05, 0.04, 0.01, 0.12, 60), ReliabilityBin(0.5, 0.45, 0.3, 0.6, 40)),
        "trend": (
            TrendPoint("2026-02-16", (sensitivity, Number("sensitivity_limits", 40, 0.95, 0.87, 1.0))),
            TrendPoint(
                "2026-02-23",
                (Number("sensitivity", 4, refused="too few: 4"), Number("sensitivity_limits", 4, 0.95, 0.6, 1.0)),
            ),
        ),
        "psi_shares": ((0.5, 0.45), (0.5, 0.55)),
        "adjudicated": (an_adjudicated(),),
        "own": some_own_reads(),
    }
    return QualityCell(**(values | changes))


def a_quality_report(**changes: Any) -> QualityReport:
    values: dict[str, Any] = {
        "made_at": NOON,
        "since": "2026-02-02",
        "days": 28,
        "unmentioned_as": "negative",
        "studies": 240,
        "cells": (a_quality_cell(),),
        "left_out": (("no model had read it when it was signed", 3),),
        "notes": (),
        "tags": (a_tag_drift(),),
        "films": (a_film_drift(),),
    }
    return QualityReport(**(values | changes))


def an_adjudicated(**changes: Any) -> Adjudicated:
    values: dict[str, Any] = {
        "round_id": "2026-q1",
        "first_day": "2025-12-10",
        "last_day": "2026-02-20",
        "studies": 90,
        "positive": 35,
        "negative": 52,
        "uncertain": 3,
        "truth_probability": 0.05,
        "numbers": (Number("sensitivity", 35, 0.74, 0.55, 0.87), Number("specificity", 52, 0.88, 0.76, 0.95)),
    }
    return Adjudicated(**(values | changes))


def some_own_reads(**changes: Any) -> OwnReads:
    values: dict[str, Any] = {
        "first_day": "2025-12-12",
        "last_day": "2026-02-27",
        "studies": 120,
        "positive": 30,
        "negative": 86,
        "uncertain": 4,
        "numbers": (Number("sensitivity", 30, 0.71, 0.53, 0.84), Number("signed_otherwise", 116, 0.06, 0.03, 0.12)),
    }
    return OwnReads(**(values | changes))


def a_blind_verdict(**changes: Any) -> BlindVerdict:
    values: dict[str, Any] = {
        "key": BlindKey(_KEY.site, _KEY.finding, _KEY.model),
        "basis": "verdicts",
        "error": "missed",
        "n": 35,
        "limit": 0.1,
        "rate": 0.26,
        "low": 0.13,
        "high": 0.45,
        "evidence": 12.5,
        "needed": 40.0,
        "round_id": "2026-q1",
        "since": "2026-02-21",
    }
    return BlindVerdict(**(values | changes))


def a_frozen_own(**changes: Any) -> FrozenOwn:
    values: dict[str, Any] = {"missed": 5, "positives": 60, "false_alarms": 20, "negatives": 440}
    return FrozenOwn(BlindKey(_KEY.site, _KEY.finding, _KEY.model), "2025-12-01", "2025-12-20", **(values | changes))


def a_tag_drift(**changes: Any) -> TagDrift:
    values: dict[str, Any] = {
        "site": _KEY.site,
        "model": _KEY.model,
        "tag": "view",
        "n": 220,
        "n_reference": 500,
        "distance": 0.2,
        "statistic": 25.5,
        "p": 4.4e-7,
        "shares": (("PA", 0.7, 0.5), ("AP", 0.3, 0.5)),
    }
    return TagDrift(**(values | changes))


def a_film_drift(**changes: Any) -> FilmDrift:
    values: dict[str, Any] = {
        "site": _KEY.site,
        "model": _KEY.model,
        "n": 210,
        "n_reference": 500,
        "mmd": 0.012,
        "p": 0.001,
        "auroc": 0.66,
        "low": 0.62,
        "high": 0.7,
    }
    return FilmDrift(**(values | changes))


def a_frozen_films(**changes: Any) -> FrozenFilms:
    days = ("2025-12-01", "2025-12-20")
    values: dict[str, Any] = {"studies": (("s" * 24, "p" * 24),)}
    return FrozenFilms(_KEY.site, _KEY.model, "a" * 64, *days, **(values | changes))


def a_frozen_tag(**changes: Any) -> FrozenTag:
    values: dict[str, Any] = {
        "site": _KEY.site,
        "model": _KEY.model,
        "tag": "view",
        "first_day": "2025-12-01",
        "last_day": "2025-12-20",
        "counts": (("AP", 150), ("PA", 350)),
    }
    return FrozenTag(**(values | changes))


def a_frozen_cell(**changes: Any) -> FrozenCell:
    values: dict[str, Any] = {
        "key": _KEY,
        "first_day": "2025-12-01",
        "last_day": "2025-12-20",
        "edges": (-1.5, 0.25),
        "counts": (100, 80, 40),
        "scores": (-2.5, -1.0, 0.5),
        "missed": 5,
        "positives": 42,
        "overridden": 30,
        "called": 67,
    }
    return FrozenCell(**(values | changes))
