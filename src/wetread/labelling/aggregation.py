"""Stage 3, aggregation: a report's statements to one label per finding, by CheXpert's order (Irvin 2019, §2): positive before uncertain before negative.

Where the impression itself states a finding, only the impression counts: there the reader has concluded. What it merely implies ("No acute disease") does not overrule a finding
described above it, nor does a denial of less than the finding ("no large effusion", "no new consolidation", "no left effusion").
"""

from collections import defaultdict
from collections.abc import Iterable

from wetread.domain.finding import FindingName
from wetread.domain.report import Section
from wetread.domain.statement import Change, Presence, Severity, Statement

__all__ = ["report_labels"]

_ORDER = (Presence.POSITIVE, Presence.UNCERTAIN, Presence.NEGATIVE)


def report_labels(statements: Iterable[Statement]) -> dict[FindingName, Presence]:
    """One label for each finding that has a statement; a finding that is not a key was not mentioned."""
    by_finding: dict[FindingName, list[Statement]] = defaultdict(list)
    for statement in statements:
        by_finding[statement.name].append(statement)
    return {name: _label(found) for name, found in by_finding.items()}


def _label(statements: list[Statement]) -> Presence:
    concluded = [each for each in statements if each.section is Section.IMPRESSION and _concludes(each)]
    said = {each.presence for each in concluded or statements}
    return next(presence for presence in _ORDER if presence in said)


def _concludes(statement: Statement) -> bool:
    if statement.implied:
        return False
    return statement.presence is not Presence.NEGATIVE or not (
        statement.laterality or statement.severity is not Severity.UNSTATED or statement.change is Change.NEW
    )
