"""Text to words with their places. Every word is lower case; a hyphen or a slash only separates."""

import re
from typing import NamedTuple

__all__ = ["TOKEN", "Word", "words_of"]


class Word(NamedTuple):
    """One word or one of `, ; : ( )`, with its span in the text."""

    lower: str
    start: int
    end: int


TOKEN = re.compile(
    r"(?P<word>\d+(?:[.,]\d+)*|[^\W_]+(?:['’][^\W_]+)?|&)|(?P<stop>[.!?]+)|(?P<mark>[,;:()])|(?P<line>[\n\r\f\v\x85\u2028\u2029]\s*)"
)
"""No alternative can begin where another one has failed half-way, so a scan is linear in the text."""


def words_of(phrase: str) -> list[str]:
    """The words of a lexicon's phrase, as the text's would be."""
    return [match[0].lower().replace("’", "'") for match in TOKEN.finditer(phrase) if match.lastgroup == "word"]
