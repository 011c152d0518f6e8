"""The value representations of DICOM (PS3.5 §6.2): how an explicit VR element writes its length (PS3.5 §7.1.2), and how numbers are packed."""

__all__ = ["BINARY_NUMBERS", "EVERY_VR", "LONG_VRS", "SHORT_VRS"]

LONG_VRS = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"])
"""Two reserved bytes, then the length in four."""
SHORT_VRS = frozenset(
    ["AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS", "ST", "TM", "UI", "UL", "US"]
)  # fmt: skip
"""The length in two."""
EVERY_VR = LONG_VRS | SHORT_VRS
BINARY_NUMBERS = {"US": "<H", "SS": "<h", "UL": "<I", "SL": "<i", "FL": "<f", "FD": "<d", "SV": "<q", "UV": "<Q"}
"""One number each as `struct` has it, little-endian."""
