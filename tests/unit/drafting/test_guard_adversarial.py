"""Nothing false passes the guard, and next to nothing true is refused: over generated drafts whose truth is known because they were written from it."""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from random import Random

import pytest
from tests.drafting_cases import Case, ReaderAlone, a_case, faithful
from tests.drafting_mutations import KINDS, Attack, attacks
from tests.drafting_paraphrases import FRAMES, OTHER_FRAMES, Frame

from wetread.domain.report import Draft, Evidence, Section, Sentence
from wetread.drafting.guard import Fault, guard
from wetread.labelling.labeller import RuleLabeller
from wetread.ports.labeller import Labeller

RULES = RuleLabeller()


def _guarded(case: Case, sentences: Iterable[Sentence], labeller: Labeller, attack: Attack | None = None) -> Draft:
    composed = Draft(tuple(sentences), attack.findings if attack else (), "model/1", "")
    return guard(composed, case.reference, case.request, labeller)


def _stated(sentences: Iterable[Sentence]) -> Counter[tuple[Section, Evidence]]:
    return Counter((each.section, evidence) for each in sentences for evidence in set(each.evidence))


def _said(sentences: Iterable[Sentence]) -> set[tuple[Section, str]]:
    return {(each.section, each.text.casefold().strip(" .")) for each in sentences}


@cache
def _attacks() -> tuple[Attack, ...]:
    return tuple(attacks(each_kind=40))


@pytest.mark.parametrize("labeller", [RULES, ReaderAlone()], ids=["rule labeller", "reader alone"])
def test_of_two_thousand_adversarial_drafts_no_lie_stands(labeller: Labeller) -> None:
    passed = list[tuple[str, str]]()
    for attack in _attacks():
        draft, reference = _guarded(attack.case, attack.sentences, labeller, attack), attack.case.reference
        passed += [
            (attack.kind, text)
            for _, text in (_said(draft.sentences) - _said(reference.sentences)) & _said(attack.lies)
        ]
        assert draft.findings == reference.findings
        assert draft.notice.startswith(reference.notice)
        assert _stated(draft.sentences) == _stated(reference.sentences), attack.kind
    assert passed == []


def test_the_adversarial_drafts_are_two_thousand_of_every_kind() -> None:
    tried = Counter(attack.kind for attack in _attacks())
    assert set(tried) == set(KINDS)
    assert tried.total() >= 2000


def test_what_is_put_back_says_what_was_wrong() -> None:
    drafts = (_guarded(each.case, each.sentences, RULES) for each in _attacks()[::3])
    faults = {each.guarded for draft in drafts for each in draft.sentences}
    assert faults >= {"", *(each.value for each in Fault if each is not Fault.NOT_PARSED_BACK)}


@pytest.mark.parametrize("frames", [FRAMES, OTHER_FRAMES], ids=["common frames", "other frames"])
def test_of_a_thousand_faithful_sentences_at_most_one_in_a_hundred_is_refused(frames: tuple[Frame, ...]) -> None:
    rng, written, refused = Random(1), 0, list[str]()
    while written < 1000:
        case = a_case(rng)
        reworded = [each for each in faithful(case, rng, frames) if each not in case.reference.sentences]
        standing = {
            each.text for each in _guarded(case, [*reworded, *case.reference.sentences], ReaderAlone()).sentences
        }
        written += len(reworded)
        refused += [each.text for each in reworded if each.text not in standing]
    assert len(refused) <= written / 100, refused
