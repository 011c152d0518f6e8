"""When two person names may be the same although they are written differently: folded words, and how they sound."""

import re
from unicodedata import category, normalize

__all__ = ["folded_words", "sound"]

_WORD = re.compile(r"[^\W_]+")
_CODES = {
    letter: code
    for letters, code in (("BFPV", "1"), ("CGJKQSXZ", "2"), ("DT", "3"), ("L", "4"), ("MN", "5"), ("R", "6"))
    for letter in letters
}
_MOST_WORDS = 16


def folded_words(name: str) -> tuple[str, ...]:
    """The words of all components and component groups, each once, without letter case and accents; at most 16."""
    plain = "".join(letter for letter in normalize("NFKD", name.casefold()) if category(letter) != "Mn")
    return tuple(dict.fromkeys(_WORD.findall(plain)))[:_MOST_WORDS]


def sound(word: str) -> str:
    """American Soundex (U.S. National Archives, "The Soundex Indexing System") of a word of Latin letters: a letter and three digits; "" for any other."""
    letters = word.upper()
    if not (letters.isascii() and letters.isalpha()):
        return ""
    code, last = letters[0], _CODES.get(letters[0], "")
    for letter in letters[1:]:
        digit = _CODES.get(letter, "")
        if digit and digit != last:
            code += digit
        if letter not in "HW":  # letters with H or W between them count as side by side
            last = digit
    return (code + "000")[:4]
