"""Translates text bytes to str by SpecificCharacterSet, from a closed list of codecs: a codec is never looked up by a name from the file (PS3.3 §C.12.1.1.2, PS3.5 §6.1).

Nothing is refused and nothing is lost: bytes that a character set cannot hold become `\\xNN`, so two different identifiers never become the same text.
An absent or unknown character set is read as ISO 8859-1, which holds every byte.
"""

import re

__all__ = ["codecs_of", "decode_text"]

_DEFAULT = "iso8859_1"
_REGISTRATIONS = {
    "6": "iso8859_1",
    "13": "shift_jis",
    "58": "gb2312",
    "87": "iso2022_jp",
    "100": "iso8859_1",
    "101": "iso8859_2",
    "109": "iso8859_3",
    "110": "iso8859_4",
    "126": "iso8859_7",
    "127": "iso8859_6",
    "138": "iso8859_8",
    "144": "iso8859_5",
    "148": "iso8859_9",
    "149": "euc_kr",
    "159": "iso2022_jp_2",
    "166": "iso8859_11",
    "192": "utf_8",
    "203": "iso8859_15",
}
_ESCAPES = {
    b"\x1b(B": "iso8859_1",
    b"\x1b(J": "shift_jis",
    b"\x1b)I": "shift_jis",
    b"\x1b$B": "iso2022_jp",
    b"\x1b$(D": "iso2022_jp_2",
    b"\x1b$)C": "euc_kr",
    b"\x1b$)A": "gb2312",
    b"\x1b-A": "iso8859_1",
    b"\x1b-B": "iso8859_2",
    b"\x1b-C": "iso8859_3",
    b"\x1b-D": "iso8859_4",
    b"\x1b-F": "iso8859_7",
    b"\x1b-G": "iso8859_6",
    b"\x1b-H": "iso8859_8",
    b"\x1b-L": "iso8859_5",
    b"\x1b-M": "iso8859_9",
    b"\x1b-T": "iso8859_11",
    b"\x1b-b": "iso8859_15",
}
_STATEFUL = frozenset({"iso2022_jp", "iso2022_jp_2"})
_ALWAYS = frozenset({"iso8859_1", "shift_jis"})  # ASCII and romaji need not be declared
_TERM = re.compile(r"ISO[ _-]?(?:2022[ _-]?)?(?:IR[ _-]?)?(\d{1,3})")
_SPLIT = re.compile(b"(?=" + b"|".join(re.escape(escape) for escape in _ESCAPES) + b")")
_MOST_TERMS = 16


def codecs_of(terms: tuple[str, ...]) -> tuple[str, ...]:
    """Python codec names of the defined terms; the first is where every value starts."""
    return tuple(_codec(term) for term in terms[:_MOST_TERMS]) or (_DEFAULT,)


def _codec(term: str) -> str:
    upper = term.strip().upper()
    if upper in ("GB18030", "GBK", "ISO 2022 GBK"):
        return "gb18030"
    found = _TERM.fullmatch(upper)
    return _REGISTRATIONS.get(found[1], _DEFAULT) if found else _DEFAULT


def decode_text(raw: bytes, codecs: tuple[str, ...], delimiters: bytes = b"\\\r\n\t\f") -> str:
    """`raw` as text. After each delimiter the first character set is in force again (PS3.5 §6.1.2.5.3); pass b"\\\\^=" for PN."""
    if b"\x1b" not in raw or (len(codecs) == 1 and codecs[0] not in _STATEFUL):
        return _decode(raw, codecs[0])
    return "".join(_decode_run(run, codecs, delimiters) for run in _SPLIT.split(raw))


def _decode_run(run: bytes, codecs: tuple[str, ...], delimiters: bytes) -> str:
    """What follows one escape. In a two-byte set of G0 a delimiter's code is half a character; elsewhere it ends the escape's reach."""
    escape = next((known for known in _ESCAPES if run.startswith(known)), b"")
    codec = _ESCAPES.get(escape, codecs[0])
    if codec not in codecs and codec not in _ALWAYS:
        return _decode(run, codecs[0])
    if codec in _STATEFUL:
        return _decode(run, codec)
    reach = next((index for index, byte in enumerate(run) if byte in delimiters), len(run))
    return _decode(run[len(escape) : reach], codec) + _decode(run[reach:], codecs[0])


def _decode(raw: bytes, codec: str) -> str:
    return raw.decode(codec, errors="backslashreplace")
