"""Rows for the gates: deterministic, one patient each unless said otherwise."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from wetread.domain.finding import FindingName
from wetread.governance.cases import Case
from wetread.testing.builders import NOON

PNEUMOTHORAX, EFFUSION = FindingName.PNEUMOTHORAX, FindingName.EFFUSION


def cases(
    negatives: int = 0,
    false_positives: int = 0,
    positives: int = 0,
    misses: int = 0,
    *,
    finding: FindingName = PNEUMOTHORAX,
    days: float = 20.0,
    since: datetime = NOON,
    chance_of_negative: float = 1.0,
) -> tuple[Case, ...]:
    """Spread evenly over `days`, the events evenly among the others; well calibrated: a negative film has 0.05 (called 0.6), a positive 0.6 (missed 0.05)."""
    rows = []
    for n, events, truth in ((negatives, false_positives, False), (positives, misses, True)):
        for place in range(n):
            event = (place + 1) * events // n > place * events // n
            called = event != truth
            at = since + timedelta(days=days * (place + 1) / (n + 1))
            key = f"{truth}-{place:05}"
            chance = 1.0 if called else chance_of_negative
            rows.append(Case(key, key, at, finding, 0.6 if called else 0.05, called, truth, at, chance))
    return tuple(rows)


def calibrated(
    n: int, *, shift: float = 0.0, finding: FindingName = PNEUMOTHORAX, days: float = 20.0
) -> tuple[Case, ...]:
    """Probabilities on a grid of 0.05 to 0.45; the truth follows p + shift exactly, in a fixed order."""
    levels: Sequence[float] = (0.05, 0.15, 0.25, 0.35, 0.45)
    owed = dict.fromkeys(levels, 0.5)
    rows = []
    for place in range(n):
        stated = levels[place % len(levels)]
        owed[stated] += stated + shift
        truth = owed[stated] >= 1
        owed[stated] -= truth
        at = NOON + timedelta(days=days * (place + 1) / (n + 1))
        rows.append(Case(f"c{place:05}", f"c{place:05}", at, finding, stated, stated >= 0.4, truth, at))
    return tuple(rows)
