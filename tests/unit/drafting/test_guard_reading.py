"""What the guard's reader makes of a sentence, and what it refuses to make anything of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.finding import VOCABULARY, FindingName, concept
from wetread.domain.report import Certainty
from wetread.domain.statement import Change
from wetread.drafting.guard_faults import Fault
from wetread.drafting.guard_lexicon import PHRASES, Kind
from wetread.drafting.guard_reading import Claim, Unreadable, read

N = FindingName
SURE, LIKELY, MAYBE, DOUBT = Certainty.CERTAIN, Certainty.PROBABLE, Certainty.POSSIBLE, Certainty.QUESTIONABLE
EFFUSION = Claim(N.EFFUSION, LIKELY, "left")


def _fault(text: str) -> Fault | None:
    try:
        read(text)
    except Unreadable as unreadable:
        return unreadable.fault
    return None


@pytest.mark.parametrize(
    "text",
    [
        "Probable left pleural effusion.",
        "There is a probable left-sided effusion.",
        "Pleural fluid is likely present on the left.",
        "On the left, there is a probable pleural effusion",
        "It is likely that there is a left pleural effusion.",
        "The left hemithorax shows a probable pleural effusion.",
        "Findings suggest a probable effusion in the left pleural space.",
        "Left pleural effusion (probable).",
        "A left pleural effusion, which is probable, is present.",
    ],
)
def test_one_statement_in_many_words(text: str) -> None:
    assert read(text) == (EFFUSION,)


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("The heart is possibly enlarged.", [Claim(N.CARDIOMEGALY, MAYBE)]),
        ("The cardiomediastinal silhouette is enlarged.", [Claim(N.ENLARGED_CARDIOMEDIASTINUM, SURE)]),
        ("Questionable bilateral nodules.", [Claim(N.NODULE, DOUBT, "bilateral")]),
        ("There may be pulmonary oedema.", [Claim(N.EDEMA, MAYBE)]),
        (
            "Probable left effusion, new since the prior of 40 days before.",
            [Claim(N.EFFUSION, LIKELY, "left", Change.NEW, "40")],
        ),
        (
            "Possible new right nodule compared with the previous study 1 day earlier.",
            [Claim(N.NODULE, MAYBE, "right", Change.NEW, "1")],
        ),
        (
            "Possible cardiomegaly, unchanged in presence since the prior of the same day.",
            [Claim(N.CARDIOMEGALY, MAYBE, "", Change.UNCHANGED, "0")],
        ),
        ("Probable left effusion and atelectasis.", [EFFUSION, Claim(N.ATELECTASIS, LIKELY, "left")]),
        ("Probable left effusion and possible nodule.", [EFFUSION, Claim(N.NODULE, MAYBE)]),
        ("On the left, probable effusion and possible nodule.", [EFFUSION, Claim(N.NODULE, MAYBE, "left")]),
        ("Probable effusion and possible nodule on the left.", [EFFUSION, Claim(N.NODULE, MAYBE, "left")]),
        ("Left effusion and right nodule are probable.", [EFFUSION, Claim(N.NODULE, LIKELY, "right")]),
        ("Left effusion is probable and right nodule is seen.", [EFFUSION, Claim(N.NODULE, SURE, "right")]),
        (
            "Left effusion is seen, and support devices are probable.",
            [Claim(N.EFFUSION, SURE, "left"), Claim(N.SUPPORT_DEVICES, LIKELY)],
        ),
        ("Probable left effusion; right nodule.", [EFFUSION, Claim(N.NODULE, SURE, "right")]),
        ("Probable left effusion, and there is a right nodule.", [EFFUSION, Claim(N.NODULE, SURE, "right")]),
        ("Probable left effusion and cardiomegaly.", [EFFUSION, Claim(N.CARDIOMEGALY, LIKELY)]),
        ("The heart is probably enlarged, with nodule.", [Claim(N.CARDIOMEGALY, LIKELY), Claim(N.NODULE, SURE)]),
    ],
)
def test_modifiers_belong_to_the_findings_they_can_be_meant_for(text: str, claims: list[Claim]) -> None:
    assert list(read(text)) == claims


@pytest.mark.parametrize(
    "text",
    [
        "Left effusion and right nodule is probable.",
        "Left effusion and right nodule, probable.",
        "Effusion, probably on the left.",
        "Possibly new left effusion.",
        "Left effusion, possibly new.",
        "Possible probable left effusion.",
        "Left effusion on the right.",
        "Possible left nodules.",
        "Possible nodule in the left pleural space.",
        "Possible nodule in the lungs.",
        "Possible effusion of the heart.",
        "Findings suggest a left effusion.",
        "Findings suggest a left effusion and a possible nodule.",
        "Possible enlarged nodule.",
        "Left effusion on a questionable film.",
        "Left effusion on the film, which is questionable.",
        "The questionable left hemithorax shows effusion.",
        "The film is questionable and shows left effusion.",
        "Possible findings show left effusion.",
        "Left effusion with possible findings.",
        "Possible left effusion and findings.",
        "Probable effusion and, on the left, possible nodule.",
        "Probable left effusion, new since the questionable prior of 40 days before.",
        "Possible nodule mass.",
        "Possible.",
        "There is.",
        "The left lung.",
    ],
)
def test_what_can_be_meant_in_two_ways_or_none_is_ambiguous(text: str) -> None:
    assert _fault(text) is Fault.AMBIGUOUS


def test_a_list_interrupted_leaves_open_whose_side_it_is() -> None:
    """ "Left effusion, cardiomegaly and nodule": no side can be given to the nodule that any fact would equal."""
    claims = read("Probable left effusion, cardiomegaly and nodule.")
    assert claims[2].laterality not in ("", "left", "right", "bilateral")


UNLISTED = (
    "no not without unlikely absent resolved clear normal stable larger small severe apical basilar acute chronic old due "
    "consistent recommend ct urgent signed final patient mr tuberculosis malignant tube cannot excluded he she links "
    "pleuraerguss 3 2024 mm % ?"
)


@pytest.mark.parametrize("word", UNLISTED.split())
@pytest.mark.parametrize(
    "pattern", ["{} left pleural effusion.", "Probable left pleural effusion, {}.", "Probable {} effusion."]
)
def test_no_word_passes_that_nobody_listed(word: str, pattern: str) -> None:
    assert _fault(pattern.format(word)) is Fault.WORDS


def test_a_comparison_needs_a_change() -> None:
    assert _fault("Probable left effusion since the prior study.") is Fault.COMPARISON
    assert _fault("Probable left effusion of 40 days.") is Fault.COMPARISON
    assert _fault("Probable left effusion, unchanged since the prior study.") is Fault.WORDS
    assert _fault("The heart has enlarged.") is Fault.WORDS


def test_a_finding_is_said_once() -> None:
    assert _fault("Probable left effusion; possible left effusion.") is Fault.REPEATED


def test_every_finding_has_its_own_display_among_its_terms() -> None:
    for name in VOCABULARY:
        assert PHRASES[tuple(concept(name).display.split())].value == name


def test_the_vocabulary_holds_no_word_that_turns_a_sentence_round() -> None:
    words = {word for phrase in PHRASES for word in phrase}
    assert not words & {
        "no",
        "not",
        "without",
        "absent",
        "except",
        "excluded",
        "cannot",
        "un",
        "non",
        "nor",
        "never",
        "free",
    }
    assert {each.kind for each in PHRASES.values()} == set(Kind)


@given(st.lists(st.sampled_from(sorted(PHRASES)), max_size=12))
def test_any_words_are_read_or_refused(phrases: list[tuple[str, ...]]) -> None:
    try:
        claims = read(" ".join(word for phrase in phrases for word in phrase))
    except Unreadable:
        return
    named = {each.value for phrase in phrases if (each := PHRASES[phrase]).kind in (Kind.TERM, Kind.PLURAL)}
    assert {claim.name.value for claim in claims} >= named


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    assert _fault(text) is not None or not read(text) or any(char.isalpha() for char in text)
