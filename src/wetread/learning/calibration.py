"""One finding's raw logits on `val` to what a bundle states: a calibration chosen by cross-validation, and thresholds that keep a promise.

Both come from `evaluation` (calibration_fit, operating_points); a promise that the films cannot keep gives a threshold that calls nothing, and the reason.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from wetread.domain.errors import PermanentError
from wetread.evaluation.calibration_fit import CalibrationChoice, SlopePrior, choose_calibration, fit_platt
from wetread.evaluation.calibration_maps import PlattCalibration
from wetread.evaluation.inputs import Floats, Labels
from wetread.evaluation.logistic import logit
from wetread.evaluation.operating_points import ChosenPoint, false_alarm_point, sensitive_point, specific_point

__all__ = ["PROMISES", "Lent", "Promise", "calibrate_finding", "lend"]

_RULES: dict[str, Callable[[Floats, Floats, float, Labels], ChosenPoint]] = {
    "specificity": specific_point,
    "sensitivity": sensitive_point,
    "fp_per_100": false_alarm_point,
}
PROMISES = tuple(_RULES)


@dataclass(frozen=True, slots=True)
class Promise:
    """What a threshold must keep on the one-sided 95 % bound: a `specificity` or `sensitivity` (0..1), or at most `fp_per_100` studies."""

    kind: str
    level: float

    def __post_init__(self) -> None:
        if self.kind not in _RULES:
            raise ValueError(f"a promise is one of {', '.join(_RULES)}, not {self.kind!r}")

    @staticmethod
    def parse(text: str) -> "Promise":
        """`specificity=0.90`; raises ValueError."""
        kind, _, level = text.partition("=")
        return Promise(kind, float(level))


_SENSITIVE = Promise("sensitivity", 0.80)
_BUDGET = Promise("fp_per_100", 5.0)


_TRANSFER = 0.2
"""Standard deviation of the slope (per standard deviation of the logit) between networks of one recipe; half the weight where val has 25 positives."""


@dataclass(frozen=True, slots=True)
class Lent:
    """What networks that had not seen the films say of a finding on `n` of them: Platt's slope per standard deviation of the logit, and how common it is."""

    slope_per_sd: float
    n: int
    n_positive: int


def lend(truth: Floats, standard_logit: Floats) -> Lent | None:
    """Of (n,) 0/1 truth without unknowns and (n,) logits in standard deviations; None where these do not rank the finding forwards."""
    try:
        slope = fit_platt(truth, standard_logit).slope
    except PermanentError:
        return None
    return Lent(slope, len(truth), int(truth.sum()))


def _chosen(truth: Floats, raw_score: Floats, patients: Labels, seed: int, lent: Lent | None) -> CalibrationChoice:
    """Where val has too few films for a choice: the slope drawn to the one lent, and the finding as common as it is in all films that count."""
    if lent is None:
        return choose_calibration(truth, raw_score, patients, seed=seed)
    spread = float(raw_score.std())
    basis = f"{lent.n_positive} of {lent.n} films that other networks of the recipe had not seen"
    prior = SlopePrior(lent.slope_per_sd / spread, _TRANSFER / spread, basis)
    chosen = choose_calibration(truth, raw_score, patients, seed=seed, prior=prior)
    if chosen.losses or not isinstance(chosen.calibration, PlattCalibration):
        return chosen
    n, n_positive = lent.n + chosen.n, lent.n_positive + chosen.n_positive
    there, here = logit(np.array([n_positive / n, chosen.n_positive / chosen.n]))
    moved = replace(chosen.calibration, intercept=chosen.calibration.intercept + float(there - here))
    return replace(chosen, calibration=moved, rule=f"{chosen.rule}; prevalence {n_positive} of {n} films")


def calibrate_finding(
    truth: Floats, raw_score: Floats, patients: Labels, promise: Promise, seed: int, lent: Lent | None = None
) -> dict[str, Any]:
    """Plain data for JSON: `calibration`, `choice` (rule and cross-validated losses), `operating_point` by `promise`, the prices of two others, counts.

    `truth` (n,) 0/1 without unknowns, `raw_score` (n,) logits, `patients` (n,). Raises PermanentError when one class is missing.
    The shift of the intercept to another prevalence is that of Saerens, Latinne & Decaestecker (2002), Neural Comput 14:21.
    """
    chosen = _chosen(truth, raw_score, patients, seed, lent)
    probability = chosen.calibration.apply(raw_score)
    cases = truth, probability, patients
    return {
        "calibration": {**chosen.calibration.to_document(), "n": chosen.n, "n_positive": chosen.n_positive},
        "choice": {"rule": chosen.rule, "losses": [asdict(each) for each in chosen.losses]},
        "operating_point": _point(promise, *cases),
        "sensitive_operating_point": _if_kept(_point(_SENSITIVE, *cases)),
        "budget_operating_point": _if_kept(_point(_BUDGET, *cases)),
        "val": {
            "n": chosen.n,
            "n_positive": chosen.n_positive,
            "patients_positive": len(set(patients[truth == 1].tolist())),
        },
    }


def _point(promise: Promise, truth: Floats, probability: Floats, patients: Labels) -> dict[str, Any]:
    try:
        point = _RULES[promise.kind](truth, probability, promise.level, patients)
    except PermanentError as error:
        return {"threshold": 1.0, "rule": f"none, so never called: {error}", "sensitivity": None, "specificity": None}
    alarms = point.false_positives_per_100_studies
    return {
        "threshold": point.threshold,
        "rule": f"{point.rule}, val",
        "bound": point.bound,
        "sensitivity": asdict(point.sensitivity),
        "specificity": asdict(point.specificity),
        "fp_per_100_films": alarms.per_100,
        "fp_per_100_films_interval": [alarms.low, alarms.high],
    }


def _if_kept(point: dict[str, Any]) -> dict[str, Any] | None:
    return point if point["sensitivity"] else None
