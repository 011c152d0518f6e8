"""A whole data set as DICOM JSON (PS3.18 annex F); long and binary values stay behind and are named by their place. Runs only inside the sandbox child."""

from base64 import b64encode
from math import isfinite
from struct import calcsize, iter_unpack
from typing import Any

from wetread.dicom.charset import codecs_of, decode_text
from wetread.dicom.data_set_tree import Node, little_endian
from wetread.dicom.part10 import Part10File
from wetread.domain.value_representation import BINARY_NUMBERS

__all__ = ["data_set_json"]

_CHARACTER_SET = 0x00080005
_INLINE_BYTES = 1024
_WHOLE_TEXTS = frozenset({"LT", "ST", "UT", "UR"})
_TEXTS = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UC", "UI"}) | _WHOLE_TEXTS
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def data_set_json(file: Part10File, nodes: list[Node]) -> dict[str, Any]:
    """`BulkDataURI` holds the place alone ("7FE00010", "00283010.1.00283006"): who knows the address puts it before. Group lengths are left out; text is Unicode, so SpecificCharacterSet says so."""
    return _level(file, nodes, ("",), "")


def _level(file: Part10File, nodes: list[Node], codecs: tuple[str, ...], place: str) -> dict[str, Any]:
    own = next((each for each in nodes if each.tag == _CHARACTER_SET), None)
    if own is not None:
        terms = file.source.read(own.position, min(own.length, 256)).decode("latin-1").split("\\")
        codecs = codecs_of(tuple(terms))
    elif codecs == ("",):
        codecs = codecs_of(())
    told = {}
    for node in nodes:
        if node.tag & 0xFFFF:
            name = f"{node.tag:08X}"
            told[name] = _attribute(file, node, codecs, place + name)
    if own is not None:
        told[f"{_CHARACTER_SET:08X}"] = {"vr": "CS", "Value": ["ISO_IR 192"]}
    return told


def _attribute(file: Part10File, node: Node, codecs: tuple[str, ...], place: str) -> dict[str, Any]:
    if node.items is not None:
        items = [_level(file, item, codecs, f"{place}.{number}.") for number, item in enumerate(node.items, 1)]
        return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
    if node.pixels:
        return {"vr": node.vr, "BulkDataURI": place}
    if not node.length:
        return {"vr": node.vr}
    if node.length > _INLINE_BYTES and node.vr not in _TEXTS:
        return {"vr": node.vr, "BulkDataURI": place}
    value = little_endian(file, node)
    if node.vr in _TEXTS:
        values = _texts(node.vr, value, codecs)
    elif node.vr in BINARY_NUMBERS and len(value) % calcsize(BINARY_NUMBERS[node.vr]) == 0:
        values = [_finite(number) for (number,) in iter_unpack(BINARY_NUMBERS[node.vr], value)]
    elif node.vr == "AT" and len(value) % 4 == 0:
        values = [f"{group:04X}{element:04X}" for group, element in iter_unpack("<HH", value)]
    else:
        return {"vr": node.vr, "InlineBinary": b64encode(value).decode()}
    return {"vr": node.vr, "Value": values} if any(each is not None for each in values) else {"vr": node.vr}


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None


def _texts(vr: str, value: bytes, codecs: tuple[str, ...]) -> list[Any]:
    text = decode_text(value, codecs, b"\\^=" if vr == "PN" else b"\\\r\n\t\f").rstrip("\0 ")
    if vr in _WHOLE_TEXTS:
        return [text or None]
    parts = [part.rstrip("\0") if vr == "UI" else part.strip(" \0") for part in text.split("\\")]
    if vr == "PN":
        return [_name(part) or None for part in parts]
    if vr in ("DS", "IS"):
        return [_number(vr, part) for part in parts]
    return [part or None for part in parts]


def _name(text: str) -> dict[str, str]:
    return {name: group for name, group in zip(_GROUPS, text.split("="), strict=False) if group}


def _number(vr: str, text: str) -> float | int | str | None:
    """A JSON number; as it is written where it is none (PS3.18 §F.2.3)."""
    try:
        number = int(text) if vr == "IS" else float(text)
    except ValueError:
        return text or None
    return number if isfinite(number) else text
