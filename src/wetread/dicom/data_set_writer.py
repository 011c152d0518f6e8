"""Translates DICOM JSON back into a Part 10 file in explicit VR little endian; text is UTF-8, as the JSON says."""

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from struct import pack
from typing import Any

from wetread.dicom.explicit_encoding import ITEM, ITEM_END, SEQUENCE_END, element, sequence_head
from wetread.domain.value_representation import BINARY_NUMBERS

__all__ = ["written"]

_ZERO_PADDED = frozenset({"UI", "OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_DS_LETTERS = 16


def written(data_set: Mapping[str, dict[str, Any]], bulk: Callable[[str], bytes]) -> Iterator[bytes]:
    """The data set's bytes, element by element in the order of tags; `bulk` gives what a BulkDataURI stands for, little-endian."""
    for tag, attribute in sorted(data_set.items()):
        vr = attribute["vr"]
        if vr != "SQ":
            yield element(int(tag, 16), vr, _bytes(vr, attribute, bulk), b"\0" if vr in _ZERO_PADDED else b" ")
            continue
        yield sequence_head(int(tag, 16))
        for item in attribute.get("Value", []):
            yield ITEM
            yield from written(item, bulk)
            yield ITEM_END
        yield SEQUENCE_END


def _bytes(vr: str, attribute: dict[str, Any], bulk: Callable[[str], bytes]) -> bytes:
    if "BulkDataURI" in attribute:
        return bulk(attribute["BulkDataURI"])
    if "InlineBinary" in attribute:
        return b64decode(attribute["InlineBinary"])
    values = attribute.get("Value", [])
    if vr in BINARY_NUMBERS:
        return b"".join(pack(BINARY_NUMBERS[vr], each or 0) for each in values)
    if vr == "AT":
        return b"".join(pack("<HH", int(each[:4], 16), int(each[4:], 16)) for each in values)
    return "\\".join(_text(vr, each) for each in values).encode()


def _text(vr: str, value: Any) -> str:
    if value is None:
        return ""
    if vr == "PN":
        return "=".join(value.get(group, "") for group in ("Alphabetic", "Ideographic", "Phonetic")).rstrip("=")
    if vr == "DS" and isinstance(value, float):
        return _decimal(value)
    return str(value)


def _decimal(number: float) -> str:
    """At most sixteen characters (PS3.5 §6.2)."""
    text = str(int(number)) if number.is_integer() and abs(number) < 10**15 else repr(number)
    digits = _DS_LETTERS
    while len(text) > _DS_LETTERS:
        digits -= 1
        text = f"{number:.{digits}g}"
    return text
