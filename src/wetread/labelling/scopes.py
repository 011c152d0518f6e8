"""Stage 2, mention classification: which cues reach which mention. One pass forward and one backward over a sentence, so it is linear.

A cue reaches from where it stands to the next boundary (NegEx, Chapman 2001, https://doi.org/10.1006/jbin.2001.1029). What is added: where a list ends, and which of two hedges holds.
"""

from dataclasses import dataclass, field

from wetread.domain.report import Certainty
from wetread.labelling.lexicon import Grammar, Hedge, Kind
from wetread.labelling.marking import Mark, Mention, ends_here
from wetread.labelling.words import Word

__all__ = ["Reach", "reaches", "weakest"]

_AHEAD = frozenset((Kind.DENIES, Kind.HEDGES, Kind.ASKS, Kind.PAST))
_BACK = frozenset((Kind.DENIED, Kind.HEDGED))
_BOUNDARY = frozenset((Kind.HARD, Kind.SOFT))
_MINOR = frozenset((Kind.SEVERITY, Kind.CHANGES))
_SURENESS = tuple(Certainty)


@dataclass(slots=True)
class Reach:
    """The cues that reach one mention. `put_in`: the past one is of a kind that leaves a device in place."""

    denied: Mark | None = None
    resolved: bool = False
    hedged: list[tuple[Mark, Hedge]] = field(default_factory=list)
    asked: Mark | None = None
    past: Mark | None = None
    put_in: bool = False


def weakest(*bands: Certainty) -> Certainty:
    return min(bands, key=_SURENESS.index)


def reaches(words: list[Word], marks: list[Mark], found: list[Mention], grammar: Grammar) -> list[Reach]:
    """For each of `found`, in its order."""
    answer = [Reach() for _ in found]
    at_word: dict[int, list[Reach]] = {}
    for mention, reach in zip(found, answer, strict=True):
        at_word.setdefault(mention.at, []).append(reach)
    kinds = {role.kind for each in marks for role in each.roles}
    if kinds & _AHEAD:
        opens = {each.opens for each in found if each.opens >= 0 and not _goes_on(words, each.opens, grammar)}
        _forward(words, {each.first: each for each in marks}, opens, at_word, grammar)
    if kinds & _BACK:
        _backward(words, {each.last - 1: each for each in marks}, at_word, grammar)
    return answer


def _goes_on(words: list[Word], at: int, grammar: Grammar) -> bool:
    """Whether an "or" stands close before: then what opens there is the next of a list."""
    return any(word.lower in grammar.alternatives for word in words[max(at - 3, 0) : at])


class _Open:
    """The cues that are open at a word of the forward pass, and how many mentions they have met."""

    __slots__ = ("asks", "denies", "hedges", "hedges_from", "met", "past", "put_in", "resolved")

    def __init__(self) -> None:
        self.close()

    def close(self) -> None:
        self.denies: Mark | None = None
        self.hedges: tuple[Mark, Hedge] | None = None
        self.asks: Mark | None = None
        self.past: Mark | None = None
        self.resolved = self.put_in = False
        self.hedges_from = self.met = 0

    def take(self, mark: Mark, leads: bool) -> None:
        for kind, value in mark.roles:
            if kind in _BOUNDARY:
                self.close()
            elif kind not in _AHEAD or not leads:
                continue
            elif kind is Kind.DENIES:
                self.denies, self.resolved = mark, value
            elif kind is Kind.HEDGES:
                self._hedge(mark, value)
            elif kind is Kind.ASKS:
                self.asks = mark
            else:
                self.past, self.put_in = mark, value

    def _hedge(self, mark: Mark, said: Hedge) -> None:
        """Of two before one mention the weaker holds: "may be compatible with edema"."""
        held = self.hedges[1].band if self.hedges and self.hedges_from == self.met else Certainty.CERTAIN
        if weakest(said.band, held) is said.band:
            self.hedges, self.hedges_from = (mark, said), self.met

    def give(self, reach: Reach) -> None:
        reach.denied, reach.resolved, reach.asked = self.denies, self.resolved, self.asks
        reach.past, reach.put_in = self.past, self.put_in
        reach.hedged += [self.hedges] if self.hedges else []
        self.met += 1


def _forward(
    words: list[Word], cues: dict[int, Mark], opens: set[int], at_word: dict[int, list[Reach]], grammar: Grammar
) -> None:
    active, next_or = _Open(), _next_or(words, grammar)
    for at, (word, _, _) in enumerate(words):
        if word in (";", ")") or (active.met and (word == "(" or at in opens)):
            active.close()
        joins = active.met and (word == "," or word in grammar.conjunctions)
        if joins and _begins_anew(words, at, cues.get(at + 1), next_or[at] < len(words), active, grammar):
            active.close()
        mark = cues.get(at)
        if mark:
            active.take(mark, _leads(words, mark, grammar))
        for reach in at_word.get(at, ()):
            active.give(reach)


def _next_or(words: list[Word], grammar: Grammar) -> list[int]:
    """For each word the place of the next "or", or the number of words when none comes before a semicolon."""
    following, places = len(words), [0] * len(words)
    for at in range(len(words) - 1, -1, -1):
        word = words[at].lower
        if word == ";":
            following = len(words)
        elif word in grammar.alternatives:
            following = at
        places[at] = following
    return places


def _begins_anew(
    words: list[Word], at: int, following: Mark | None, or_comes: bool, active: _Open, grammar: Grammar
) -> bool:
    """Whether a comma or an "and" begins something new, rather than the next of what a cue lists."""
    kinds = {role.kind for role in following.roles} if following else set()
    if words[at].lower == ",":
        if words[at - 1].lower in grammar.closing or Kind.HEDGES in kinds:
            return True
        if not or_comes and not active.denies:
            listing = active.hedges is not None and active.hedges[1].listing
            return not listing and words[min(at + 1, len(words) - 1)].lower not in grammar.conjunctions
    return not or_comes and bool(kinds & _MINOR)


def _backward(words: list[Word], cues: dict[int, Mark], at_word: dict[int, list[Reach]], grammar: Grammar) -> None:
    denied: tuple[Mark, bool] | None = None
    hedged: tuple[Mark, Hedge] | None = None
    met, listed = False, False
    for at in range(len(words) - 1, -1, -1):
        word, mark = words[at].lower, cues.get(at)
        kinds = {role.kind for role in mark.roles} if mark else set()
        new_clause = met and (word in grammar.verbs or (word == "," and not listed))
        if word == ";" or kinds & _BOUNDARY or new_clause:
            denied, hedged, met = None, None, False
        listed = listed or word in grammar.conjunctions
        if mark and kinds & _BACK and _follows(words, mark, grammar):
            met, listed = False, False
            if role := mark.role(Kind.DENIED):
                denied = mark, role.value
            if role := mark.role(Kind.HEDGED):
                hedged = mark, role.value
        for reach in at_word.get(at, ()):
            met = True
            if denied:
                reach.denied, reach.resolved = denied
            if hedged:
                reach.hedged.append(hedged)


def _leads(words: list[Word], mark: Mark, grammar: Grammar) -> bool:
    """Whether a cue can decide what follows: one that may stand on either side ("resolved", "likely") does so only right before it, or as the first words."""
    return mark.first == 0 or _one_sided(words, mark, grammar, _BACK) or not ends_here(words, mark, grammar)


def _follows(words: list[Word], mark: Mark, grammar: Grammar) -> bool:
    """Whether a cue can decide what stands before it."""
    return _one_sided(words, mark, grammar, _AHEAD) or ends_here(words, mark, grammar)


def _one_sided(words: list[Word], mark: Mark, grammar: Grammar, other: frozenset[Kind]) -> bool:
    return words[mark.first].lower in grammar.alternatives or not any(role.kind in other for role in mark.roles)
