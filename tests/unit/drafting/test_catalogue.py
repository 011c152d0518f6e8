"""Every language says everything: the same keys and slots, and each finding with each side, certainty and comparison in its right form."""

from itertools import product

import pytest
from tests.drafting_reader import GENDERS, GERMAN

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import PermanentError
from wetread.domain.finding import VOCABULARY, FindingName
from wetread.domain.report import Certainty, Evidence, Section
from wetread.drafting.assessment import KNOWN_FLAGS
from wetread.drafting.catalogue import LANGUAGES, catalogue, language_of
from wetread.drafting.comparison import Relation
from wetread.drafting.content import Claim, PlannedStatement
from wetread.drafting.measure import QUANTITIES
from wetread.drafting.style import DEFAULT_STYLE
from wetread.drafting.template import Template
from wetread.drafting.wording import SLOTS, wording

EN = catalogue("en")
INNER = {"days", "certainty", "side", "finding", "first", "last"}
"""Slots that a word group fills itself."""
SIDES = ("", "left", "right", "bilateral")
STATED = [each for each in Certainty if each]


def test_there_are_two_languages() -> None:
    assert LANGUAGES == ("de", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_key_of_the_english_one_with_its_slots(language: str) -> None:
    other = catalogue(language)
    assert list(other.phrases) == list(EN.phrases)
    assert set(other.nouns) == set(VOCABULARY)
    assert set(other.units) == {unit for units in QUANTITIES.values() for unit in units}
    differing = {key for key, each in other.phrases.items() if each.slots != EN.phrases[key].slots}
    assert {key for key in differing if not key.startswith("quality.")} == set()
    assert all(other.phrases[key].slots < EN.phrases[key].slots for key in differing)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_slot_has_what_fills_it(language: str) -> None:
    asked = {slot for phrase in catalogue(language).phrases.values() for slot in phrase.slots}
    assert asked <= set(SLOTS) | INNER


def test_every_claim_and_relation_has_its_phrase() -> None:
    keys = set(EN.phrases)
    for claim in Claim:
        assert claim.value in keys or any(key.startswith(f"{claim.value}.") for key in keys), claim
    assert {each.value for each in Relation if each} <= keys
    assert {f"kind.{kind.value}" for kind in RecordKind} <= keys
    assert {f"certainty.{certainty.value}" for certainty in STATED} <= keys
    assert {f"quantity.{quantity}" for quantity in QUANTITIES} == {k for k in keys if k.startswith("quantity.")}
    assert {f"quality.{code}" for code in (*KNOWN_FLAGS, "other")} == {k for k in keys if k.startswith("quality.")}


def test_english_nouns_are_those_of_the_vocabulary() -> None:
    assert {name: noun.text for name, noun in EN.nouns.items()} == {n: c.display for n, c in VOCABULARY.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_side_certainty_and_comparison_makes_a_sentence_of_its_own(language: str) -> None:
    words, made = wording(language, DEFAULT_STYLE), set()
    for name, side, certainty, relation in product(FindingName, SIDES, STATED, Relation):
        planned = PlannedStatement(
            Section.FINDINGS,
            Claim.CALLED,
            (Evidence("model", name, 0.5, 0.3),),
            finding=name,
            laterality=side,
            certainty=certainty,
            relation=relation,
            days_before=12 if relation else None,
        )
        text = words.render(planned).text
        assert text[0].isupper()
        assert text.endswith(".")
        assert "  " not in text
        made.add(text)
    assert len(made) == len(FindingName) * len(SIDES) * len(STATED) * len(Relation)


@pytest.mark.parametrize("name", FindingName)
def test_german_adjectives_agree_with_the_gender_of_the_noun(name: FindingName) -> None:
    noun, (text, gender) = catalogue("de").nouns[name], GERMAN[name]
    no, left, right, both = GENDERS[gender]
    assert (noun.text, noun.no) == (text, no)
    assert noun.sides == {"left": left, "right": right, "bilateral": both}


def test_a_tag_finds_the_catalogue_of_its_language() -> None:
    assert [language_of(tag) for tag in ("de", "de-CH", "DE_at", "en-GB-oed")] == ["de", "de", "de", "en"]


@pytest.mark.parametrize("tag", ["fr", "", "-de", "deutsch", "../de", "de.toml"])
def test_another_language_is_refused_with_those_there_are(tag: str) -> None:
    with pytest.raises(PermanentError, match="ask for one of de, en") as refusal:
        language_of(tag)
    assert refusal.value.code == "unknown_language"


@pytest.mark.parametrize("text", ["{", "}", "{0}", "{a.b}", "{a!r}", "{a:>9}", "{{a}}", "{A}", "{}"])
def test_a_template_knows_named_slots_only(text: str) -> None:
    with pytest.raises(PermanentError, match="a slot is written"):
        Template.parse(text)


def test_what_fills_a_slot_is_never_read_as_a_template() -> None:
    template = Template.parse("{a} and {b}")
    assert template.fill({"a": "{b}", "b": "{0.__class__} %s"}) == "{b} and {0.__class__} %s"
