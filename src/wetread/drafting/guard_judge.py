"""Decides whether a composer's sentence says what the grammar's sentences on the same evidence say: no more, no less, nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wetread.domain.finding import FindingName
from wetread.domain.report import Certainty, Draft, Section, Sentence
from wetread.domain.statement import Change, Presence, Severity, Statement
from wetread.drafting.guard_faults import Fault
from wetread.drafting.guard_reading import Claim, Unreadable, read
from wetread.drafting.guard_text import plain, unfit
from wetread.ports.drafter import DraftingRequest
from wetread.ports.labeller import Labeller

__all__ = ["Judge", "Verdict"]

_SURENESS = tuple(Certainty)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The places (in the reference draft) of the grammar's sentences for which one of the composer's stands: none where its evidence is not theirs.

    `sentence` is what may be shown; None with a `fault`, or without a place.
    """

    places: tuple[int, ...]
    sentence: Sentence | None
    fault: Fault | None = None


class Judge:
    """Holds what the grammar wrote for one request, and judges sentences against it."""

    def __init__(self, reference: Draft, request: DraftingRequest, labeller: Labeller) -> None:
        self._sentences = reference.sentences
        self._labeller = labeller
        self._claims = {
            place: claims for place, each in enumerate(reference.sentences) if (claims := _claims(each, request))
        }

    def may_be_reworded(self, place: int) -> bool:
        return place in self._claims

    def judge(self, composed: Sentence) -> Verdict:
        places = self._places(composed)
        if not places:
            return Verdict((), None)
        originals = [self._sentences[place] for place in places]
        if len(places) == 1 and composed.text == originals[0].text:
            return Verdict(places, originals[0])
        text = plain(composed.text)
        fault = unfit(text) or self._fault(text, places)
        return Verdict(places, None, fault) if fault else Verdict(places, _standing_for(text, originals))

    def _places(self, composed: Sentence) -> tuple[int, ...]:
        """The one sentence of the section with exactly this evidence, else those whose evidence makes it up."""
        given = set(composed.evidence)
        inside = [
            place
            for place, each in enumerate(self._sentences)
            if each.section is composed.section and set(each.evidence) <= given
        ]
        exact = [place for place in inside if set(self._sentences[place].evidence) == given]
        if exact:
            alike = [place for place in exact if self._sentences[place].text == composed.text]
            return tuple(alike or exact)[:1] if alike or len(exact) == 1 else ()
        together = {evidence for place in inside for evidence in self._sentences[place].evidence}
        return tuple(inside) if together == given else ()

    def _fault(self, text: str, places: Sequence[int]) -> Fault | None:
        if not all(self.may_be_reworded(place) for place in places):
            return Fault.VERBATIM
        facts = {claim.name: claim for place in places for claim in self._claims[place]}
        try:
            claims = read(text)
        except Unreadable as unreadable:
            return unreadable.fault
        return _difference(claims, facts) or _parsed_back(self._labeller.statements(text), facts)


def _claims(sentence: Sentence, request: DraftingRequest) -> tuple[Claim, ...]:
    """What a sentence of the grammar claims, () for one that may only be repeated: it states no called finding, or says more than this reader reads.

    Its wording, certainty and evidence have to agree with each other and with the request.
    """
    stated = sentence.certainty is not Certainty.UNSTATED and sentence.section in (Section.FINDINGS, Section.IMPRESSION)
    if not stated or unfit(sentence.text):
        return ()
    try:
        claims = read(sentence.text)
    except Unreadable:
        return ()
    called = {finding.name: finding.laterality for finding in request.findings if finding.called}
    sides = {claim.name: claim.laterality for claim in claims}
    ages = {str(each.days_before) for each in sentence.evidence if each.source.startswith("prior:")}
    agrees = (
        {each.finding for each in sentence.evidence if each.source == "model"} == set(sides)
        and sides.items() <= called.items()
        and {claim.certainty for claim in claims} == {sentence.certainty}
        and {claim.days_before for claim in claims if claim.change} == ages
    )
    return claims if agrees else ()


def _difference(claims: Sequence[Claim], facts: Mapping[FindingName, Claim]) -> Fault | None:
    for claim in claims:
        fact = facts.get(claim.name)
        if fact is None:
            return Fault.FINDING
        if claim.laterality != fact.laterality:
            return Fault.SIDE
        if claim.certainty is not fact.certainty:
            return Fault.CERTAINTY
        if (claim.change, claim.days_before) != (fact.change, fact.days_before):
            return Fault.COMPARISON
    return None if len(claims) == len(facts) else Fault.DROPPED


def _parsed_back(statements: Sequence[Statement], facts: Mapping[FindingName, Claim]) -> Fault | None:
    """The labeller, which knows nothing of this reader, has to find every finding, and nothing denied, elsewhere or otherwise.

    How sure a hedge sounds is not asked: labellers count "probable" as positive or as uncertain, and look for hedges mostly before the finding.
    """
    supported = all(statement.name in facts and _agrees(statement, facts[statement.name]) for statement in statements)
    complete = {statement.name for statement in statements} == set(facts)
    return None if supported and complete else Fault.NOT_PARSED_BACK


def _agrees(statement: Statement, fact: Claim) -> bool:
    hedged = fact.certainty is not Certainty.CERTAIN
    return (
        (statement.presence is Presence.POSITIVE or (hedged and statement.presence is Presence.UNCERTAIN))
        and statement.laterality in ("", fact.laterality)
        and statement.severity is Severity.UNSTATED
        and statement.change in (Change.UNSTATED, fact.change)
        and not statement.position
    )


def _standing_for(text: str, originals: Sequence[Sentence]) -> Sentence:
    """The composer's words with the grammar's evidence, hedges and, of several, the least certainty."""
    evidence = tuple(dict.fromkeys(evidence for each in originals for evidence in each.evidence))
    hedge = "; ".join(dict.fromkeys(each.hedge for each in originals if each.hedge))
    certainty = min((each.certainty for each in originals), key=_SURENESS.index)
    said = text.rstrip(" .")
    return Sentence(originals[0].section, f"{said[:1].upper()}{said[1:]}.", evidence, hedge, certainty)
