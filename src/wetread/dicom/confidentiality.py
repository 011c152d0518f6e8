"""Decides what becomes of an attribute: PS3.15 annex E, Basic Application Level Confidentiality Profile, under chosen options; whatever the profile does not name goes unless it is known to be harmless.

The facts are in confidentiality.toml. A compound action follows the attribute's type in the image's IOD (PS3.15 table E.1-1a): type 1 a dummy, 2 empty, 3 removed.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache
from importlib.resources import files

__all__ = ["SOP_CLASSES", "Action", "Option", "action_by_type", "action_for"]


class Action(Enum):
    """What is done to one attribute."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    REMAP = "U"
    RETAIN = "K"
    """Stays because an option of the profile says so."""
    KEEP = "kept"
    """Stays because the profile does not name it and we know it."""
    CLEAN = "C"
    SHIFT = "shift"


class Option(StrEnum):
    """Options of the profile (PS3.15 §E.3) that can be chosen, by the name the command line has for them."""

    CLEAN_PIXELS = "clean-pixels"
    CLEAN_STRUCTURED = "clean-structured-content"
    CLEAN_DESCRIPTORS = "clean-descriptors"
    RETAIN_DATES = "retain-dates"
    SHIFT_DATES = "shift-dates"
    RETAIN_PATIENT = "retain-patient-characteristics"
    RETAIN_DEVICE = "retain-device"
    RETAIN_INSTITUTION = "retain-institution"
    RETAIN_UIDS = "retain-uids"
    RETAIN_PRIVATE = "retain-safe-private"


SOP_CLASSES: Mapping[str, str] = {
    "1.2.840.10008.5.1.4.1.1.1": "cr",
    "1.2.840.10008.5.1.4.1.1.1.1": "dx",
    "1.2.840.10008.5.1.4.1.1.1.1.1": "dx",
}
"""The images that can be de-identified, and whose table of types is theirs. Everything else is refused: what it may hold is not known here."""

_RANKED = (
    (Option.RETAIN_UIDS, "uids"),
    (Option.RETAIN_DEVICE, "device"),
    (Option.RETAIN_INSTITUTION, "institution"),
    (Option.RETAIN_PATIENT, "patient"),
    (Option.RETAIN_DATES, "dates"),
    (Option.SHIFT_DATES, "shifted"),
    (Option.CLEAN_STRUCTURED, "structured"),
    (Option.CLEAN_DESCRIPTORS, "descriptors"),
)
_CODED = "00082218"
"""AnatomicRegionSequence: what may stay in a coded item."""


@dataclass(frozen=True, slots=True)
class _Facts:
    profile: Mapping[str, tuple[str, Mapping[str, str]]]
    types: Mapping[str, Mapping[str, str]]
    kept: frozenset[str]
    items: Mapping[str, frozenset[str]]


def action_for(tag: str, options: frozenset[Option], iod: str, sequence: str = "") -> Action:
    """Of an attribute, eight hex digits, in an image of `iod` ("cr", "dx"), or in an item of `sequence` there. A private one is REMOVE: who keeps some knows which."""
    facts = _facts()
    if int(tag[:4], 16) & 1 or tag[:2] in ("50", "60"):
        return Action.REMOVE
    if tag not in facts.profile:
        known = facts.items.get(sequence, facts.items[_CODED]) if sequence else facts.kept
        return Action.KEEP if tag in known else action_by_type(tag, iod, sequence)
    basic, exceptions = facts.profile[tag]
    for option, name in _RANKED:
        if option in options and (exception := exceptions.get(name)):
            if exception == "K":
                return Action.RETAIN
            if option is not Option.RETAIN_DEVICE:  # a device's identity "cleaned": nothing to tell it by is left
                return Action.SHIFT if option is Option.SHIFT_DATES else Action.CLEAN
    return _basic(basic, action_by_type(tag, iod, sequence))


def action_by_type(tag: str, iod: str, sequence: str = "") -> Action:
    """What a valid image needs where the value must go: a dummy of type 1, nothing in type 2, no attribute of type 3. Inside sequences no attribute is needed."""
    kind = "3" if sequence else _facts().types[iod].get(tag, "3")
    return Action({"1": "D", "2": "Z", "3": "X"}[kind[0]])


def _basic(basic: str, wanted: Action) -> Action:
    """Of a compound action the part that the type asks for, else the first; an image needs a value in type 1 also where the profile says "empty" (PS3.15 §E.3.1: "or a dummy")."""
    choices = basic.rstrip("*").split("/")
    if wanted.value in choices or (choices == ["Z"] and wanted is Action.DUMMY):
        return wanted
    return Action(choices[-1] if wanted is not Action.REMOVE else choices[0])


@cache
def _facts() -> _Facts:
    table = tomllib.loads((files("wetread.dicom") / "confidentiality.toml").read_text())
    return _Facts(
        {tag: _entry(line) for tag, line in table["profile"].items()},
        table["types"],
        frozenset(table["kept"]),
        {tag: frozenset(line.split()) for tag, line in table["items"].items()},
    )


def _entry(line: str) -> tuple[str, Mapping[str, str]]:
    basic, *exceptions = line.split()
    return basic, dict(each.split("=") for each in exceptions)
