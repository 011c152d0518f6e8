"""Values of a de-identified header: dummies by VR, and whether a value that stays is one of its VR at all (PS3.5 §6.2)."""

import re
from collections.abc import Mapping
from typing import Any

from wetread.domain.value_representation import BINARY_NUMBERS

__all__ = ["DUMMIES", "TEXTS", "aged", "first_value", "fits", "is_public_code", "within"]

_WORD = "REMOVED"
_NUMBERS = frozenset({"DS", "IS", *BINARY_NUMBERS})
DUMMIES: dict[str, dict[str, Any]] = {
    **{vr: {"Value": [_WORD]} for vr in ("AE", "CS", "LO", "LT", "SH", "ST", "UC", "UT")},
    **{vr: {"Value": [0]} for vr in _NUMBERS},
    **{vr: {"InlineBinary": "AAAAAAAAAAA="} for vr in ("OB", "OD", "OF", "OL", "OV", "OW")},
    "AS": {"Value": ["000Y"]},
    "AT": {"Value": ["00000000"]},
    "DA": {"Value": ["19000101"]},
    "DT": {"Value": ["19000101000000"]},
    "PN": {"Value": [{"Alphabetic": f"{_WORD}^{_WORD}"}]},
    "TM": {"Value": ["000000"]},
    "UI": {"Value": ["2.25.0"]},
    "UR": {"Value": ["about:blank"]},
}
"""What a DUMMY is: of its VR, and of nobody."""

_PATTERNS = {
    "AE": re.compile(r"[ -~]{1,16}"),
    "AS": re.compile(r"[0-9]{3}[DWMY]"),
    "AT": re.compile(r"[0-9A-F]{8}"),
    "CS": re.compile(r"[A-Z0-9_ ]{1,16}"),
    "DA": re.compile(r"[0-9]{8}"),
    "DT": re.compile(r"[0-9]{4,14}(\.[0-9]{1,6})?([+-][0-9]{4})?"),
    "TM": re.compile(r"[0-9]{2,6}(\.[0-9]{1,6})?"),
    "UI": re.compile(r"[0-9.]{1,64}"),
}
TEXTS = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})
_MOST_LETTERS = {"LO": 64, "SH": 16, "ST": 1024, "LT": 10240}
_OLDEST = 89
_AGE_OVER = "090Y"
_PUBLIC_SCHEMES = frozenset(
    [
        "DCM",
        "SCT",
        "SRT",
        "SNM3",
        "LN",
        "UCUM",
        "RADLEX",
        "FMA",
        "UMLS",
        "NCIt",
        "ISO639_1",
        "ISO639_2",
        "ISO3166_1",
        "I10",
        "ICD10",
        "ICD11",
        "RPID",
        "LOINC",
    ]
)
_SCHEME = "00080102"
_CODES = frozenset({"00080100", "00080119", "00080120", "00080104"})


def first_value(data_set: Mapping[str, dict[str, Any]], tag: str) -> Any:
    """Of an attribute; None where there is none."""
    return (data_set.get(tag, {}).get("Value") or [None])[0]


def fits(vr: str, value: Any) -> bool:
    """True for a value that can stay: a number where a number belongs, a term where a term does."""
    if vr in _NUMBERS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if vr == "PN":
        return isinstance(value, dict)
    if not isinstance(value, str):
        return False
    pattern = _PATTERNS.get(vr)
    if pattern is not None:
        return pattern.fullmatch(value) is not None
    return within(vr, value) == value


def within(vr: str, text: str) -> str:
    """Cut to what the VR holds."""
    return text[: _MOST_LETTERS.get(vr)]


def aged(age: Any) -> str | None:
    """An age (AS); one of more than 89 years is 90; None for what is none."""
    if not isinstance(age, str) or not fits("AS", age):
        return None
    return _AGE_OVER if age.endswith("Y") and int(age[:3]) > _OLDEST else age


def is_public_code(item: dict[str, Any]) -> bool:
    """False for a coded item of a scheme that is not everybody's: its codes may be the house's, its meaning anybody's words."""
    if not _CODES & item.keys():
        return True
    return first_value(item, _SCHEME) in _PUBLIC_SCHEMES
