"""DICOM JSON (PS3.18 annex F) as the Native DICOM Model (PS3.19 §A.1): the same attributes in XML, one document a data set."""

import re
from collections.abc import Callable, Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

__all__ = ["native_model"]

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 §2.2
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def native_model(data_set: Mapping[str, Mapping[str, object]], keyword_of: Callable[[str], str]) -> bytes:
    """`keyword_of` gives the keyword of a tag of eight hex digits, "" where it has none. Characters that XML cannot hold become U+FFFD."""
    body = "".join(_attributes(data_set, keyword_of))
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">'
    return f"{head}{body}</NativeDicomModel>".encode("utf-8", "replace")


def _attributes(data_set: Mapping[str, Mapping[str, object]], keyword_of: Callable[[str], str]) -> Iterator[str]:
    for tag, element in sorted(data_set.items()):
        keyword = keyword_of(tag)
        named = f" keyword={quoteattr(keyword)}" if keyword else ""
        creator = _creator(tag, data_set)
        owned = f" privateCreator={quoteattr(_plain(creator))}" if creator else ""
        content = "".join(_content(element, keyword_of))
        yield f"<DicomAttribute tag={quoteattr(tag)} vr={quoteattr(str(element['vr']))}{named}{owned}>{content}</DicomAttribute>"


def _creator(tag: str, data_set: Mapping[str, Mapping[str, object]]) -> str:
    """Of a private element: who reserved its block (PS3.5 §7.8.1)."""
    if int(tag[3], 16) % 2 == 0 or tag[4:6] == "00":
        return ""
    values = data_set.get(f"{tag[:4]}00{tag[4:6]}", {}).get("Value")
    return str(values[0]) if isinstance(values, list) and values else ""


def _content(element: Mapping[str, object], keyword_of: Callable[[str], str]) -> Iterator[str]:
    if "BulkDataURI" in element:
        yield f"<BulkData uri={quoteattr(str(element['BulkDataURI']))}/>"
    if "InlineBinary" in element:
        yield f"<InlineBinary>{element['InlineBinary']}</InlineBinary>"
    values = element.get("Value", [])
    for number, value in enumerate(values if isinstance(values, list) else [], 1):
        if value is None:
            continue
        if element["vr"] == "SQ":
            yield f'<Item number="{number}">{"".join(_attributes(value, keyword_of))}</Item>'
        elif element["vr"] == "PN":
            yield f'<PersonName number="{number}">{"".join(_name(value))}</PersonName>'
        else:
            yield f'<Value number="{number}">{escape(_plain(str(value)))}</Value>'


def _name(value: Mapping[str, str]) -> Iterator[str]:
    for group in _GROUPS:
        parts = zip(_COMPONENTS, value.get(group, "").split("^"), strict=False)
        inner = "".join(f"<{name}>{escape(_plain(part))}</{name}>" for name, part in parts if part)
        if inner:
            yield f"<{group}>{inner}</{group}>"


def _plain(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)
