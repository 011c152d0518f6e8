"""Scores that no longer say anything: a model that answers the same to every film, a finding's output that stands still, a detector that sends one film over and over.

Raw scores (logits) of different films differ: at a standard deviation of 0.2 or more, twenty of them fall within 0.02 of each other by chance less than once in 10^20. Hence no rate of
false alarms is set here.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from wetread.domain.alarm import AlarmKind
from wetread.monitoring.alarms import Silence
from wetread.ports.watch_store import RecentRead, Scores

__all__ = ["SAME_SCORE", "equal_scores", "score_notes"]

SAME_SCORE = 0.02
"""Raw scores within this range of one another count as equal."""


def equal_scores(reads: Iterable[RecentRead], *, in_a_row: int) -> tuple[Silence, ...]:
    """Alarms per site, model and detector from its last `in_a_row` analyses; `reads` newest first. Fewer analyses say nothing."""
    last: dict[tuple[str, str, str], list[Scores]] = defaultdict(list)
    for read in reads:
        if read.scores:
            last[read.site, read.scores.model.sha256, read.device].append(read.scores)
    return tuple(
        silence
        for (site, _, device), scores in sorted(last.items(), key=lambda each: each[0])
        if len(scores) >= in_a_row
        for silence in _equal(site, device, scores[:in_a_row])
    )


def _equal(site: str, device: str, scores: Sequence[Scores]) -> tuple[Silence, ...]:
    place, n = f"{device or 'unnamed detectors'}, site {site}", len(scores)
    if len({each.input_sha256 for each in scores}) == 1:
        said = f"the last {n} films from {place} are the same picture: check the detector and its test patterns"
        return (_alarm(site, device, "input", said),)
    still = _still(scores)
    if len(still) == len(scores[0].findings):
        said = (
            f"the model gave the last {n} different films from {place} the same scores: take it out of use and check it"
        )
        return (_alarm(site, device, "all", said),)
    return tuple(
        _alarm(site, device, name, f"{name} had the same score on the last {n} different films from {place}: check it")
        for name in still
    )


def _still(scores: Sequence[Scores]) -> list[str]:
    """Findings whose raw score stands still over all of `scores`."""
    values: dict[str, list[float]] = defaultdict(list)
    for each in scores:
        for finding in each.findings:
            values[finding.name].append(finding.raw_score)
    return [name for name, raw in values.items() if len(raw) == len(scores) and not max(raw) - min(raw) > SAME_SCORE]


def _alarm(site: str, device: str, what: str, message: str) -> Silence:
    key = "/".join((AlarmKind.SCORES_ALL_EQUAL.value, site, device, what))
    return Silence(AlarmKind.SCORES_ALL_EQUAL, key, site, message, pages=True)


def score_notes(reads: Iterable[RecentRead]) -> tuple[str, ...]:
    """Findings that were never called in these reads, with n: worth knowing, not an alarm (a rare finding is rare)."""
    called: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for read in reads:
        for finding in read.scores.findings if read.scores else ():
            called[read.site, finding.name].append(finding.called)
    return tuple(
        f"{name} was called in none of the last {len(each)} analyses of site {site}"
        for (site, name), each in sorted(called.items())
        if not any(each)
    )
