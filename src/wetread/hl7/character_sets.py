"""Which characters a receiver can read (MSH-18, HL7 table 0211), and a text in them: nothing of it is lost without a word.

Letters that a set lacks are written by those that it has (é as e, ß as ss), typographic signs by their plain ones. What has no such spelling is refused: a "?" for a sign
would change what was signed.
"""

import unicodedata
from typing import Literal

from wetread.domain.errors import PermanentError

__all__ = ["CODECS", "UTF_8", "CharacterSet", "encoded"]

CharacterSet = Literal[
    "ASCII", "8859/1", "8859/2", "8859/3", "8859/4", "8859/5", "8859/6", "8859/7", "8859/8", "8859/9", "8859/15",
    "UNICODE UTF-8",
]  # fmt: skip

UTF_8: CharacterSet = "UNICODE UTF-8"

CODECS: dict[CharacterSet, str] = {
    "ASCII": "ascii", "8859/1": "iso8859_1", "8859/2": "iso8859_2", "8859/3": "iso8859_3", "8859/4": "iso8859_4", "8859/5": "iso8859_5",
    "8859/6": "iso8859_6", "8859/7": "iso8859_7", "8859/8": "iso8859_8", "8859/9": "iso8859_9", "8859/15": "iso8859_15", UTF_8: "utf-8",
}  # fmt: skip

_PLAIN = {
    "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
    "\u2018": "'", "\u2019": "'", "\u201a": ",", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2026": "...", "\u2022": "*", "\u2264": "<=", "\u2265": ">=",
    "\u00b1": "+/-", "\u00d7": "x", "\u00b5": "u", "\u03bc": "u", "\u00b0": " deg", "\u2192": "->", "\u00df": "ss", "\u00e6": "ae", "\u00c6": "AE", "\u0153": "oe",
    "\u0152": "OE", "\u00f8": "o", "\u00d8": "O", "\u0142": "l", "\u0141": "L", "\u0111": "d", "\u0110": "D", "\u0131": "i",
}  # fmt: skip


def encoded(text: str, character_set: CharacterSet) -> bytes:
    """The text in that set; raises PermanentError 'unencodable' where it holds a character that the set cannot say."""
    codec = CODECS[character_set]
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return "".join(_sayable(each, codec, character_set) for each in text).encode(codec)


def _sayable(character: str, codec: str, character_set: CharacterSet) -> str:
    if unicodedata.combining(character):  # an accent that stands apart: its letter has been said
        return ""
    for spelling in (character, _PLAIN.get(character, ""), _without_accents(character)):
        if spelling and _fits(spelling, codec):
            return spelling
    raise PermanentError(
        f"the report holds a character that {character_set} cannot say: let the receiver take {UTF_8}",
        code="unencodable",
    )


def _without_accents(character: str) -> str:
    """Of a letter alone: a stroke through a sign turns it into its opposite (≠ is no =), and compatibility forms hide delimiters and powers of ten."""
    if not unicodedata.category(character).startswith("L"):
        return ""
    bare = "".join(each for each in unicodedata.normalize("NFD", character) if not unicodedata.combining(each))
    return bare if bare.isalpha() else ""


def _fits(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
