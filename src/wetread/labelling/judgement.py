"""What a mention states once the cues that reach it are known: presence, certainty, and the words that decided them."""

from dataclasses import dataclass, field
from typing import NamedTuple

from wetread.domain.finding import FindingName
from wetread.domain.report import Certainty
from wetread.domain.statement import Presence
from wetread.labelling.lexicon import Grammar
from wetread.labelling.marking import Mention
from wetread.labelling.scopes import Reach, weakest
from wetread.labelling.words import Word

__all__ = ["Judgement", "Reason", "judge", "open_alternatives"]


class Reason(NamedTuple):
    """Words `first` to `last` (exclusive) and what they decided."""

    first: int
    last: int
    why: str


@dataclass(frozen=True, slots=True)
class Judgement:
    presence: Presence
    certainty: Certainty = Certainty.UNSTATED
    reasons: list[Reason] = field(default_factory=list)
    resolved: bool = False


def judge(mention: Mention, reach: Reach, open_one: bool) -> Judgement | None:
    """None where the words state nothing about this film: what was, a group that is not denied, a "normal" that is. `open_one`: it is one of alternatives."""
    meaning = mention.meaning
    if reach.past and not (reach.put_in and FindingName.SUPPORT_DEVICES in meaning.findings):
        return None
    reasons = [Reason(mention.first, mention.last, meaning.because)] if meaning.because else []
    if meaning.presence is Presence.NEGATIVE and meaning.group is not bool(reach.denied):
        return None
    if reach.denied:
        reasons.append(Reason(reach.denied.first, reach.denied.last, "resolved" if reach.resolved else "denied"))
    if reach.denied or meaning.presence is Presence.NEGATIVE:
        return Judgement(Presence.NEGATIVE, Certainty.UNSTATED, reasons, reach.resolved)
    bands = _doubts(mention, reach, open_one, reasons)
    if bands:
        return Judgement(Presence.UNCERTAIN, weakest(*bands), reasons)
    return Judgement(Presence.POSITIVE, Certainty.CERTAIN, reasons)


def _doubts(mention: Mention, reach: Reach, open_one: bool, reasons: list[Reason]) -> list[Certainty]:
    bands = []
    if reach.asked:
        bands.append(Certainty.QUESTIONABLE)
        reasons.append(Reason(reach.asked.first, reach.asked.last, "asked, not seen"))
    for cue, hedge in reach.hedged:
        bands.append(hedge.band)
        reasons.append(Reason(cue.first, cue.last, f"hedged: {hedge.band}"))
    if mention.meaning.presence is Presence.UNCERTAIN:
        bands.append(Certainty.QUESTIONABLE)
        reasons.append(Reason(mention.first, mention.last, "suggests the finding without naming it"))
    if open_one and not bands:
        bands.append(Certainty.POSSIBLE)
        reasons.append(Reason(mention.first, mention.last, "one of alternatives"))
    return bands


def open_alternatives(words: list[Word], found: list[Mention], reached: list[Reach], grammar: Grammar) -> set[int]:
    """The places of mentions joined by "or" or "versus" and not denied: one of them is there, which one is open."""
    places: set[int] = set()
    for place in range(1, len(found)):
        between = [word.lower for word in words[found[place - 1].last : found[place].first]]
        if any(each in grammar.alternatives for each in between[:2]) and not reached[place].denied:
            places |= {place - 1, place}
    return places
