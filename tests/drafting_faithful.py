"""Is a sentence true to what it stands for? A second reading, by whole words and against the request: it knows nothing of the guard's vocabulary and refuses what it does not know."""

import re
from collections.abc import Sequence

from tests.drafting_paraphrases import TERMS, Told
from wetread.domain.finding import FindingName
from wetread.domain.report import Certainty
from wetread.domain.statement import Change

__all__ = ["is_faithful"]

HEDGES = {
    Certainty.PROBABLE: {"probable", "probably", "likely"},
    Certainty.POSSIBLE: {"possible", "possibly", "potential", "potentially", "may", "might", "could"},
    Certainty.QUESTIONABLE: {"questionable", "questionably", "equivocal", "equivocally"},
}
SIDES = {"left": {"left"}, "right": {"right"}, "bilateral": {"bilateral", "bilaterally", "both"}, "": set[str]()}
CHANGES = {Change.NEW: {"new", "newly"}, Change.UNCHANGED: {"unchanged"}, Change.UNSTATED: set[str]()}
DENIALS = {"no", "not", "without", "none", "never", "cannot", "resolved", "absent", "clear", "normal", "excluded"}


def is_faithful(text: str, tolds: Sequence[Told]) -> bool:
    """For one statement: its finding and no other, exactly its side, certainty and change, no denial. For several, each of them has to be there, and every such word must be one of theirs."""
    words = set(re.findall(r"[a-z]+", text.lower()))
    found = {name for name in FindingName if any(_holds(text, term) for term in TERMS[name])}
    found -= {other for other in found if any(_covers(name, other, text) for name in found - {other})}
    return (
        found == {told.name for told in tolds}
        and _exactly(words, HEDGES, {told.certainty for told in tolds})
        and _exactly(words, SIDES, {told.side for told in tolds})
        and _exactly(words, CHANGES, {told.change for told in tolds})
        and not words & DENIALS
    )


def _holds(text: str, term: str) -> bool:
    return re.search(rf"\b{term}(s|es)?\b", text.lower().replace("pleural effusion in", "pleural effusion")) is not None


def _covers(name: FindingName, other: FindingName, text: str) -> bool:
    """A longer name that holds a shorter one is not the shorter one: "pleural effusion" is no second "effusion"."""
    longer = [term for term in TERMS[name] if _holds(text, term)]
    shorter = [term for term in TERMS[other] if _holds(text, term)]
    return all(any(short in long and short != long for long in longer) for short in shorter)


def _exactly(words: set[str], table: dict[object, set[str]], meant: set[object]) -> bool:  # type: ignore[type-arg]
    said = {key for key, forms in table.items() if words & forms}
    return said == {key for key in meant if table[key]}
