"""Stage 2, mention classification: which cues reach which mention. One pass forward and one backward over a sentence, so it is linear.

A cue reaches from where it stands to the next boundary (NegEx, Chapman 2001); what is added here is where lists end, which hedges end a denial, and that "or" between positives leaves each of them open.
"""

from dataclasses import dataclass, field

from wetread.domain.report import Certainty
from wetread.labelling.lexicon import Grammar, Kind
from wetread.labelling.marking import Mark, Mention
from wetread.labelling.words import Word

__all__ = ["Reach", "reaches"]


@dataclass(slots=True)
class Reach:
    """The cues that reach one mention."""

    denied: Mark | None = None
    resolved: bool = False
    hedged: list[tuple[Mark, Certainty]] = field(default_factory=list)
    asked: Mark | None = None
    past: Mark | None = None


def reaches(words: list[Word], marks: list[Mark], found: list[Mention], grammar: Grammar) -> list[Reach]:
    """For each of `found`, in its order."""
    answer = [Reach() for _ in found]
    at_word: dict[int, list[int]] = {}
    for place, mention in enumerate(found):
        at_word.setdefault(mention.at, []).append(place)
    cues = {each.first: each for each in marks}
    _forward(words, cues, found, at_word, answer, grammar)
    _backward(words, {each.last - 1: each for each in marks}, at_word, answer, grammar)
    return answer


_MINOR = (Kind.SEVERITY, Kind.CHANGES)


class _Active:
    """The cues that are open at a word of the forward pass."""

    __slots__ = ("asks", "counted", "denies", "hedges", "past", "resolved")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.denies: Mark | None = None
        self.resolved = False
        self.hedges: tuple[Mark, Certainty] | None = None
        self.asks: Mark | None = None
        self.past: Mark | None = None
        self.counted = 0

    def give(self, reach: Reach) -> None:
        reach.denied, reach.resolved, reach.asked, reach.past = self.denies, self.resolved, self.asks, self.past
        if self.hedges:
            reach.hedged.append(self.hedges)
        self.counted += 1


def _forward(
    words: list[Word],
    cues: dict[int, Mark],
    found: list[Mention],
    at_word: dict[int, list[int]],
    answer: list[Reach],
    grammar: Grammar,
) -> None:
    active = _Active()
    opens = {mention.opens for mention in found if mention.opens >= 0}
    lists = _list_ends(words, grammar)
    for at, (word, _, _) in enumerate(words):
        lists_on = word == "," or word in grammar.conjunctions
        if word in (";", ")") or (at in opens and active.counted):
            active.clear()
        if lists_on and active.counted and _ends_list(words, cues, at, lists, active, grammar):
            active.clear()
        mark = cues.get(at)
        if mark:
            _open(active, mark)
        for place in at_word.get(at, ()):
            active.give(answer[place])


def _open(active: _Active, mark: Mark) -> None:
    for kind, value in mark.roles:
        if kind in (Kind.HARD, Kind.SOFT):
            active.clear()
        elif kind is Kind.DENIES:
            active.denies, active.resolved = mark, value
        elif kind is Kind.HEDGES:
            active.hedges = (mark, value)
        elif kind is Kind.ASKS:
            active.asks = mark
        elif kind is Kind.PAST:
            active.past = mark


def _list_ends(words: list[Word], grammar: Grammar) -> list[int]:
    """For each word the place of the next "or", or the number of words when none comes before a semicolon."""
    following, ends = len(words), [0] * len(words)
    for at in range(len(words) - 1, -1, -1):
        word = words[at].lower
        if word == ";":
            following = len(words)
        elif word in grammar.alternatives:
            following = at
        ends[at] = following
    return ends


def _ends_list(
    words: list[Word], cues: dict[int, Mark], at: int, lists: list[int], active: _Active, grammar: Grammar
) -> bool:
    """Whether a comma or an "and" begins something new, rather than the next of what a cue lists."""
    following = cues.get(at + 1)
    if words[at].lower == ",":
        if at and words[at - 1].lower in grammar.closing:
            return True
        if following and any(role.kind is Kind.HEDGES for role in following.roles):
            return True
    if lists[at] < len(words):
        return False
    if words[at].lower == "," and not active.denies:
        return words[min(at + 1, len(words) - 1)].lower != "and"
    return following is not None and any(role.kind in _MINOR for role in following.roles)


def _backward(
    words: list[Word],
    cues: dict[int, Mark],
    at_word: dict[int, list[int]],
    answer: list[Reach],
    grammar: Grammar,
) -> None:
    denied: Mark | None = None
    resolved, counted, joined = False, 0, False
    hedged: tuple[Mark, Certainty] | None = None
    for at in range(len(words) - 1, -1, -1):
        word = words[at].lower
        mark = cues.get(at)
        bounded = word == ";" or (mark and any(role.kind in (Kind.HARD, Kind.SOFT) for role in mark.roles))
        if bounded or (counted and (word in grammar.verbs or (word == "," and not joined))):
            denied, hedged, counted = None, None, 0
        if word in grammar.conjunctions:
            joined = True
        for kind, value in mark.roles if mark else ():
            if kind is Kind.DENIED:
                denied, resolved, counted, joined = mark, value, 0, False
            elif kind is Kind.HEDGED and mark and _stands_behind(words, mark):
                hedged, counted, joined = (mark, value), 0, False
        for place in at_word.get(at, ()):
            counted += 1
            if denied:
                answer[place].denied, answer[place].resolved = denied, resolved
            if hedged:
                answer[place].hedged.append(hedged)


def _stands_behind(words: list[Word], mark: Mark) -> bool:
    """Whether a hedge that may stand on either side stands behind its finding: nothing follows that it could be said of."""
    if mark.role(Kind.HEDGES) is None or mark.last == len(words):
        return True
    return not words[mark.last].lower.isalnum()
