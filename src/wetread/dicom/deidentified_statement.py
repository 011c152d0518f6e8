"""What a de-identified film says of having been: by whom, by which profile under which options, and what became of its dates (PS3.3 §C.7.1.1, PS3.16 CID 7050)."""

from typing import Any

from wetread import __version__
from wetread.dicom.confidentiality import Option

__all__ = ["BURNED_IN", "CODES", "STATED", "statement"]

CODES = {
    Option.CLEAN_PIXELS: ("113101", "Clean Pixel Data Option"),
    Option.CLEAN_STRUCTURED: ("113104", "Clean Structured Content Option"),
    Option.CLEAN_DESCRIPTORS: ("113105", "Clean Descriptors Option"),
    Option.RETAIN_DATES: ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    Option.SHIFT_DATES: ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    Option.RETAIN_PATIENT: ("113108", "Retain Patient Characteristics Option"),
    Option.RETAIN_DEVICE: ("113109", "Retain Device Identity Option"),
    Option.RETAIN_UIDS: ("113110", "Retain UIDs Option"),
    Option.RETAIN_PRIVATE: ("113111", "Retain Safe Private Option"),
    Option.RETAIN_INSTITUTION: ("113112", "Retain Institution Identity Option"),
}
_BASIC = ("113100", "Basic Application Confidentiality Profile")
BURNED_IN = "00280301"
STATED = frozenset({"00080005", "00120062", "00120063", "00120064", "00280303", BURNED_IN})
"""What is our own words in a de-identified header."""


def statement(options: frozenset[Option]) -> dict[str, dict[str, Any]]:
    """The attributes that say so, in DICOM JSON. Whoever looked at the pixels says so in BURNED_IN."""
    dates = (
        "UNMODIFIED" if Option.RETAIN_DATES in options else "MODIFIED" if Option.SHIFT_DATES in options else "REMOVED"
    )
    codes = [_BASIC, *(CODES[each] for each in CODES if each in options)]
    return {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00120062": {"vr": "CS", "Value": ["YES"]},
        "00120063": {"vr": "LO", "Value": [f"wetread {__version__}, PS3.15 annex E"]},
        "00120064": {"vr": "SQ", "Value": [_code(*each) for each in codes]},
        "00280303": {"vr": "CS", "Value": [dates]},
    }


def _code(value: str, meaning: str) -> dict[str, dict[str, Any]]:
    return {
        "00080100": {"vr": "SH", "Value": [value]},
        "00080102": {"vr": "SH", "Value": ["DCM"]},
        "00080104": {"vr": "LO", "Value": [meaning]},
    }
