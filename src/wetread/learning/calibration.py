"""One finding's raw logits on `val` to what a bundle states: a calibration chosen by cross-validation, and thresholds that keep a promise.

Both come from `evaluation` (calibration_fit, operating_points); a promise that the films cannot keep gives a threshold that calls nothing, and the reason.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from wetread.domain.errors import PermanentError
from wetread.evaluation.calibration_fit import choose_calibration
from wetread.evaluation.inputs import Floats, Labels
from wetread.evaluation.operating_points import ChosenPoint, false_alarm_point, sensitive_point, specific_point

__all__ = ["PROMISES", "Promise", "calibrate_finding"]

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


def calibrate_finding(
    truth: Floats, raw_score: Floats, patients: Labels, promise: Promise, seed: int
) -> dict[str, Any]:
    """Plain data for JSON: `calibration`, `choice` (rule and cross-validated losses), `operating_point` by `promise`, the prices of two others, counts.

    `truth` (n,) 0/1 without unknowns, `raw_score` (n,) logits, `patients` (n,). Raises PermanentError when one class is missing.
    """
    chosen = choose_calibration(truth, raw_score, patients, seed=seed)
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
