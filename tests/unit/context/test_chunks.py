"""Cutting a text of the record."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.context.chunks import LONGEST_CHARS, chunks


def pieces(text: str, longest: int) -> list[str]:
    return [chunk.text for chunk in chunks(text, longest_chars=longest)]


def test_sentences_stay_whole_and_are_joined_while_they_fit() -> None:
    text = "Known COPD. On home oxygen. Stent in 2019; no angina since. Follow-up advised."
    assert pieces(text, 40) == ["Known COPD. On home oxygen.", "Stent in 2019; no angina since.", "Follow-up advised."]


@pytest.mark.parametrize(
    "text",
    [
        "Seen by Dr. Lee at 3.5 cm.",
        "Mild edema, e.g. at the bases.",
        "ca. 20 ml, St. p. lobectomy.",
        "J. S. was told.",
        "Lesion vs. scar.",
    ],
)
def test_an_abbreviation_or_a_decimal_ends_no_sentence(text: str) -> None:
    assert pieces(text + " Then the next sentence came.", len(text)) == [
        text,
        *pieces("Then the next sentence came.", len(text)),
    ]


def test_paragraphs_and_list_items_are_boundaries() -> None:
    assert pieces("Diagnoses\n\nHeart failure\n\n- COPD\n- Asthma", 400) == [
        "Diagnoses",
        "Heart failure",
        "- COPD\n- Asthma",
    ]
    assert pieces("- COPD, severe\n- Asthma", 15) == ["- COPD, severe", "- Asthma"]


def test_what_is_too_long_is_cut_at_a_space_or_anywhere() -> None:
    assert pieces("one two three four", 9) == ["one two", "three", "four"]
    assert pieces("abcdefghij" * 2, 8) == ["abcdefgh", "ijabcdef", "ghij"]


def test_nothing_to_say_is_no_chunk() -> None:
    assert chunks("") == chunks(" \n\t ") == ()


@given(st.text(alphabet=st.sampled_from("ab .!?;\n-•äß\u2003\ud800"), max_size=300), st.integers(1, 60))
def test_every_character_is_in_one_chunk_at_its_place(text: str, longest: int) -> None:
    found = chunks(text, longest_chars=longest)
    assert all(chunk.text == text[chunk.start : chunk.end] for chunk in found)
    assert all(chunk.text.strip() == chunk.text != "" and len(chunk.text) <= longest for chunk in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    outside = set(range(len(text))) - {i for chunk in found for i in range(chunk.start, chunk.end)}
    assert all(text[i].isspace() for i in outside)


def test_a_long_text_is_cut_in_linear_time() -> None:
    found = chunks("Heart failure, stable on treatment. " * 20_000)
    assert max(len(chunk.text) for chunk in found) <= LONGEST_CHARS
    assert sum(chunk.text.count("stable") for chunk in found) == 20_000
