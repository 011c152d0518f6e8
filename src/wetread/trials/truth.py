"""Three answers, combined as Kleene's strong logic does: what is not known stays unknown until something else decides."""

from collections.abc import Iterable
from enum import StrEnum

__all__ = ["Truth", "all_of", "any_of", "opposite"]


class Truth(StrEnum):
    YES = "met"
    NO = "not met"
    UNKNOWN = "unknown"


def all_of(answers: Iterable[Truth]) -> Truth:
    """YES for none."""
    said = set(answers)
    return Truth.NO if Truth.NO in said else Truth.UNKNOWN if Truth.UNKNOWN in said else Truth.YES


def any_of(answers: Iterable[Truth]) -> Truth:
    """NO for none."""
    said = set(answers)
    return Truth.YES if Truth.YES in said else Truth.UNKNOWN if Truth.UNKNOWN in said else Truth.NO


def opposite(answer: Truth) -> Truth:
    return {Truth.YES: Truth.NO, Truth.NO: Truth.YES}.get(answer, Truth.UNKNOWN)
