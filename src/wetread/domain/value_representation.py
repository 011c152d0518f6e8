"""The value representations of DICOM (PS3.5 §6.2), by how an explicit VR element writes its length (PS3.5 §7.1.2)."""

__all__ = ["EVERY_VR", "LONG_VRS", "SHORT_VRS"]

LONG_VRS = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"])
"""Two reserved bytes, then the length in four."""
SHORT_VRS = frozenset(
    ["AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS", "ST", "TM", "UI", "UL", "US"]
)  # fmt: skip
"""The length in two."""
EVERY_VR = LONG_VRS | SHORT_VRS
