"""Stage 3, aggregation: a report's statements to one label per finding, by CheXpert's order (Irvin 2019, §2): positive before uncertain before negative.

Where the impression itself states a finding, only the impression counts: there the reader has concluded. What it merely implies ("No acute disease") does not overrule a finding
described above it, nor does a question ("questionable", "borderline"), nor a denial of less than the finding ("no large effusion", "no new consolidation", "no left effusion"). What is
implied of one side ("The right lung is clear") decides nothing.
"""

from collections import defaultdict
from collections.abc import Iterable

from wetread.domain.finding import FindingName
from wetread.domain.report import Certainty, Section
from wetread.domain.statement import Change, Presence, Severity, Statement

__all__ = ["presences", "report_labels"]

_PRESENCE = (Presence.NEGATIVE, Presence.UNCERTAIN, Presence.POSITIVE)
_CERTAINTY = tuple(Certainty)


def report_labels(statements: Iterable[Statement]) -> dict[FindingName, Statement]:
    """For each finding the statement that decides its label: of those that count the one most in favour, the first of equals. A finding that is not a key was not mentioned."""
    by_finding: dict[FindingName, list[Statement]] = defaultdict(list)
    for statement in statements:
        if not (statement.implied and statement.laterality in ("left", "right")):
            by_finding[statement.name].append(statement)
    return {name: max(_counted(found), key=_in_favour) for name, found in by_finding.items()}


def presences(statements: Iterable[Statement]) -> dict[FindingName, Presence]:
    """`report_labels` without the words behind them."""
    return {name: each.presence for name, each in report_labels(statements).items()}


def _counted(statements: list[Statement]) -> list[Statement]:
    return [each for each in statements if each.section is Section.IMPRESSION and _concludes(each)] or statements


def _concludes(statement: Statement) -> bool:
    if statement.implied or statement.certainty is Certainty.QUESTIONABLE:
        return False
    return statement.presence is not Presence.NEGATIVE or not (
        statement.laterality or statement.severity is not Severity.UNSTATED or statement.change is Change.NEW
    )


def _in_favour(statement: Statement) -> tuple[int, int]:
    return _PRESENCE.index(statement.presence), _CERTAINTY.index(statement.certainty)
