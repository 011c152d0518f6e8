"""VR and keyword of the standard's attributes (PS3.6), from pydicom's table alone: importing pydicom itself costs 0.45 s and more modules than a decoding child should have."""

from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

__all__ = ["keyword_of", "vr_of"]

_FIRST_OF = {"US or SS": "US", "OB or OW": "OW", "US or OW": "OW", "US or SS or OW": "OW"}


def vr_of(tag: int, *, signed: bool = False) -> str:
    """Of an attribute in implicit VR (PS3.5 §A.1): "UN" for what is not in the dictionary. `signed`: pixels are, which decides between US and SS."""
    if tag & 0xFFFF == 0:
        return "UL"
    if tag >> 16 & 1:
        return "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN"
    vr = _entry(tag)[0]
    return "SS" if signed and vr.startswith("US or SS") else _FIRST_OF.get(vr, vr)


def keyword_of(tag: str) -> str:
    """Of eight hex digits; "" for what is private or unknown."""
    return _entry(int(tag, 16))[1]


def _entry(tag: int) -> tuple[str, str]:
    dictionary, repeaters = _tables()
    found = dictionary.get(tag)
    if found is None and tag >> 24 in (0x50, 0x60):
        found = repeaters.get(f"{tag >> 24:02X}xx{tag & 0xFFFF:04X}")
    return (found[0], found[4]) if found and found[0] != "NONE" else ("UN", "")


@cache
def _tables() -> tuple[dict[int, Any], dict[str, Any]]:
    package = find_spec("pydicom")
    if package is None or package.origin is None:
        raise ImportError("pydicom is not installed")
    spec = spec_from_file_location("wetread.dicom._attributes", Path(package.origin).parent / "_dicom_dict.py")
    if spec is None or spec.loader is None:
        raise ImportError("pydicom has no dictionary")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.DicomDictionary, module.RepeatersDictionary
