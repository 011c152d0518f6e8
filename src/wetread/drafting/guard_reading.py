"""Reads a composer's sentence by a closed vocabulary: what it claims of which finding, or why that cannot be said.

A modifier belongs to the finding in whose noun phrase it stands. One that may hold for several ("probable left effusion and atelectasis", "X and Y are possible") is given
to each of them, so that the sentence passes only where it is true of each; where even that leaves a choice, the sentence is ambiguous.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from wetread.domain.finding import FindingName, concept
from wetread.domain.report import Certainty
from wetread.domain.statement import Change
from wetread.drafting.guard_faults import Fault
from wetread.drafting.guard_lexicon import LONGEST, PHRASES, PLACES, Kind, Lexeme

__all__ = ["Claim", "Unreadable", "read"]

_TOKEN = re.compile(r"[a-z]+|\d+|\S")
_AGO = ("before", "ago", "earlier", "prior")
_MODIFIERS = (Kind.SIDE, Kind.HEDGE, Kind.CHANGE, Kind.DAYS)
_ENLARGED = {"heart": FindingName.CARDIOMEGALY, "mediastinum": FindingName.ENLARGED_CARDIOMEDIASTINUM}
_UNDECIDED = "?"
"""A modifier that may or may not hold: equal to no fact."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of one finding; `days_before` is the age of the prior that it is compared with, digits or ""."""

    name: FindingName
    certainty: Certainty
    laterality: str = ""
    change: Change = Change.UNSTATED
    days_before: str = ""


class Unreadable(Exception):
    """The sentence cannot be read; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(slots=True)
class _Phrase:
    """The words around one finding: what stands before its name and after it."""

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
        return any(each.kind in (Kind.SINGULAR, Kind.PLURAL_VERB) for each in self.before)

    @property
    def closes(self) -> Kind | None:
        """The verb after its name: it says its own, or with a plural also that of the names before it."""
        return next((each.kind for each in self.after if each.kind in (Kind.SINGULAR, Kind.PLURAL_VERB)), None)


def read(text: str) -> tuple[Claim, ...]:
    """The claims of an English sentence in printable ASCII, each finding once. Raises Unreadable with WORDS, AMBIGUOUS, COMPARISON or REPEATED."""
    claims: list[Claim] = []
    for clause in _split(_lexemes(text), Kind.BREAK):
        claims += _clause(clause)
    if len({claim.name for claim in claims}) < len(claims):
        raise Unreadable(Fault.REPEATED)
    return tuple(claims)


def _lexemes(text: str) -> list[Lexeme]:
    """The longest known phrase at every place."""
    tokens = _TOKEN.findall(re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text.lower()))
    found, place = [], 0
    while place < len(tokens):
        length, lexeme = _days(tokens[place : place + 3]) or _longest(tokens, place)
        found.append(lexeme)
        place += length
    return found


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


def _split(lexemes: Sequence[Lexeme], at: Kind) -> list[list[Lexeme]]:
    parts: list[list[Lexeme]] = [[]]
    for lexeme in lexemes:
        if lexeme.kind is at:
            parts.append([])
        else:
            parts[-1].append(lexeme)
    return [part for part in parts if part]


def _clause(lexemes: list[Lexeme]) -> list[Claim]:
    phrases = _phrases(lexemes)
    for kind in _MODIFIERS:
        _give(phrases, kind)
    if any(each.kind is Kind.WEAK for each in lexemes) and not all(each.said.get(Kind.HEDGE) for each in phrases):
        raise Unreadable(Fault.AMBIGUOUS)
    compared = any(each.kind in (Kind.PRIOR, Kind.DAYS) for each in lexemes)
    if compared and not any(each.said.get(Kind.CHANGE) for each in phrases):
        raise Unreadable(Fault.COMPARISON)
    return [_claim(each) for each in phrases]


def _phrases(lexemes: Sequence[Lexeme]) -> list[_Phrase]:
    """One phrase a finding; words between two commas belong to the finding before them, and before the first to the first."""
    parts: list[list[Lexeme]] = []
    for part in _split(lexemes, Kind.JOIN):
        if parts and (_term(part) is None or _term(parts[-1]) is None):
            parts[-1] += [Lexeme(Kind.JOIN), *part]
        else:
            parts.append(part)
    return [_phrase(part) for part in parts]


def _term(part: Sequence[Lexeme]) -> int | None:
    """Where the finding is named: its term, or the organ that is called enlarged."""
    terms = [place for place, each in enumerate(part) if each.kind in (Kind.TERM, Kind.PLURAL)]
    if any(each.kind is Kind.ENLARGED for each in part):
        terms += [place for place, each in enumerate(part) if each.kind is Kind.PLACE and each.value in _ENLARGED]
    if len(terms) > 1:
        raise Unreadable(Fault.AMBIGUOUS)
    return terms[0] if terms else None


def _phrase(part: Sequence[Lexeme]) -> _Phrase:
    place = _term(part)
    if place is None or (part[place].kind is not Kind.PLACE and any(each.kind is Kind.ENLARGED for each in part)):
        raise Unreadable(Fault.AMBIGUOUS)
    term, before, after = part[place], part[:place], part[place + 1 :]
    name = _ENLARGED[term.value] if term.kind is Kind.PLACE else FindingName(term.value)
    if _qualified(before, (Kind.CHANGE,), adverbs_only=True) or _qualified(
        after, (Kind.CHANGE, Kind.SIDE, Kind.PLACE), adverbs_only=False
    ):
        raise Unreadable(Fault.AMBIGUOUS)
    return _Phrase(name, term.kind is Kind.PLURAL, before, after)


def _qualified(words: Sequence[Lexeme], kinds: tuple[Kind, ...], *, adverbs_only: bool) -> bool:
    """A hedge right before one of `kinds`: "possibly new", "an effusion, probably on the left" hedge the change and the side, not the finding."""
    telling = [each for each in words if each.kind is not Kind.FILLER]
    return any(
        this.kind is Kind.HEDGE and (this.adverb or not adverbs_only) and following.kind in kinds
        for this, following in pairwise(telling)
    )


def _give(phrases: Sequence[_Phrase], kind: Kind) -> None:
    """Fills `said[kind]` of each phrase: its own modifier, one before an earlier name of the same list, or one after a later name."""
    carried, within = "", False
    for phrase in phrases:
        before, after = _value(phrase.before, kind), _value(phrase.after, kind)
        if before and after and before != after:
            raise Unreadable(Fault.AMBIGUOUS)
        if phrase.opens or (within and _value(phrase.before, Kind.HEDGE)):
            carried = ""
        if own := before or after:
            phrase.said[kind], carried = own, before
            within = kind is Kind.SIDE and _hedge_first(phrase.before)
        elif kind is Kind.SIDE and not phrase.lateralised:
            carried = _UNDECIDED if carried else ""
        elif carried and phrase.closes is not Kind.SINGULAR:
            phrase.said[kind] = carried
        carried = "" if phrase.closes else carried
    for place in range(len(phrases) - 1, 0, -1):
        if (value := _value(phrases[place].after, kind)) and not phrases[place].opens:
            _give_back(phrases[:place], kind, value, phrases[place].closes)


def _give_back(phrases: Sequence[_Phrase], kind: Kind, value: str, verb: Kind | None) -> None:
    """ "X and Y on the left", "X and Y are possible": what stands after the last name holds for the ones before it that have neither their own nor a verb."""
    for phrase in reversed(phrases):
        if phrase.closes or _value(phrase.before, kind) or _value(phrase.after, kind):
            return
        if kind is Kind.SIDE and not phrase.lateralised:
            continue
        if phrase.said.get(kind, value) != value or (kind is Kind.HEDGE and verb is not Kind.PLURAL_VERB):
            raise Unreadable(Fault.AMBIGUOUS)
        phrase.said[kind] = value
        if phrase.opens:
            return


def _hedge_first(words: Sequence[Lexeme]) -> bool:
    """ "possible left X": the side belongs to X alone when the next name has a hedge of its own; "on the left, possible X" goes on."""
    return next((each.kind for each in words if each.kind in (Kind.HEDGE, Kind.SIDE)), None) is Kind.HEDGE


def _value(words: Sequence[Lexeme], kind: Kind) -> str:
    """The one modifier of a kind among the words, "" for none. Raises Unreadable AMBIGUOUS for two that differ."""
    values = {each.value for each in words if each.kind is kind}
    if len(values) > 1:
        raise Unreadable(Fault.AMBIGUOUS)
    return values.pop() if values else ""


def _claim(phrase: _Phrase) -> Claim:
    said, side = phrase.said, phrase.said.get(Kind.SIDE, "")
    places = [each.value for each in (*phrase.before, *phrase.after) if each.kind is Kind.PLACE]
    if phrase.plural and side != "bilateral":
        raise Unreadable(Fault.AMBIGUOUS)
    if any(concept(phrase.name).anatomy not in PLACES[place] for place in places):
        raise Unreadable(Fault.AMBIGUOUS)
    if "lungs" in places and phrase.lateralised and side != "bilateral":
        raise Unreadable(Fault.AMBIGUOUS)
    change = Change(said.get(Kind.CHANGE, ""))
    days = said.get(Kind.DAYS, "") if change else ""
    return Claim(phrase.name, Certainty(said.get(Kind.HEDGE, Certainty.CERTAIN)), side, change, days)
