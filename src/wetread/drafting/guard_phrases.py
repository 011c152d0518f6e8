"""A composer's sentence cut into the words around each finding; refused where a modifier may belong to something else than a finding."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from wetread.domain.finding import FindingName, concept
from wetread.drafting.guard_faults import Fault
from wetread.drafting.guard_lexicon import LONGEST, PHRASES, Kind, Lexeme

__all__ = ["MODIFIERS", "Phrase", "Unreadable", "clauses", "phrases"]

_TOKEN = re.compile(r"[a-z]+|\d+|\S")
_AGO = ("before", "ago", "earlier", "prior")
_ENLARGED = {"heart": FindingName.CARDIOMEGALY, "mediastinum": FindingName.ENLARGED_CARDIOMEDIASTINUM}
MODIFIERS = (Kind.SIDE, Kind.HEDGE, Kind.CHANGE, Kind.DAYS)
_VERBS = frozenset({Kind.SINGULAR, Kind.PLURAL_VERB})
_NOT_OURS = frozenset({Kind.IMAGE, Kind.PRIOR})
_HEDGE_THEN_TERM = frozenset({Kind.HEDGE, Kind.CHANGE, Kind.SEEN, Kind.WEAK, Kind.RELATIVE})
_TERM_THEN_HEDGE = (
    frozenset({Kind.HEDGE, Kind.SEEN, Kind.WEAK, Kind.ENLARGED, Kind.JOIN, Kind.COMPARED, Kind.DAYS}) | _VERBS
)
_RELATIVE_OF = frozenset({Kind.TERM, Kind.PLURAL, Kind.PLACE, Kind.SIDE, Kind.HEDGE, Kind.SEEN})


class Unreadable(Exception):
    """The sentence cannot be read; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(slots=True)
class Phrase:
    """A finding with what stands before its name and after it."""

    name: FindingName
    plural: bool
    before: Sequence[Lexeme]
    after: Sequence[Lexeme]
    said: dict[Kind, str] = field(default_factory=dict)
    """Modifiers that hold for it, its own and shared ones."""

    @property
    def lateralised(self) -> bool:
        return concept(self.name).lateralised

    @property
    def opens(self) -> bool:
        """It has a verb before its name: nothing said earlier in the sentence reaches it."""
        return any(each.kind in _VERBS for each in self.before)

    @property
    def closes(self) -> Kind | None:
        """The verb after its name: it says its own, or with a plural also that of the names before it."""
        return next((each.kind for each in self.after if each.kind in _VERBS), None)


def clauses(text: str) -> list[list[Lexeme]]:
    """The longest known phrase at every place, cut at each BREAK. Raises Unreadable WORDS."""
    tokens = _TOKEN.findall(re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text.lower()))
    found: list[list[Lexeme]] = [[]]
    place = 0
    while place < len(tokens):
        length, lexeme = _days(tokens[place : place + 3]) or _longest(tokens, place)
        if lexeme.kind is Kind.BREAK:
            found.append([])
        else:
            found[-1].append(lexeme)
        place += length
    return [clause for clause in found if clause]


def _longest(tokens: Sequence[str], place: int) -> tuple[int, Lexeme]:
    for length in range(LONGEST.get(tokens[place], 0), 0, -1):
        if lexeme := PHRASES.get(tuple(tokens[place : place + length])):
            return length, lexeme
    raise Unreadable(Fault.WORDS)


def _days(tokens: Sequence[str]) -> tuple[int, Lexeme] | None:
    """ "40 days before": digits as the grammar writes them."""
    if len(tokens) < 2 or not tokens[0].isdigit() or tokens[1] != ("day" if tokens[0] == "1" else "days"):
        return None
    return 2 + (tokens[-1] in _AGO), Lexeme(Kind.DAYS, tokens[0])


def phrases(clause: Sequence[Lexeme]) -> list[Phrase]:
    """One a finding; what stands between two names belongs to the first up to the last join. Raises Unreadable AMBIGUOUS."""
    terms = _terms(clause)
    if not terms or _strays(clause):
        raise Unreadable(Fault.AMBIGUOUS)
    starts = [0] + [_last_join(clause, *between) for between in pairwise(terms)]
    ends = [*starts[1:], len(clause)]
    found = [
        Phrase(_name(clause[term]), clause[term].kind is Kind.PLURAL, clause[start:term], clause[term + 1 : end])
        for term, start, end in zip(terms, starts, ends, strict=True)
    ]
    if any(_before_strays(each.before) or _after_strays(each.after) for each in found):
        raise Unreadable(Fault.AMBIGUOUS)
    return found


def _terms(clause: Sequence[Lexeme]) -> list[int]:
    """Where findings are named: by their terms, or by an organ and, before anything else is joined or named, "enlarged"."""
    found: list[int] = []
    organ: int | None = None
    for place, each in enumerate(clause):
        if each.kind in (Kind.TERM, Kind.PLURAL):
            found.append(place)
        elif each.kind is Kind.ENLARGED:
            if organ is None:
                raise Unreadable(Fault.AMBIGUOUS)
            found.append(organ)
        if each.kind is Kind.PLACE and each.value in _ENLARGED:
            organ = place
        elif each.kind in (Kind.TERM, Kind.PLURAL, Kind.ENLARGED, Kind.JOIN):
            organ = None
    return found


def _name(term: Lexeme) -> FindingName:
    return _ENLARGED[term.value] if term.kind is Kind.PLACE else FindingName(term.value)


def _last_join(clause: Sequence[Lexeme], earlier: int, later: int) -> int:
    """Where the second of two names begins; nothing may be said between an "and" and it: "X and, on the left, Y" gives the side to either."""
    joins = [place for place in range(earlier + 1, later) if clause[place].kind is Kind.JOIN]
    words = [place for place in joins if clause[place].value != ","]
    if not joins or (words and any(each.kind in MODIFIERS for each in clause[words[0] : joins[-1]])):
        raise Unreadable(Fault.AMBIGUOUS)
    return joins[-1]


def _strays(clause: Sequence[Lexeme]) -> bool:
    """A modifier right before what is not a finding ("a questionable film", "the new report"), or a relative clause of such a thing ("the film, which is questionable")."""
    modifies = any(
        this.kind in (Kind.SIDE, Kind.HEDGE, Kind.CHANGE, Kind.ENLARGED) and following.kind in _NOT_OURS
        for this, following in pairwise(clause)
    )
    telling = [each for each in clause if each.kind not in (Kind.FILLER, Kind.JOIN)]
    return modifies or any(
        following.kind is Kind.RELATIVE and this.kind not in _RELATIVE_OF for this, following in pairwise(telling)
    )


def _before_strays(before: Sequence[Lexeme]) -> bool:
    """Whether a hedge before the finding's name does not lead to it: "the film is questionable, effusion", "possible findings show", "the questionable left lung", "possibly new"."""
    for place, hedge in enumerate(before):
        if hedge.kind is not Kind.HEDGE:
            continue
        rest = [each for each in before[place + 1 :] if each.kind is not Kind.FILLER]
        while rest and rest[0].kind in (Kind.SIDE, Kind.NOUN):
            rest = rest[1:]
        next_kind = rest[0].kind if rest else None
        passes = next_kind is None or next_kind in _HEDGE_THEN_TERM or (hedge.adverb and next_kind in _VERBS)
        if not passes or (hedge.adverb and next_kind is Kind.CHANGE):
            return True
    return False


def _after_strays(after: Sequence[Lexeme]) -> bool:
    """Whether what stands after the finding's name may be another's: "probably on the left", "on questionable evidence", "with possible", "and persistent findings"."""
    kinds = [each.kind for each in after]
    if Kind.JOIN in kinds and Kind.NOUN in kinds[kinds.index(Kind.JOIN) :]:
        return True
    for place, hedge in enumerate(after):
        if hedge.kind is not Kind.HEDGE:
            continue
        rest = after[place + 1 :]
        telling = [each for each in rest if each.kind is not Kind.FILLER]
        on_the_film = bool(telling) and telling[0].kind is Kind.IMAGE and rest[0].kind is Kind.FILLER
        if telling and telling[0].kind not in _TERM_THEN_HEDGE and not on_the_film:
            return True
        if place and after[place - 1].kind is Kind.JOIN and after[place - 1].value != ",":
            return True
    return False
