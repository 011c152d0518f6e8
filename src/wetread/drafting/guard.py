"""After every composer: a sentence of its own stands only where it says what the grammar's sentences say; everything else is the grammar's again, and says why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.report import Draft, Section, Sentence
from wetread.drafting.guard_faults import Fault
from wetread.drafting.guard_judge import Judge, Verdict
from wetread.ports.drafter import Drafter, DraftingRequest
from wetread.ports.labeller import Labeller

__all__ = ["Fault", "GuardedDrafter", "guard"]


@dataclass(frozen=True, slots=True)
class GuardedDrafter:
    """Implements the Drafter port over a composer that may rephrase and the grammar that knows the facts. Raises what the grammar raises."""

    composer: Drafter
    grammar: Drafter
    labeller: Labeller

    def draft(self, request: DraftingRequest) -> Draft:
        reference = self.grammar.draft(request)
        try:
            composed = self.composer.draft(request)
        except (TransientError, PermanentError) as failure:
            return _unused(reference, f"The composer was not used: {failure.code}.")
        return guard(composed, reference, request, self.labeller)


def guard(composed: Draft, reference: Draft, request: DraftingRequest, labeller: Labeller) -> Draft:
    """The reference draft, in the composer's words and order where these say the same; its findings and its notice always.

    A composer's sentence names by its evidence which of the reference's sentences in the same section it stands for. Pure.
    """
    if request.language.replace("_", "-").partition("-")[0].lower() != "en":
        return _unused(reference, f"{composed.composer} was not used: only English can be checked.")
    if len(composed.sentences) > 2 * len(reference.sentences):
        return _unused(reference, f"{composed.composer} was not used: {Fault.TOO_LONG}.")
    judge = Judge(reference, request, labeller)
    verdicts = [judge.judge(each) for each in composed.sentences]
    sections = dict.fromkeys(each.section for each in reference.sentences)
    sentences = tuple(each for section in sections for each in _section(section, reference, judge, verdicts))
    return Draft(
        sentences,
        reference.findings,
        f"{composed.composer} guarded by {reference.composer} and {labeller.version}",
        f"{reference.notice} {_told(sentences, verdicts)}".rstrip(),
    )


def _unused(reference: Draft, why: str) -> Draft:
    return replace(reference, composer=f"{reference.composer} (composer not used)", notice=f"{reference.notice} {why}")


def _section(section: Section, reference: Draft, judge: Judge, verdicts: Sequence[Verdict]) -> list[Sentence]:
    """The composer's order of findings, with the grammar's sentences put back after the one they follow in the grammar.

    What may only be repeated keeps its place, and so does the impression: what leads it is a site's choice.
    """
    places = [place for place, each in enumerate(reference.sentences) if each.section is section]
    kept: list[tuple[tuple[int, ...], Sentence]] = []
    stated: set[int] = set()
    faults: dict[int, Fault] = {}
    for verdict in verdicts:
        if not set(verdict.places) <= set(places):
            continue
        if verdict.sentence is None or stated & set(verdict.places):
            faults = dict.fromkeys(verdict.places, verdict.fault or Fault.REPEATED) | faults
            continue
        stated |= set(verdict.places)
        if judge.may_be_reworded(verdict.places[0]):
            kept.append((verdict.places, verdict.sentence))
    if section is Section.IMPRESSION:
        kept.sort(key=lambda each: each[0])
    moved = {place for covered, _ in kept for place in covered}
    for before, place in pairwise([-1, *places]):
        if place not in moved:
            why = "" if place in stated else faults.get(place, Fault.DROPPED).value
            kept.insert(_after(before, kept), ((place,), replace(reference.sentences[place], guarded=why)))
    return [sentence for _, sentence in kept]


def _after(place: int, kept: Sequence[tuple[tuple[int, ...], Sentence]]) -> int:
    return next((index + 1 for index, (covered, _) in enumerate(kept) if place in covered), 0)


def _told(sentences: Sequence[Sentence], verdicts: Sequence[Verdict]) -> str:
    """For the notice: how much of the composer's draft did not stand."""
    back = sum(bool(each.guarded) for each in sentences)
    surplus = sum(not each.places for each in verdicts)
    told = f"The guard put back {back} of {len(sentences)} sentences of the grammar." if back else ""
    return f"{told} {surplus} of the composer's sentences had no place in it and were left out." if surplus else told
