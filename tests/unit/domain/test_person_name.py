"""The published examples of the Soundex indexing system, and what a word is."""

import pytest

from wetread.domain.person_name import folded_words, sound


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("Washington", "W252"), ("Lee", "L000"), ("Gutierrez", "G362"), ("Pfister", "P236"), ("Jackson", "J250"), ("Tymczak", "T522"), ("Ashcraft", "A261"), ("VanDeusen", "V532"),
        ("Robert", "R163"), ("Rupert", "R163"), ("Honeyman", "H555"), ("mueller", "M460"), ("muller", "M460"), ("", ""), ("美", ""), ("o2", ""), ("ß", "S000"),
    ],
)  # fmt: skip
def test_a_word_sounds_as_the_archives_write_it(word: str, code: str) -> None:
    assert sound(word) == code


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Müller^Jürgen", ("muller", "jurgen")), ("O'Neil-Smith^Pat^^Dr.", ("o", "neil", "smith", "pat", "dr")), ("Wang^XiaoDong=王^小東", ("wang", "xiaodong", "王", "小東")),
        ("Weiß^weiss", ("weiss",)), ("", ()), ("^=", ()), ("a_b", ("a", "b")),
    ],
)  # fmt: skip
def test_words_are_folded_and_each_told_once(name: str, words: tuple[str, ...]) -> None:
    assert folded_words(name) == words


def test_a_name_of_many_words_is_cut() -> None:
    assert len(folded_words(" ".join(f"w{number}" for number in range(99)))) == 16
