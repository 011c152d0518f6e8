"""Elements and file meta information in explicit VR little endian (PS3.5 §7.1.2, PS3.10 §7.1), for who writes a file."""

from struct import pack

from wetread.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from wetread.domain.value_representation import LONG_VRS

__all__ = ["ITEM", "ITEM_END", "SEQUENCE_END", "element", "file_head", "sequence_head"]

_UNDEFINED = 0xFFFFFFFF
ITEM = pack("<HHI", 0xFFFE, 0xE000, _UNDEFINED)
ITEM_END = pack("<HHI", 0xFFFE, 0xE00D, 0)
SEQUENCE_END = pack("<HHI", 0xFFFE, 0xE0DD, 0)


def file_head(sop_class_uid: str, sop_instance_uid: str, syntax_uid: str) -> bytes:
    """Preamble (zeros) and file meta information: ours, for we are who wrote the file."""
    elements = b"".join(
        (
            element(0x00020001, "OB", b"\0\1"),
            element(0x00020002, "UI", sop_class_uid.encode("latin-1")),
            element(0x00020003, "UI", sop_instance_uid.encode("latin-1")),
            element(0x00020010, "UI", syntax_uid.encode()),
            element(0x00020012, "UI", IMPLEMENTATION_CLASS_UID.encode()),
            element(0x00020013, "SH", IMPLEMENTATION_VERSION_NAME.encode(), b" "),
        )
    )
    return bytes(128) + b"DICM" + element(0x00020000, "UL", pack("<I", len(elements))) + elements


def element(tag: int, vr: str, value: bytes, padding: bytes = b"\0") -> bytes:
    """`padding` brings the value to an even length."""
    even = value + padding * (len(value) % 2)
    group, number = tag >> 16, tag & 0xFFFF
    if vr in LONG_VRS or len(even) > 0xFFFF:  # PS3.5 §6.2.2: too long for its VR is UN
        return pack("<HH2sHI", group, number, (vr if vr in LONG_VRS else "UN").encode(), 0, len(even)) + even
    return pack("<HH2sH", group, number, vr.encode(), len(even)) + even


def sequence_head(tag: int, vr: str = "SQ") -> bytes:
    """What opens a sequence, or encapsulated pixel data, of undefined length."""
    return pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr.encode(), 0, _UNDEFINED)
