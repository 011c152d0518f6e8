"""HL7 v2 delimiters and escapes (v2.5.1 chapter 2 §2.7): text goes in, and no text can end a component, a field or a segment."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from wetread.hl7.character_sets import UTF_8, CharacterSet, encoded

__all__ = ["components", "escape", "formatted", "message", "person_name", "segment", "timestamp"]

_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
_SPECIAL = re.compile(r"[\\|^&~]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n|[\r\n\u2028\u2029]")


def escape(text: str) -> str:
    r"""Text as one component: delimiters as \F\ \S\ \T\ \R\ \E\, control characters as spaces."""
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], _CONTROL.sub(" ", text)).strip()


def formatted(text: str) -> str:
    r"""Text as an FT value: the same, with line ends as \.br\ (§2.7.6)."""
    return "\\.br\\".join(escape(line) for line in _LINE_END.split(text))


def components(*texts: str) -> str:
    """One field of several components, each escaped, empty ones at its end left out."""
    return "^".join(map(escape, texts)).rstrip("^")


def segment(name: str, *fields: str) -> str:
    """Fields are escaped already (by `escape`, `formatted`, `components`); empty ones at the end are left out."""
    return "|".join((name, *fields)).rstrip("|")


def message(segments: Iterable[str], character_set: CharacterSet = UTF_8) -> bytes:
    """Segments, each ended by a carriage return, in the character set that MSH-18 names; raises PermanentError as `encoded` does."""
    return encoded("".join(f"{each}\r" for each in segments), character_set)


def person_name(dicom_name: str) -> str:
    """The alphabetic group of a DICOM PN as XPN. DICOM orders prefix before suffix (PS3.5 §6.2.1), HL7 suffix before prefix."""
    family, given, middle, prefix, suffix = (*dicom_name.partition("=")[0].split("^"), *[""] * 5)[:5]
    return components(family, given, middle, suffix, prefix)


def timestamp(moment: datetime) -> str:
    """An aware moment as TS, to the second, in UTC with its offset."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")
