"""Over 10,000 random requests every given finding is stated with its side, certainty and comparison, and nothing else is stated; read back by words that are not the grammar's."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.drafting_oracle import expected_findings, expected_impression, right_number
from tests.drafting_reader import Said, names_in, read
from tests.drafting_sets import STYLES, random_sets

from wetread.domain.finding import FindingName
from wetread.domain.report import Draft, Section, Sentence
from wetread.domain.statement import Change, Presence, Statement
from wetread.drafting.grammar import GrammarDrafter
from wetread.drafting.style import Style
from wetread.labelling.labeller import RuleLabeller
from wetread.ports.drafter import DraftingRequest

SETS, SEED = 10_000, 20_261_129
DRAFTERS = {style: GrammarDrafter(style) for style in STYLES}
QUOTED = {"en": re.compile("“[^“”]*”"), "de": re.compile("„[^„“]*“")}


def _drafts(count: int, seed: int = SEED) -> Iterator[tuple[DraftingRequest, Style, Draft]]:
    return ((request, style, DRAFTERS[style].draft(request)) for request, style in random_sets(count, seed))


def _read(sentences: list[Sentence], language: str, style: Style) -> list[Said]:
    own = {(spoken, key): text for spoken, key, text in style.phrases}.get((language, "certainty.probable"), "")
    return [read(each.text, language, own) for each in sentences]


def _of(draft: Draft, section: Section) -> list[Sentence]:
    return [each for each in draft.sentences if each.section is section]


def test_every_given_finding_is_stated_and_nothing_is_invented() -> None:
    seen: Counter[str] = Counter()
    for request, style, draft in _drafts(SETS):
        found = _read(_of(draft, Section.FINDINGS), request.language, style)
        assert all(right_number(each, request) for each in found if each.number)
        assert Counter(replace(each, number="") for each in found) == expected_findings(request, style), request
        impression = _read(_of(draft, Section.IMPRESSION), request.language, style)
        assert [replace(each, number="") for each in impression] == expected_impression(request, style), request
        _check_the_rest(request, draft)
        seen.update(each.relation or each.kind for each in (*found, *impression))
    assert min(seen.values()) >= 20, seen


def _check_the_rest(request: DraftingRequest, draft: Draft) -> None:
    """Structured findings, certainties and evidence agree with the words; outside findings and impression no finding is named but in quotations."""
    called = {each.name: each for each in request.findings if each.called}
    assert {(f.name, f.laterality, f.probability, f.present) for f in draft.findings} == {
        (f.name, f.laterality, f.probability, True) for f in called.values()
    }
    for sentence in draft.sentences:
        assert sentence.evidence
        if sentence.section not in (Section.FINDINGS, Section.IMPRESSION):
            unquoted = QUOTED[request.language].sub("", sentence.text)
            assert not names_in(unquoted, request.language), sentence.text
        elif sentence.certainty:
            model, *priors = sentence.evidence
            assert model.finding in called
            assert model.probability == called[model.finding].probability
            assert all(each.source.startswith("prior:") and each.finding is model.finding for each in priors)


KNOWN_TO_THE_LABELLER = set(FindingName) - {FindingName.PLEURAL_OTHER, FindingName.ENLARGED_CARDIOMEDIASTINUM}
PRESENCE = {"certain": {Presence.POSITIVE}, "probable": {Presence.POSITIVE, Presence.UNCERTAIN}}
CHANGES = {"new": Change.NEW, "new side": Change.NEW, "unchanged": Change.UNCHANGED}


def test_the_labeller_reads_the_english_sentences_as_they_are_meant() -> None:
    """A second reader, which knows nothing of the grammar: what it reads in a draft is what a signed copy would count as."""
    labeller, read_back = RuleLabeller(), 0
    for request, style, draft in _drafts(300, SEED + 1):
        if request.language != "en":
            continue
        sentences = _of(draft, Section.FINDINGS)
        for sentence, said in zip(sentences, _read(sentences, "en", style), strict=True):
            statements = labeller.statements(sentence.text)
            if said.kind == "called":
                _check_called(said, statements)
                read_back += 1
            elif said.kind in ("not seen", "negative"):
                assert {each.presence for each in statements} <= {Presence.NEGATIVE}, sentence.text
            elif said.kind in ("not assessed", "uncalibrated"):
                assert {each.presence for each in statements} <= {Presence.UNCERTAIN}, sentence.text
            elif said.kind != "normal":
                assert statements == (), sentence.text
    assert read_back > 150


def _check_called(said: Said, statements: tuple[Statement, ...]) -> None:
    if said.name in KNOWN_TO_THE_LABELLER or statements:
        (only,) = statements
        assert only.name is said.name
        assert only.presence in PRESENCE.get(said.certainty, {Presence.UNCERTAIN})
        assert only.laterality in ("", said.side)
        assert only.change is CHANGES.get(said.relation, Change.UNSTATED)


@pytest.mark.parametrize(
    "text",
    [
        "Probable left pneumothorax",
        "Definite left pneumothorax.",
        "Probable upper pneumothorax.",
        "Probable left pneumothorax, larger since the prior of 12 days before.",
        "Wahrscheinlich linksseitige Pneumothorax.",
    ],
)
def test_the_reader_refuses_what_it_does_not_know(text: str) -> None:
    for language in ("en", "de"):
        with pytest.raises(ValueError, match=r"unreadable|no full stop"):
            read(text, language)
