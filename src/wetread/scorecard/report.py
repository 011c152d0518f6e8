"""The whole report as one frozen object and as JSON: what was measured, on which bytes, by which definitions."""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from wetread.scorecard.measure import FindingScore, ModelDifference

__all__ = ["DEFINITIONS", "DataFacts", "Report", "SplitScore", "to_json"]

DEFINITIONS = {
    "unit": "one row per study and finding; intervals are 95 % and take the patient as the unit wherever patients are given",
    "positive": "called positive if probability >= threshold",
    "auroc": "mid-rank; logit interval on DeLong's variance, on Obuchowski's (1997) for patients with several studies, Student's t below 50 of a class; not said below 10 positives or 10 negatives",
    "average_precision": "step-wise area under precision and recall; percentile bootstrap over patients; its floor is the prevalence beside it",
    "sensitivity, specificity": "Wilson's interval on the effective n of the ratio estimator",
    "fp_per_100_studies": "100 x false positives / all labelled studies, exact Poisson interval; not 1 - specificity",
    "ece": "10 equal-width left-closed bins on P(finding), weighted absolute gap; beside it the mean and 95th percentile that a perfectly calibrated model with these probabilities would show; not said below 200 cases",
    "ece_debiased": "root of the debiased squared gap over 15 equal-mass bins (Kumar 2019)",
    "smooth_ece": "Blasiok & Nakkiran 2023, no bins",
    "brier": "mean squared error; skill: 1 - Brier / that of always stating the prevalence; CORP parts: miscalibration - discrimination + uncertainty, the first beside what a perfectly calibrated model would show",
    "distances": "E-max, E90, E50, E-avg (Harrell; E-avg is the integrated calibration index): largest, 90th percentile, median and mean over the cases of |probability - smooth observed share|, the curve being local lines over the nearest two thirds of the cases (Cleveland 1979, no robustness steps); E-avg with an interval from draws of patients, down to 0 where a perfectly calibrated model shows as much; the others without (`reason`); not said below 200 cases or 20 of a class",
    "reliability": "binned: equal-mass bins, Wilson's interval around each observed share, and behind it the bar in which 95 % of the shares of a perfectly calibrated model with these probabilities would lie (Bröcker & Smith 2007); CORP: isotonic recalibration without bins, with the pointwise 95 % band of a perfectly calibrated model, and faint the smooth curve (Dimitriadis, Gneiting & Jordan 2021); bars and bands take cases as independent",
    "calibration_line": "logit P(y) = intercept + slope x logit(probability); in the large: intercept at slope 1; 0 and 1 are perfect; errors by the sandwich over patients",
    "slices": "groups below 10 cases are withheld, with the next smallest when it could be got by subtraction; p: one-sided, worse than all others together, Holm over the groups of one axis; bands: max-|t| bootstrap over patients, hold for all groups of an axis at once",
    "difference": "first model minus second on the studies both read, paired; sensitivity and specificity each at its own threshold, p by Obuchowski's test (1998), which is McNemar's where nobody has two studies",
    "time_split": "a patient seen before the date does not count after it",
}


@dataclass(frozen=True, slots=True)
class DataFacts:
    """Which bytes. `uncertain_as` and `unmentioned_as` are the policies for uncertain labels and for findings that a report does not mention; `ignored` columns were not used."""

    file: str
    sha256: str
    rows: int
    has_patients: bool
    uncertain_as: str
    unmentioned_as: str
    ignored: tuple[str, ...]
    model: str = ""


@dataclass(frozen=True, slots=True)
class SplitScore:
    """A finding on one part of the cases beside the rest: a hold-out in time, or one site against all others. `left_out`: later studies of patients already seen."""

    kind: str
    name: str
    part: FindingScore
    rest: FindingScore
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    made_on: str
    data: DataFacts
    findings: tuple[FindingScore, ...]
    splits: tuple[SplitScore, ...] = ()
    against: DataFacts | None = None
    differences: tuple[ModelDifference, ...] = ()
    absent: tuple[str, ...] = ()
    """Findings asked for, or in one file only, of which nothing can be said."""


def to_json(report: Report) -> str:
    """Strict JSON: what is not a number is null."""
    whole = {"definitions": DEFINITIONS, **asdict(report)}
    for score, row in zip(report.findings, whole["findings"], strict=True):
        row["prevalence"] = score.prevalence
    return json.dumps(_plain(whole), indent=1, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, bool) or value is None or isinstance(value, (str, int)):
        return value
    number = float(value)
    return number if math.isfinite(number) else None
