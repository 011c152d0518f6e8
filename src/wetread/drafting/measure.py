"""Numbers as a draft shows them: measured quantities from a closed list in UCUM units, and probabilities that never round across the limit they are compared with."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from wetread.domain.drafting_context import Measurement

__all__ = ["QUANTITIES", "amount", "decimals", "is_speakable", "probability_text", "quantity_of"]

_DECIMALS = {"1": 2, "%": 0, "mm": 1, "cm": 1}
"""Places after the decimal mark by UCUM unit: what a film allows, not what a program prints. From 10 mm on whole millimetres."""
_LENGTH = {"mm": 500.0, "cm": 50.0}
QUANTITIES: Mapping[str, Mapping[str, float]] = {
    "cardiothoracic_ratio": {"1": 1.0, "%": 100.0},
    "cardiac_diameter": _LENGTH,
    "thoracic_diameter": _LENGTH,
    "carina_distance": _LENGTH,
}
"""What may be said to have been measured: the UCUM units of each, with the largest amount that a chest has room for. Only a distance may be negative."""
_SIGNED = frozenset({"carina_distance"})
_FINEST = 20
"""Decimals that tell neighbouring doubles apart from 0.001 on."""
_STEPS = tuple(Decimal(1).scaleb(-places) for places in range(_FINEST + 1))


def quantity_of(measured: Measurement) -> str:
    """The key of its name: "Cardiothoracic ratio" gives "cardiothoracic_ratio"."""
    return "_".join(measured.name.lower().split())


def is_speakable(measured: Measurement) -> bool:
    """Is it a known quantity in one of its units, of a possible size?"""
    quantity = quantity_of(measured)
    largest = QUANTITIES.get(quantity, {}).get(measured.unit)
    return largest is not None and (-largest if quantity in _SIGNED else 0.0) <= measured.value <= largest


def amount(measured: Measurement, decimal_mark: str) -> str:
    """The value of a speakable measurement, half rounded up as people do: 0.565 gives "0.57"."""
    value = _rounded(Decimal(repr(measured.value)), _DECIMALS[measured.unit])
    if measured.unit == "mm" and abs(value) >= 10:
        value = _rounded(Decimal(repr(measured.value)), 0)
    return str(value).replace(".", decimal_mark)


@lru_cache(maxsize=1024)
def decimals(probability: float, limits: tuple[float, ...]) -> int:
    """How many decimals show it: two, three where two would show 0 or 1, or as many more as keep it on its side of every limit."""
    exact, fixed = Decimal(repr(probability)), [Decimal(repr(each)) for each in limits]
    fewest = 2 if _rounded(exact, 2) not in (0, 1) or exact in (0, 1) else 3
    for places in range(fewest, _FINEST):
        shown = _rounded(exact, places)
        if all(_order(exact, each) == _order(shown, _rounded(each, places)) for each in fixed):
            return places
    return _FINEST


@lru_cache(maxsize=1024)
def probability_text(value: float, places: int, decimal_mark: str) -> str:
    """0.3 with two places gives "0.30"; what would be shown as 0 or 1 and is neither gives "<0.001" or ">0.999"."""
    exact = Decimal(repr(value))
    shown = _rounded(exact, places)
    if shown == 0 < exact:
        text = f"<{_STEPS[places]}"
    elif shown == 1 > exact:
        text = f">{1 - _STEPS[places]}"
    else:
        text = str(shown)
    return text.replace(".", decimal_mark)


def _rounded(value: Decimal, places: int) -> Decimal:
    shown = value.quantize(_STEPS[places], ROUND_HALF_UP)
    return abs(shown) if shown == 0 else shown


def _order(left: Decimal, right: Decimal) -> int:
    return (left > right) - (left < right)
