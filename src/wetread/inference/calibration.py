"""What `bundle.json` may state to turn a raw score into a probability: Platt, temperature, beta or isotonic, in plain arithmetic.

Platt 1999; Guo et al. 2017; Kull, Silva Filho & Flach 2017; Zadrozny & Elkan 2002. Every map is non-decreasing, or it is refused.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from wetread.inference.json_reader import JsonValue, Misfit

__all__ = ["Beta", "Calibration", "Isotonic", "Platt", "Temperature", "read_calibration"]


@dataclass(frozen=True, slots=True)
class Platt:
    """probability = sigmoid(slope * raw_score + intercept)"""

    slope: float
    intercept: float

    def apply(self, raw_score: float) -> float:
        """Calibrated probability, 0..1."""
        return _sigmoid(self.slope * raw_score + self.intercept)


@dataclass(frozen=True, slots=True)
class Temperature:
    """probability = sigmoid(raw_score / temperature)"""

    temperature: float

    def apply(self, raw_score: float) -> float:
        """Calibrated probability, 0..1."""
        return _sigmoid(raw_score / self.temperature)


@dataclass(frozen=True, slots=True)
class Beta:
    """probability = sigmoid(a ln s - b ln(1 - s) + c), s = sigmoid(raw_score)"""

    a: float
    b: float
    c: float

    def apply(self, raw_score: float) -> float:
        """Calibrated probability, 0..1."""
        return _sigmoid(self.b * _softplus(raw_score) - self.a * _softplus(-raw_score) + self.c)


@dataclass(frozen=True, slots=True)
class Isotonic:
    """Straight lines between knots, constant outside them."""

    raw_scores: tuple[float, ...]
    probabilities: tuple[float, ...]

    def apply(self, raw_score: float) -> float:
        """Calibrated probability, 0..1."""
        right = bisect_right(self.raw_scores, raw_score)
        if right == 0:
            return self.probabilities[0]
        if right == len(self.raw_scores):
            return self.probabilities[-1]
        left, low, high = right - 1, self.probabilities[right - 1], self.probabilities[right]
        share = (raw_score - self.raw_scores[left]) / (self.raw_scores[right] - self.raw_scores[left])
        return low + share * (high - low)


Calibration = Platt | Temperature | Beta | Isotonic


def read_calibration(spec: JsonValue) -> Calibration:
    """The map that a bundle states; raises Misfit that names the place."""
    spec["method"].one_of("platt", "temperature", "beta", "isotonic")
    match spec["method"].text():
        case "platt":
            return Platt(spec["slope"].number(low=0.0), spec["intercept"].number())
        case "temperature":
            return Temperature(spec["temperature"].number(low=1e-6))
        case "beta":
            return Beta(spec["a"].number(low=0.0), spec["b"].number(low=0.0), spec["c"].number())
    return _isotonic(spec)


def _isotonic(spec: JsonValue) -> Isotonic:
    raw_scores = tuple(each.number() for each in spec["raw_scores"].items(at_least=2))
    probabilities = tuple(each.number(0.0, 1.0) for each in spec["probabilities"].items(at_least=2))
    if len(raw_scores) != len(probabilities):
        raise Misfit(f"{spec.place}: as many probabilities as raw_scores are needed")
    if any(left >= right for left, right in pairwise(raw_scores)):
        raise Misfit(f"{spec.place}.raw_scores: must strictly ascend")
    if any(left > right for left, right in pairwise(probabilities)):
        raise Misfit(f"{spec.place}.probabilities: must not descend")
    return Isotonic(raw_scores, probabilities)


def _sigmoid(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1.0 + math.exp(logit))


def _softplus(value: float) -> float:
    return max(value, 0.0) + math.log1p(math.exp(-abs(value)))
