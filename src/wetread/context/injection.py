"""Decides how much a text from outside looks like an instruction to a machine: a score for the eye and for what leaves the text out, never the thing that keeps us safe.

What keeps us safe is structure: findings, triage, state and recipients are computed without any text from outside (tests/journey/test_injection.py).
"""

from dataclasses import dataclass

from wetread.context.injection_forms import readings
from wetread.context.injection_signs import SIGNS

__all__ = ["SUSPICION_LIMIT", "Suspicion", "suspicion"]

SUSPICION_LIMIT = 0.5
"""At or above it a text is not shown to a language model; a person still sees it."""

_DISGUISE_WEIGHT = 0.6
"""What was hidden and turned out to be an order was hidden on purpose."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """`score` 0 (plain information) to 1 (plain order to a machine); `signs` say what was seen, in our words only, most telling first."""

    score: float
    signs: tuple[str, ...]

    @property
    def suspicious(self) -> bool:
        """True at or above the limit."""
        return self.score >= SUSPICION_LIMIT


def suspicion(text: str) -> Suspicion:
    """Deterministic; never raises. Every sign counts once, with its greatest weight; together they add up as independent chances do."""
    weights: dict[str, float] = {}
    for reading in readings(text):
        for sign in SIGNS:
            if weights.get(sign.name, 0.0) < sign.weight and sign.is_in(reading.text):
                weights[sign.name] = sign.weight
                if reading.disguise:
                    weights[reading.disguise] = _DISGUISE_WEIGHT
    innocence = 1.0
    for weight in weights.values():
        innocence *= 1.0 - weight
    ranked = sorted(weights, key=lambda name: (-weights[name], name))
    return Suspicion(round(1.0 - innocence, 3), tuple(ranked))
