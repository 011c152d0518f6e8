"""Which word of a dataset is which of our findings: the tables of `mapping.json`, and the count of words that have no counterpart."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from wetread.domain.finding import FindingName
from wetread.learning.datasets.labelled_film import Label
from wetread.learning.datasets.tables import Row

__all__ = ["Unmapped", "Vocabulary", "four_states", "listed", "vocabulary"]

Unmapped = Counter[str]
"""How often each of the dataset's words was met that no finding of ours stands for."""

_FOUR_STATES = {1.0: Label.POSITIVE, 0.0: Label.NEGATIVE, -1.0: Label.UNCERTAIN}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`findings`: word -> our findings. `normal`: words that deny all of them. `unlabelled`: words that say the film was not labelled."""

    findings: dict[str, tuple[FindingName, ...]]
    normal: frozenset[str] = field(default=frozenset())
    unlabelled: frozenset[str] = field(default=frozenset())

    @property
    def asked(self) -> tuple[FindingName, ...]:
        """The findings this dataset can speak of, in our order."""
        reachable = {name for names in self.findings.values() for name in names}
        return tuple(name for name in FindingName if name in reachable)


@cache
def vocabulary(dataset: str) -> Vocabulary:
    """The vocabulary of a dataset of `mapping.json`."""
    table = json.loads(files(__package__).joinpath("mapping.json").read_text("utf-8"))[dataset]
    findings = {word: tuple(map(FindingName, names)) for word, names in table["findings"].items()}
    return Vocabulary(findings, frozenset(table["normal"]), frozenset(table["unlabelled"]))


def four_state(row: Row, column: str) -> Label:
    """CheXpert's cell: 1 stated present, 0 stated absent, -1 uncertain, blank unmentioned; raises DatasetError for anything else."""
    value = row.optional_number(column)
    if value is None:
        return Label.UNMENTIONED
    if value in _FOUR_STATES:
        return _FOUR_STATES[value]
    raise row.malformed(column, "1, 0, -1 or nothing")


def four_states(row: Row, known: Vocabulary, other: Iterable[str], unmapped: Unmapped) -> dict[FindingName, Label]:
    """Labels of a row with a column per finding; columns absent from the table are findings nobody was asked about.

    `other` columns have no counterpart here and are counted where they say something.
    """
    unmapped.update(column for column in other if row.text(column))
    return {known.findings[word][0]: four_state(row, word) for word in known.findings if word in row.cells}


def listed(
    words: Iterable[str], known: Vocabulary, unmapped: Unmapped, doubted: frozenset[str] = frozenset()
) -> dict[FindingName, Label]:
    """Labels of a film whose dataset lists only what it found; `doubted` words are UNCERTAIN.

    A list is silent about the rest, so the rest is UNMENTIONED: negative only where the dataset says normal and nothing else.
    """
    names = {word for word in words if word}
    unmapped.update(names - known.findings.keys() - known.normal - known.unlabelled)
    if not names or names & known.unlabelled:
        return {}
    labels = dict.fromkeys(known.asked, Label.NEGATIVE if names <= known.normal else Label.UNMENTIONED)
    for word in sorted(names & known.findings.keys()):
        for finding in known.findings[word]:
            if labels[finding] is not Label.POSITIVE:
                labels[finding] = Label.UNCERTAIN if word in doubted else Label.POSITIVE
    return labels
