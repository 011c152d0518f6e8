"""Reads a composer's sentence by a closed vocabulary: what it claims of which finding, or why that cannot be said.

A modifier belongs to the finding in whose noun phrase it stands. One that may hold for several ("probable left effusion and atelectasis", "X and Y are possible") is given
to each of them, so that the sentence passes only where it is true of each; where even that leaves a choice, the sentence is ambiguous.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from wetread.domain.finding import FindingName, concept
from wetread.domain.report import Certainty
from wetread.domain.statement import Change
from wetread.drafting.guard_faults import Fault
from wetread.drafting.guard_lexicon import PLACES, Kind, Lexeme
from wetread.drafting.guard_phrases import MODIFIERS, Phrase, Unreadable, clauses, phrases

__all__ = ["Claim", "Unreadable", "read"]

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


def read(text: str) -> tuple[Claim, ...]:
    """The claims of an English sentence in printable ASCII, each finding once. Raises Unreadable with WORDS, AMBIGUOUS, COMPARISON or REPEATED."""
    claims = tuple(claim for clause in clauses(text) for claim in _clause(clause))
    if not claims:
        raise Unreadable(Fault.AMBIGUOUS)
    if len({claim.name for claim in claims}) < len(claims):
        raise Unreadable(Fault.REPEATED)
    return claims


def _clause(lexemes: Sequence[Lexeme]) -> list[Claim]:
    found, kinds = phrases(lexemes), {each.kind for each in lexemes}
    for kind in MODIFIERS:
        _give(found, kind)
    if Kind.WEAK in kinds and not all(each.said.get(Kind.HEDGE) for each in found):
        raise Unreadable(Fault.AMBIGUOUS)
    if kinds & {Kind.PRIOR, Kind.COMPARED, Kind.DAYS} and not any(each.said.get(Kind.CHANGE) for each in found):
        raise Unreadable(Fault.COMPARISON)
    return [_claim(each) for each in found]


def _give(found: Sequence[Phrase], kind: Kind) -> None:
    """Fills `said[kind]` of each phrase: its own modifier, one before an earlier name of the same list, or one after a later name."""
    carried, within = "", False
    for phrase in found:
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
    for place in range(len(found) - 1, 0, -1):
        if (value := _value(found[place].after, kind)) and not found[place].opens:
            _give_back(found[:place], kind, value, found[place].closes)


def _give_back(earlier: Sequence[Phrase], kind: Kind, value: str, verb: Kind | None) -> None:
    """ "X and Y on the left", "X and Y are possible": what stands after the last name holds for the ones before it that have neither their own nor a verb."""
    for phrase in reversed(earlier):
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


def _claim(phrase: Phrase) -> Claim:
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
