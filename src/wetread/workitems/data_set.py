"""A workitem's data set as DICOM JSON (PS3.18 annex F): taken in strictly, read by keyword, put together, and what it is found by."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import cast

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import is_valid_uid
from wetread.domain.value_representation import EVERY_VR
from wetread.ports.workitem_vault import WORKITEM_KEYS
from wetread.workitems.attributes import TAGS, VRS

__all__ = [
    "DataSet",
    "checked",
    "code",
    "elements",
    "first_item",
    "found_by",
    "items",
    "merged",
    "moment",
    "text",
    "values",
    "with_item",
]

DataSet = Mapping[str, Mapping[str, object]]

_TAG = re.compile(r"[0-9A-F]{8}", re.ASCII)
_GROUPS = frozenset(("Alphabetic", "Ideographic", "Phonetic"))
_MOST_ELEMENTS, _MOST_VALUES, _LONGEST = 512, 1024, 10_240
_MOMENT = re.compile(r"(\d{4}(?:\d{2}){0,5})(\.\d{1,6})?([+-]\d{4})?", re.ASCII)


def _refuse(problem: str) -> PermanentError:
    return PermanentError(f"the data set: {problem}", code="bad_data_set")


def checked(value: object, *, root: bool = True) -> DataSet:
    """`value` as a data set in the order of its tags. Raises PermanentError(code='bad_data_set'), which repeats nothing of it."""
    if not isinstance(value, dict) or len(value) > _MOST_ELEMENTS:
        raise _refuse(f"an object of at most {_MOST_ELEMENTS} attributes is expected")
    if root and any(tag[:4] in ("0000", "0002", "7FE0") for tag in value):
        raise _refuse("no command, file meta or pixel attributes here")
    return {tag: _element(tag, value[tag]) for tag in sorted(value)}


def _element(tag: str, element: object) -> Mapping[str, object]:
    if not _TAG.fullmatch(tag):
        raise _refuse("an attribute is named by eight upper-case hex digits")
    if not isinstance(element, dict) or not element.keys() <= {"vr", "Value"} or element.get("vr") not in EVERY_VR:
        raise _refuse("an attribute holds a vr and a Value, nothing by address")
    given = element.get("Value", [])
    if not isinstance(given, list) or len(given) > _MOST_VALUES:
        raise _refuse(f"a Value is a list of at most {_MOST_VALUES}")
    vr = str(element["vr"])
    held = [_value(vr, each) for each in given]
    return {"vr": vr, "Value": held} if held else {"vr": vr}


def _value(vr: str, value: object) -> object:
    if vr == "SQ":
        return checked(value or {}, root=False)
    if vr == "PN":
        if value is None or (
            isinstance(value, dict) and value.keys() <= _GROUPS and all(map(_is_text, value.values()))
        ):
            return value
        raise _refuse("a person name holds component groups")
    if vr == "UI" and value and not (isinstance(value, str) and is_valid_uid(value)):
        raise PermanentError("a UID in the data set is not one (PS3.5 section 9.1)", code="invalid_uid")
    if value is None or _is_text(value) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise _refuse("a value is of no type that its vr has")


def _is_text(value: object) -> bool:
    return (
        isinstance(value, str)
        and len(value) <= _LONGEST
        and not any(ord(each) < 32 and each not in "\t\n\f\r\x1b" for each in value)
    )


def values(data_set: DataSet, keyword: str) -> list[object]:
    found = data_set.get(TAGS[keyword], {}).get("Value", [])
    return [each for each in cast(list[object], found) if each not in (None, "", {})]


def text(data_set: DataSet, keyword: str) -> str:
    """The first value, "" where there is none."""
    return next((_plain(each) for each in values(data_set, keyword)), "")


def _plain(value: object) -> str:
    """A person name in one string, as DICOM writes it."""
    if isinstance(value, Mapping):
        return "=".join(str(value.get(each, "")) for each in ("Alphabetic", "Ideographic", "Phonetic")).rstrip("=")
    return str(value).strip()


def items(data_set: DataSet, keyword: str) -> list[DataSet]:
    return [cast(DataSet, each) for each in values(data_set, keyword) if isinstance(each, Mapping)]


def first_item(data_set: DataSet, keyword: str) -> DataSet:
    """{} where there is none."""
    return next(iter(items(data_set, keyword)), {})


def elements(**given: object) -> DataSet:
    """By keyword; a value, a list of values, or None for an empty attribute."""
    made = {}
    for keyword, value in given.items():
        held = list(value) if isinstance(value, list | tuple) else [] if value is None else [value]
        made[TAGS[keyword]] = {"vr": VRS[keyword], **({"Value": held} if held else {})}
    return merged(made)


def merged(*data_sets: DataSet) -> DataSet:
    """One data set, in the order of its tags; of an attribute that several have, the last one's."""
    return dict(sorted({tag: each for one in data_sets for tag, each in one.items()}.items()))


def with_item(data_set: DataSet, keyword: str, item: DataSet) -> DataSet:
    """With `item` alone in that sequence."""
    return merged(data_set, elements(**{keyword: item}))


def code(value: str, scheme: str, meaning: str) -> DataSet:
    return elements(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def moment(now: datetime) -> str:
    """As DT, in UTC and saying so."""
    return now.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")


def found_by(data_set: DataSet) -> tuple[tuple[str, str], ...]:
    """(key of WORKITEM_KEYS, value), each pair once; moments with an offset in UTC."""
    return tuple(dict.fromkeys((key, each) for key in sorted(WORKITEM_KEYS) for each in _at(data_set, key.split("."))))


def _at(data_set: DataSet, path: list[str]) -> Iterator[str]:
    keyword, *rest = path
    if rest:
        for item in items(data_set, keyword):
            yield from _at(item, rest)
        return
    found = filter(None, map(_plain, values(data_set, keyword)))
    yield from map(_in_utc, found) if VRS[keyword] == "DT" else found


def _in_utc(value: str) -> str:
    """A moment without its offset; one that is none stays as it is, and matches only itself."""
    match = _MOMENT.fullmatch(value)
    if match is None or not match[3]:
        return value
    try:
        whole = datetime.strptime(f"{match[1]:0<4}{'0101000000'[len(match[1]) - 4 :]}{match[3]}", "%Y%m%d%H%M%S%z")
    except ValueError:
        return value
    return whole.astimezone(UTC).strftime("%Y%m%d%H%M%S") + (match[2] or "")
