"""A smaller character set loses no meaning: letters keep their word, signs are spelt out, and what cannot be said is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.errors import PermanentError
from wetread.hl7.character_sets import CODECS, CharacterSet, encoded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Müller", b"Muller"),
        ("Mu\u0308ller", b"Muller"),
        ("Łukasz Straße Ørsted", b"Lukasz Strasse Orsted"),
        ("≥ 5 mm – “wide”", b'>= 5 mm - "wide"'),
        ("±2 µm ≤ 3×4", b"+/-2 um <= 3x4"),
    ],
)
def test_letters_and_signs_have_a_plain_spelling(text: str, expected: bytes) -> None:
    assert encoded(text, "ASCII") == expected


@pytest.mark.parametrize("sign", ["≠", "≮", "10⁶", "⅓", "｜", "＾", "～", "＼", "王", "🫁", "\u202e"])
def test_a_sign_without_a_plain_spelling_is_refused_not_changed(sign: str) -> None:
    with pytest.raises(PermanentError) as caught:
        encoded(f"before {sign}", "8859/1")
    assert caught.value.code == "unencodable"
    assert "before" not in str(caught.value)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(list(CODECS)))
def test_no_character_becomes_a_delimiter(text: str, character_set: CharacterSet) -> None:
    try:
        said = encoded(text, character_set).decode(CODECS[character_set])
    except PermanentError:
        return
    for delimiter in "|^~\\&\r\n\x0b\x1c":
        assert said.count(delimiter) == text.count(delimiter)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_utf_8_says_everything_as_it_is(text: str) -> None:
    assert encoded(text, "UNICODE UTF-8") == text.encode()
