"""Where a sentence ends and which section it belongs to."""

import pytest

from wetread.domain.report import Section
from wetread.labelling.lexicon import lexicon
from wetread.labelling.sentences import sentences


def split(text: str) -> list[str]:
    return [" ".join(word.lower for word in words) for _, words in sentences(text, lexicon("en"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No effusion. Cardiomegaly.", ["no effusion", "cardiomegaly"]),
        ("Discussed with Dr. Who at noon. Done.", ["discussed with dr who at noon", "done"]),
        ("A 1.5 cm nodule, approx. 2 cm from the hilum.", ["a 1.5 cm nodule , approx 2 cm from the hilum"]),
        ("1. Effusion. 2. Nodule.", ["effusion", "nodule"]),
        ("1) Effusion\n2) Nodule", ["1 ) effusion", "2 ) nodule"]),
        ("- No effusion\n- Nodule", ["no effusion", "nodule"]),
        ("No effusion\nThe heart is large", ["no effusion", "the heart is large"]),
        ("No focal\nconsolidation or\neffusion.", ["no focal consolidation or effusion"]),
        ("NO FOCAL\nCONSOLIDATION OR\nEFFUSION.", ["no focal consolidation or effusion"]),
        ("No effusion.Heart large", ["no effusion", "heart large"]),
        ("Seen at 9 a.m. today.", ["seen at 9 a m today"]),
        ("Is it an effusion? Perhaps!", ["is it an effusion", "perhaps"]),
        ("Effusion\r\n\r\nNodule", ["effusion", "nodule"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_sections_are_told_by_their_headings_in_any_dress() -> None:
    text = "Findings: Effusion.\nIMPRESSION\nNodule.\nCONCLUSION: Mass."
    assert [(section, words[0].lower) for section, words in sentences(text, lexicon("en"))] == [
        (Section.FINDINGS, "effusion"),
        (Section.IMPRESSION, "nodule"),
        (Section.IMPRESSION, "mass"),
    ]


@pytest.mark.parametrize("heading", ["INDICATION", "Clinical history", "Reason for exam", "COMPARISON", "Technique"])
def test_what_is_not_about_this_film_is_left_out_to_the_next_heading(heading: str) -> None:
    assert split(f"{heading}: Pneumonia? Old effusion.\nFINDINGS: No mass.") == ["no mass"]


def test_such_a_section_ends_with_its_paragraph_where_no_heading_follows() -> None:
    assert split("EXAM: Chest PA.\n\nThe lungs are clear.") == ["the lungs are clear"]
    assert split("INDICATION:\n\nPneumonia?\n\nThe lungs are clear.") == ["the lungs are clear"]


def test_an_anatomical_heading_is_no_section() -> None:
    assert split("FINDINGS: Lungs: clear. Pleura: no effusion.") == ["lungs : clear", "pleura : no effusion"]


def test_a_text_without_a_full_stop_is_cut_into_pieces_of_bounded_length() -> None:
    pieces = [words for _, words in sentences("effusion " * 1000, lexicon("en"))]
    assert sum(map(len, pieces)) == 1000
    assert max(map(len, pieces)) <= 256


def test_every_word_lies_where_its_span_says() -> None:
    text = "İm  Röntgen-Bild: keine\tErgüsse; No effusion’s sign."
    for _, words in sentences(text, lexicon("en")):
        for lower, start, end in words:
            assert text[start:end].lower().replace("’", "'") == lower
