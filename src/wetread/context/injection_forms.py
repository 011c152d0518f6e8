"""Translates a text into the readings it may be meant in: as written, and with what hides an instruction from a reader of plain words undone.

Invisible and tag characters, look-alike letters, leet, spaced and split words, base64, base32, hexadecimal, percent signs, ROT13 and mirror writing; each tried within
bounds, none trusted.
"""

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote

__all__ = ["Reading", "readings"]

_LONGEST = 20_000
_MOST_CODED = 12
_LONGEST_CODED = 4_096
_MOST_DEPTH = 2
_LOOK_ALIKE = str.maketrans(
    "аеорсухіјѕԁԛԝһӏвкмнтгАВЕКМНОРСТУХІЈЅαβεηικνορτυχγωΑΒΕΖΗΙΚΜΝΟΡΤΥΧıɑɡʟɪꜱᴏᴀ",
    "aeopcyxijsdqwhlbkmhtrABEKMHOPCTYXIJSabenikvoptuxywABEZHIKMNOPTYXiaglisoa",
)
_LEET = str.maketrans("0345789@$!|+", "oeastbgasilt")
_LEET_WORD = re.compile(
    r"(?<![\w.,])(?=[A-Za-z0-9@$!|+]*[A-Za-z])(?=[A-Za-z0-9@$!|+]*[013457@$!|])[A-Za-z0-9@$!|+]{2,24}"
)
_SPACED = re.compile(r"(?<!\w)(?:\w[ .\-_*|]){3,}\w(?!\w)")
_SPLIT = re.compile(r"\s*[|;\n]?\s*\b(?:part|step|teil|parte|partie|piece|chunk)\s*\d{1,2}\s*[:.)=-]\s*", re.IGNORECASE)
_QUOTED_JOIN = re.compile(r"[\"']\s*\+\s*[\"']")
_BASE64 = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w+/])")
_BASE32 = re.compile(r"(?<![\w=])[A-Z2-7]{24,}={0,6}(?![\w])")
_BASE85 = re.compile(r"(?<!\S)[!-~]{40,}(?!\S)")
_CODE_MARKS = frozenset("!#$%&()*+;<=>?@^_`{|}~")
_HEX = re.compile(r"(?<![\w])(?:(?:\\x|0x|%)?[0-9A-Fa-f]{2}[ ,:]?){8,}(?![\w])")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}|&#x?[0-9A-Fa-f]{2,5};|\\u[0-9A-Fa-f]{4}")
_NUMBERED = re.compile(r"&#x([0-9A-Fa-f]{2,5});|\\u([0-9A-Fa-f]{4})|&#([0-9]{2,5});")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text, in small letters with single spaces; `disguise` says what had to be undone, "" for nothing."""

    text: str
    disguise: str


def readings(text: str) -> Iterator[Reading]:
    """The plain reading first, then every other that differs from those before it."""
    seen: set[str] = set()
    for disguise, read in _read(_ends(text), "", 0):
        plain = _smooth(read)
        if plain and plain not in seen:
            seen.add(plain)
            yield Reading(plain, disguise)


def _ends(text: str) -> str:
    """All of a text of ordinary length; the two ends of a longer one, where an instruction is put to be heard."""
    return text if len(text) <= 2 * _LONGEST else f"{text[:_LONGEST]} {text[-_LONGEST:]}"


def _smooth(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().lower()


def _read(text: str, disguise: str, depth: int) -> Iterator[tuple[str, str]]:
    visible, tagged, dropped = _visible(text)
    yield disguise or ("invisible characters" if dropped else ""), visible
    if tagged:
        yield disguise or "invisible characters", tagged
    for name, undo in _WHOLE:
        changed = undo(visible)
        if changed != visible:
            yield disguise or name, changed
    if depth == _MOST_DEPTH:
        return
    for name, pattern, decode in _CODED:
        for match in islice(pattern.finditer(visible), _MOST_CODED):
            decoded = decode(match[0][:_LONGEST_CODED])
            if decoded:
                yield from _read(decoded, disguise or name, depth + 1)


def _visible(text: str) -> tuple[str, str, bool]:
    """The text without what no reader sees, in plain letters; what tag characters (U+E0020 to U+E007E) spell; and whether anything was dropped."""
    if text.isascii():
        return text, "", False
    plain = unicodedata.normalize("NFKC", text)
    tagged = "".join(chr(ord(letter) - 0xE0000) for letter in plain if 0xE0020 <= ord(letter) <= 0xE007E)
    shown = "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
    return shown, tagged, len(shown) != len(plain)


def _looks_like(text: str) -> str:
    """Cyrillic and Greek letters inside Latin words as the Latin ones they look like; combining marks off."""
    if text.isascii():
        return text
    bare = "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    return bare.translate(_LOOK_ALIKE) if re.search(r"[A-Za-z]", bare) else text


def _unleet(text: str, one: str = "i") -> str:
    if not _is_leet(text):
        return text
    return _LEET_WORD.sub(lambda match: match[0].translate(_LEET).replace("1", one), text)


def _unleet_otherwise(text: str) -> str:
    return _unleet(text, "l")


def _is_leet(text: str) -> bool:
    """More than a code or two: a third of the words mix digits into letters."""
    words = text.split()
    mixed = sum(1 for word in words if _LEET_WORD.fullmatch(word.strip(".,:;")))
    return mixed >= 3 and 3 * mixed >= len(words)


def _close_up(text: str) -> str:
    return _SPACED.sub(lambda match: re.sub(r"[ .\-_*|]", "", match[0]), text)


def _join_parts(text: str) -> str:
    parts = _SPLIT.split(text)
    return _QUOTED_JOIN.sub("", "".join(parts) if len(parts) > 2 else text)


def _mirrored(text: str) -> str:
    return text[::-1]


def _rot13(text: str) -> str:
    return codecs.encode(text, "rot13")


def _text_of(decoded: bytes) -> str:
    """ "" where the bytes are no text."""
    try:
        text = decoded.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    printable = sum(letter.isprintable() or letter.isspace() for letter in text)
    return text if len(text) >= 8 and printable >= 0.95 * len(text) else ""


def _from_base64(coded: str) -> str:
    plain = coded.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return _text_of(base64.b64decode(plain + "=" * (-len(plain) % 4)))
    except binascii.Error:
        return ""


def _from_base32(coded: str) -> str:
    plain = coded.rstrip("=")
    try:
        return _text_of(base64.b32decode(plain + "=" * (-len(plain) % 8)))
    except binascii.Error:
        return ""


def _from_base85(coded: str) -> str:
    if len(_CODE_MARKS & set(coded)) < 3:
        return ""
    for decode in (base64.b85decode, base64.a85decode):
        try:
            if text := _text_of(decode(coded)):
                return text
        except ValueError:
            continue
    return ""


def _from_hex(coded: str) -> str:
    digits = re.sub(r"\\x|0x|[%\s,:]", "", coded)
    try:
        return _text_of(bytes.fromhex(digits))
    except ValueError:
        return ""


def _unescape(text: str) -> str:
    """Percent signs, numbered entities and backslash-u."""
    if _ESCAPED.search(text) is None:
        return text
    named = _NUMBERED.sub(
        lambda match: _letter(int(match[1] or match[2], 16) if match[1] or match[2] else int(match[3])), text
    )
    return unquote(named, errors="ignore")


def _letter(code: int) -> str:
    return chr(code) if 32 <= code < 0xD800 else ""


_WHOLE: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("look-alike letters", _looks_like),
    ("leet", _unleet),
    ("leet", _unleet_otherwise),
    ("spaced letters", _close_up),
    ("split words", _join_parts),
    ("mirror writing", _mirrored),
    ("ROT13", _rot13),
    ("escaped letters", _unescape),
)
_CODED: tuple[tuple[str, "re.Pattern[str]", Callable[[str], str]], ...] = (
    ("base64", _BASE64, _from_base64),
    ("base32", _BASE32, _from_base32),
    ("base85", _BASE85, _from_base85),
    ("hexadecimal", _HEX, _from_hex),
)
