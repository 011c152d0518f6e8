"""Turns labels into targets: what an uncertain or unmentioned finding counts as is decided here, at training time, and nowhere earlier.

U-Ones, U-Zeros and U-Ignore are the policies of CheXpert (Irvin et al., AAAI 2019, section 3.1); a soft target stands between them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wetread.domain.finding import FindingName
from wetread.learning.datasets.labelled_film import DatasetError, Label, LabelledFilm

__all__ = ["U_IGNORE", "U_ONES", "U_ZEROS", "Policy", "soft", "targets"]


@dataclass(frozen=True, slots=True)
class Policy:
    """Targets of the two unclear states, each 0..1, or NaN to leave the film out of that finding's loss.

    `unmentioned=0` is the common reading "what the report does not name is not there"; it is a choice, so it is not the default.
    """

    uncertain: float = math.nan
    unmentioned: float = math.nan

    def __post_init__(self) -> None:
        for value in (self.uncertain, self.unmentioned):
            if not (math.isnan(value) or 0 <= value <= 1):
                raise DatasetError("A target lies between 0 and 1 (or is NaN: ignored). Choose another value.")

    def target(self, label: Label) -> float:
        """The target of one label."""
        states = {Label.POSITIVE: 1.0, Label.NEGATIVE: 0.0, Label.UNCERTAIN: self.uncertain}
        return states.get(label, self.unmentioned)


U_ONES = Policy(uncertain=1.0)
U_ZEROS = Policy(uncertain=0.0)
U_IGNORE = Policy()


def soft(value: float) -> Policy:
    """Uncertain findings get this target, 0..1."""
    return Policy(uncertain=value)


def targets(
    films: Sequence[LabelledFilm], policy: Policy, findings: Sequence[FindingName] = tuple(FindingName)
) -> NDArray[np.float32]:
    """(film, finding) float32 in 0..1, NaN where the film has no target; a finding the dataset was never asked about is always NaN."""
    table = np.full((len(films), len(findings)), np.nan, np.float32)
    for row, film in enumerate(films):
        for column, finding in enumerate(findings):
            if finding in film.labels:
                table[row, column] = policy.target(film.labels[finding])
    return table
