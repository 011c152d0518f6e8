"""What the gates look at: one row per study and finding that a version read. No identity: study keys, an opaque patient key, times."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from wetread.domain.finding import FindingName

__all__ = ["Case", "first_of_each_patient", "once_each"]


@dataclass(frozen=True, slots=True)
class Case:
    """`probability` 0..1 calibrated; `called`: at or above the operating point. `truth` None: not known (not signed, or left open in words); `known_at`: when it became known.

    `chance`: probability, 0 < p <= 1, with which the truth of a study of this result was looked for; 1 where every study is signed by a reader.
    """

    study: str
    patient: str
    read_at: datetime
    finding: FindingName
    probability: float
    called: bool
    truth: bool | None = None
    known_at: datetime | None = None
    chance: float = 1.0


def first_of_each_patient(cases: Iterable[Case]) -> tuple[Case, ...]:
    """The case of each patient that was known first, in the order in which they became known; cases of unknown truth are left out.

    A second film of a patient tells little that is new, and an e-process that counts it as independent rolls back more often than it says (docs/rollout.md has the figures).
    """
    known = [
        (each.known_at, each.study, each) for each in cases if each.truth is not None and each.known_at is not None
    ]
    return once_each(case for _, _, case in sorted(known, key=lambda each: each[:2]))


def once_each(cases: Iterable[Case]) -> tuple[Case, ...]:
    """Of cases in any order, the first of each patient."""
    first: dict[str, Case] = {}
    for case in cases:
        first.setdefault(case.patient, case)
    return tuple(first.values())
