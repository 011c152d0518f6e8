"""What becomes of a composer's draft as a whole. What passes sentence by sentence is in test_guard_adversarial.py and test_guard_reading.py."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.analysis_builders import a_finding

from wetread.domain.analysis import QualityFlag
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.report import Draft, ReportFinding, Section, Sentence
from wetread.domain.statement import Statement
from wetread.drafting.grammar import GrammarDrafter
from wetread.drafting.guard import Fault, GuardedDrafter, guard
from wetread.ports.drafter import DraftingRequest

REQUEST = DraftingRequest(
    findings=(a_finding("effusion", 0.9), a_finding("nodule", 0.5, 0.3, "right"), a_finding("mass", 0.1)),
    quality=(QualityFlag("not_gated", "the model does not check the view"),),
    view_position="PA",
    comparison_available=False,
    may_say_normal=False,
)
DOCS = Path(__file__).parents[3] / "docs"
REFERENCE = GrammarDrafter().draft(REQUEST)


class Silent:
    """A labeller that reads nothing: no rewording can be parsed back."""

    version = "silent/1"

    def statements(self, text: str) -> tuple[Statement, ...]:
        return ()


@dataclass
class Composing:
    """Writes what it is told, or fails as it is told."""

    answer: Draft | Exception

    def draft(self, request: DraftingRequest) -> Draft:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def _composed(*sentences: Sentence) -> Draft:
    return Draft(sentences, (), "model/1", "")


def _guarded(composed: Draft, request: DraftingRequest = REQUEST) -> Draft:
    return guard(composed, GrammarDrafter().draft(request), request, Silent())


def test_the_grammar_s_own_words_pass_untouched() -> None:
    draft = _guarded(_composed(*REFERENCE.sentences))
    assert draft.sentences == REFERENCE.sentences
    assert draft.notice == REFERENCE.notice
    assert draft.composer == f"model/1 guarded by {REFERENCE.composer} and silent/1"


def test_of_a_composer_that_says_nothing_everything_is_put_back_and_flagged() -> None:
    draft = _guarded(_composed())
    assert [replace(each, guarded="") for each in draft.sentences] == list(REFERENCE.sentences)
    assert {each.guarded for each in draft.sentences} == {Fault.DROPPED.value}
    assert f"put back {len(REFERENCE.sentences)} of {len(REFERENCE.sentences)}" in draft.notice


def test_the_composer_orders_findings_but_neither_notes_nor_the_impression() -> None:
    indication, technique, comparison, note, nodule, effusion, *impression = REFERENCE.sentences
    composed = _composed(effusion, nodule, note, *impression[::-1], comparison, technique, indication)
    kept = (indication, technique, comparison, note, effusion, nodule, *impression)
    assert _guarded(composed).sentences == kept


def test_what_was_dropped_comes_back_in_its_place() -> None:
    kept = tuple(each for each in REFERENCE.sentences if "effusion" not in each.text)
    draft = _guarded(_composed(*kept))
    assert [each.text for each in draft.sentences] == [each.text for each in REFERENCE.sentences]
    assert {each.text: each.guarded for each in draft.sentences if each.guarded} == {
        "Probable left pleural effusion.": "dropped"
    }


def test_a_sentence_said_twice_stands_once() -> None:
    draft = _guarded(_composed(*REFERENCE.sentences, *REFERENCE.sentences))
    assert draft.sentences == REFERENCE.sentences


@pytest.mark.parametrize("section", [Section.IMPRESSION, Section.TECHNIQUE, Section.INDICATION])
def test_a_questionable_finding_cannot_be_moved_to_another_section(section: Section) -> None:
    request = replace(REQUEST, findings=(a_finding("nodule", 0.35, 0.3, "right"), a_finding("effusion", 0.9)))
    reference = GrammarDrafter().draft(request)
    moved = [replace(each, section=section) if "nodule" in each.text else each for each in reference.sentences]
    draft = _guarded(_composed(*moved), request)
    assert [each.text for each in draft.sentences] == [each.text for each in reference.sentences]
    assert "1 of the composer's sentences had no place" in draft.notice


def test_findings_and_notice_are_the_grammar_s_whatever_the_composer_says() -> None:
    mine = (ReportFinding(REQUEST.findings[2].name, True, "left", 0.99),)
    draft = _guarded(Draft(REFERENCE.sentences, mine, "model/1", "Signed and final."))
    assert draft.findings == REFERENCE.findings
    assert draft.notice == REFERENCE.notice


def test_a_draft_of_endless_sentences_is_not_read() -> None:
    draft = _guarded(_composed(*REFERENCE.sentences * 3))
    assert draft.sentences == REFERENCE.sentences
    assert draft.composer == f"{REFERENCE.composer} (composer not used)"
    assert "too long" in draft.notice


@pytest.mark.parametrize("failure", [TransientError("down", code="unreachable"), PermanentError("no", code="bad")])
def test_without_a_composer_the_grammar_drafts_and_says_why(failure: TransientError | PermanentError) -> None:
    draft = GuardedDrafter(Composing(failure), GrammarDrafter(), Silent()).draft(REQUEST)
    assert (draft.sentences, draft.findings) == (REFERENCE.sentences, REFERENCE.findings)
    assert failure.code in draft.notice
    assert "composer not used" in draft.composer


@given(st.text(), st.integers(0, len(REFERENCE.sentences) - 1))
def test_no_text_at_all_displaces_a_sentence(text: str, place: int) -> None:
    altered = [replace(each, text=text) if n == place else each for n, each in enumerate(REFERENCE.sentences)]
    draft = _guarded(_composed(*altered))
    assert [each.text for each in draft.sentences] == [each.text for each in REFERENCE.sentences]


def test_the_docs_name_every_fault() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", (DOCS / "guard.md").read_text("utf-8"), flags=re.M)
    assert rows == [fault.value for fault in Fault]


def test_a_composer_is_guarded() -> None:
    lie = replace(REFERENCE.sentences[4], text="No pleural effusion.")
    composed = _composed(*[lie if each is REFERENCE.sentences[4] else each for each in REFERENCE.sentences])
    draft = GuardedDrafter(Composing(composed), GrammarDrafter(), Silent()).draft(REQUEST)
    assert draft.sentences[4] == replace(REFERENCE.sentences[4], guarded=Fault.WORDS.value)
