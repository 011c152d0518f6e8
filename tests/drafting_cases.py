"""Random drafting requests with what the grammar says of them, and a composer's faithful draft: the ground on which adversarial ones are made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from tests.analysis_builders import a_finding
from tests.drafting_paraphrases import FRAMES, Frame, Told, merged, one
from wetread.domain.analysis import Finding, QualityFlag
from wetread.domain.drafting_context import DraftingContext, Measurement, PriorFinding, PriorStudy, RecordKind, Snippet
from wetread.domain.finding import FindingName, concept
from wetread.domain.report import Certainty, Draft, Section, Sentence
from wetread.domain.statement import Change, Presence, Statement
from wetread.drafting.grammar import GrammarDrafter
from wetread.drafting.guard_reading import Unreadable, read
from wetread.ports.drafter import DraftingRequest

__all__ = ["Case", "ReaderAlone", "a_case", "faithful", "standing_for"]

N = FindingName
SIDES = ("left", "right", "bilateral", "")
QUALITY = (
    QualityFlag("not_gated", "the model does not check that this is an upright frontal chest film; look"),
    QualityFlag("view_unknown", "the header does not name the view; the image decides"),
)
BANDS = {Certainty.QUESTIONABLE: 0.3, Certainty.POSSIBLE: 0.55, Certainty.PROBABLE: 0.9}


@dataclass(frozen=True, slots=True)
class Case:
    """`told` holds, by place in the reference draft, what the sentences say that a composer may say otherwise: written from the request, not read from the draft."""

    request: DraftingRequest
    reference: Draft
    told: dict[int, Told]

    def places(self, section: Section) -> list[int]:
        return [place for place in self.told if self.reference.sentences[place].section is section]


def a_case(rng: Random, *, least: int = 1) -> Case:
    """At least `least` called findings, most with a side; half with a signed prior, which speaks of some of them in the same place or denies them."""
    names = rng.sample(list(N), rng.randint(6, 14))
    called = [_told(name, rng) for name in names[: rng.randint(least, 5)]]
    days = rng.choice([0, 1, 2, 40, 365, 1200])
    compared = [replace(each, change=_change(rng), days=days) if rng.random() < 0.4 else each for each in called]
    compared = [each if each.change else replace(each, days=0) for each in compared] if rng.random() < 0.5 else called
    quiet = names[len(called) :]
    priors = [_prior(each) for each in compared if each.change]
    priors += [PriorFinding(name, True) for name in rng.sample(quiet, 1) if rng.random() < 0.3]
    request = DraftingRequest(
        findings=(*(_called(each) for each in compared), *(_quiet(name) for name in quiet)),
        quality=tuple(rng.sample(QUALITY, rng.randint(0, 1))),
        view_position=rng.choice(["PA", "AP"]),
        comparison_available=bool(priors),
        may_say_normal=rng.random() < 0.5,
        measurements=(Measurement("cardiothoracic_ratio", 0.54, "1", N.CARDIOMEGALY),) * (rng.random() < 0.3),
        context=DraftingContext(
            indication_text="cough, no fever" if rng.random() < 0.3 else "",
            priors=(PriorStudy("r7f3", days, tuple(priors)),) if priors else (),
            snippets=(Snippet("c91", RecordKind.CONDITION, 90, "heart failure, no pneumonia", 0.8),)
            * (rng.random() < 0.3),
        ),
    )
    reference = GrammarDrafter().draft(request)
    return Case(request, reference, _places(reference, compared))


def _told(name: FindingName, rng: Random) -> Told:
    side = rng.choices(SIDES, (4, 4, 2, 1))[0] if concept(name).lateralised else ""
    return Told(name, side, rng.choice(list(BANDS)))


def _change(rng: Random) -> Change:
    return rng.choice([Change.NEW, Change.UNCHANGED])


def _prior(told: Told) -> PriorFinding:
    return PriorFinding(told.name, told.change is Change.UNCHANGED, told.side)


def _called(told: Told) -> Finding:
    return a_finding(told.name.value, BANDS[told.certainty], 0.25, told.side)


def _quiet(name: FindingName) -> Finding:
    return a_finding(name.value, 0.1, 0.25, "")


def _places(reference: Draft, tolds: Sequence[Told]) -> dict[int, Told]:
    by_name = {each.name: each for each in tolds}
    places = {}
    for place, sentence in enumerate(reference.sentences):
        names = {each.finding for each in sentence.evidence if each.source == "model"}
        if sentence.certainty is not Certainty.UNSTATED and len(names) == 1:
            (name,) = names
            places[place] = by_name[FindingName(name)]
    return places


def faithful(case: Case, rng: Random, frames: Sequence[Frame] = FRAMES) -> list[Sentence]:
    """A composer's draft that tells the truth: sentences reworded, joined and reordered within their sections, the rest repeated."""
    sentences: list[Sentence] = []
    for section in dict.fromkeys(each.section for each in case.reference.sentences):
        free = case.places(section)
        rng.shuffle(free)
        fixed = [each for n, each in enumerate(case.reference.sentences) if each.section is section and n not in free]
        sentences += fixed
        while free:
            size = min(len(free), rng.choice([1, 1, 1, 2, 3]))
            group, free = free[:size], free[size:]
            text = merged([case.told[n] for n in group], rng) if size > 1 else one(case.told[group[0]], rng, frames)
            sentences.append(standing_for(case, group, text))
    return sentences


def standing_for(case: Case, places: Sequence[int], text: str) -> Sentence:
    """A composer's sentence with the evidence of the ones it stands for."""
    originals = [case.reference.sentences[place] for place in places]
    evidence = tuple(dict.fromkeys(each for original in originals for each in original.evidence))
    return Sentence(originals[0].section, text, evidence, originals[0].hedge, originals[0].certainty)


class ReaderAlone:
    """A labeller that agrees with the guard's own reader: what the reader alone lets pass."""

    version = "reader alone"

    def statements(self, text: str) -> tuple[Statement, ...]:
        try:
            claims = read(text)
        except Unreadable:
            return ()
        presence = {Certainty.CERTAIN: Presence.POSITIVE}
        return tuple(
            Statement(each.name, presence.get(each.certainty, Presence.UNCERTAIN), 0, 0, each.laterality)
            for each in claims
        )
