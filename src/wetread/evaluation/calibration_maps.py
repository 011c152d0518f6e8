"""What turns a raw score (a logit) into a probability: four frozen, non-decreasing maps that `bundle.json` can hold.

Platt 1999; temperature, Guo et al. 2017; beta, Kull, Silva Filho & Flach 2017; isotonic, Zadrozny & Elkan 2002.
Every map refuses numbers that would rank backwards or are not finite, however it was made.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wetread.evaluation.inputs import Floats
from wetread.evaluation.logistic import sigmoid

__all__ = [
    "BetaCalibration",
    "CalibrationMap",
    "IsotonicCalibration",
    "PlattCalibration",
    "TemperatureCalibration",
    "calibration_from_document",
    "log_sigmoids",
]

Document = dict[str, object]


@dataclass(frozen=True, slots=True)
class PlattCalibration:
    """probability = sigmoid(slope * raw_score + intercept), slope > 0. Source: Platt (1999), Advances in Large Margin Classifiers, 61."""

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        _require(
            _finite(self.slope, self.intercept) and self.slope > 0,
            "platt needs a finite slope > 0 and a finite intercept",
        )

    def apply(self, raw_score: ArrayLike) -> Floats:
        """(n,) raw scores to (n,) probabilities."""
        return sigmoid(self.slope * _raw(raw_score) + self.intercept)

    def to_document(self) -> Document:
        """JSON object."""
        return {"method": "platt", "slope": self.slope, "intercept": self.intercept}


@dataclass(frozen=True, slots=True)
class TemperatureCalibration:
    """probability = sigmoid(raw_score / temperature), temperature > 0. Source: Guo et al. (2017), ICML."""

    temperature: float

    def __post_init__(self) -> None:
        _require(_finite(self.temperature) and self.temperature > 0, "temperature needs a finite number > 0")

    def apply(self, raw_score: ArrayLike) -> Floats:
        """(n,) raw scores to (n,) probabilities."""
        return sigmoid(_raw(raw_score) / self.temperature)

    def to_document(self) -> Document:
        """JSON object."""
        return {"method": "temperature", "temperature": self.temperature}


@dataclass(frozen=True, slots=True)
class BetaCalibration:
    """probability = sigmoid(a ln s - b ln(1 - s) + c) with s = sigmoid(raw_score), a >= 0, b >= 0, not both 0. Source: Kull, Silva Filho & Flach (2017), AISTATS."""

    a: float
    b: float
    c: float

    def __post_init__(self) -> None:
        fits = _finite(self.a, self.b, self.c) and self.a >= 0 and self.b >= 0 and self.a + self.b > 0
        _require(fits, "beta needs finite a, b, c with a >= 0, b >= 0 and not both 0")

    def apply(self, raw_score: ArrayLike) -> Floats:
        """(n,) raw scores to (n,) probabilities."""
        log_s, minus_log_rest = log_sigmoids(_raw(raw_score))
        return sigmoid(self.a * log_s + self.b * minus_log_rest + self.c)

    def to_document(self) -> Document:
        """JSON object."""
        return {"method": "beta", "a": self.a, "b": self.b, "c": self.c}


@dataclass(frozen=True, slots=True)
class IsotonicCalibration:
    """Straight lines between (raw score, probability) knots, constant outside them; probabilities strictly inside 0..1. Source: Zadrozny & Elkan (2002), KDD."""

    raw_scores: tuple[float, ...]
    probabilities: tuple[float, ...]

    def __post_init__(self) -> None:
        _require(
            len(self.raw_scores) == len(self.probabilities) >= 2,
            "isotonic needs two or more knots, each with both numbers",
        )
        _require(_finite(*self.raw_scores, *self.probabilities), "isotonic needs finite knots")
        _require(bool((np.diff(self.raw_scores) > 0).all()), "isotonic needs strictly ascending raw scores")
        _require(bool((np.diff(self.probabilities) >= 0).all()), "isotonic probabilities must not descend")
        _require(
            self.probabilities[0] > 0 and self.probabilities[-1] < 1, "isotonic probabilities must lie inside 0 and 1"
        )

    def apply(self, raw_score: ArrayLike) -> Floats:
        """(n,) raw scores to (n,) probabilities."""
        return np.interp(_raw(raw_score), self.raw_scores, self.probabilities)

    def to_document(self) -> Document:
        """JSON object."""
        return {"method": "isotonic", "raw_scores": list(self.raw_scores), "probabilities": list(self.probabilities)}


CalibrationMap = PlattCalibration | TemperatureCalibration | BetaCalibration | IsotonicCalibration


def calibration_from_document(document: Mapping[str, object]) -> CalibrationMap:
    """The inverse of every `to_document`; raises ValueError that names the field. Source: definition (the bundle's schema)."""
    match document.get("method"):
        case "platt":
            return PlattCalibration(_number(document, "slope"), _number(document, "intercept"))
        case "temperature":
            return TemperatureCalibration(_number(document, "temperature"))
        case "beta":
            return BetaCalibration(*(_number(document, key) for key in ("a", "b", "c")))
        case "isotonic":
            return IsotonicCalibration(_numbers(document, "raw_scores"), _numbers(document, "probabilities"))
    raise ValueError("calibration method must be platt, temperature, beta or isotonic")


def log_sigmoids(raw_score: Floats) -> tuple[Floats, Floats]:
    """(ln s, -ln(1 - s)) of (n,) raw scores, for s = sigmoid(raw_score), without ever forming s. Source: definition."""
    return -np.logaddexp(0.0, -raw_score), np.logaddexp(0.0, raw_score)


def _raw(raw_score: ArrayLike) -> Floats:
    values = np.asarray(raw_score, dtype=np.float64)
    _require(bool(np.isfinite(values).all()), "raw_score holds NaN or infinity")
    return values


def _finite(*numbers: float) -> bool:
    return all(math.isfinite(each) for each in numbers)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)


def _number(document: Mapping[str, object], key: str) -> float:
    return _as_number(document.get(key), key)


def _numbers(document: Mapping[str, object], key: str) -> tuple[float, ...]:
    values = document.get(key)
    if not isinstance(values, list):
        raise ValueError(f"calibration {key} must be a list of numbers")
    return tuple(_as_number(each, key) for each in values)


def _as_number(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"calibration {key} must be a number")
    return float(value)
