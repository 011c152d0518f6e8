"""A stored file in another transfer syntax: every value byte for byte, only the pixels encoded anew, and never with loss. Runs only inside the sandbox child.

What was encoded is decoded again and compared before it leaves: another film than the stored one must not come out.
"""

import zlib
from collections.abc import Callable, Iterator
from struct import pack
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from wetread.dicom.codec_header import FrameShape
from wetread.dicom.codecs import decode_frame
from wetread.dicom.data_set_tree import Node, little_endian
from wetread.dicom.frame import frame_cells, frame_count
from wetread.dicom.header import term_of
from wetread.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import PIXEL_DATA, Part10File
from wetread.dicom.transfer_syntax import DEFLATED, EXPLICIT, LOSSLESS_TARGETS, TRANSFER_SYNTAXES
from wetread.domain.errors import UnsuitableImage

__all__ = ["rewritten"]

_PHOTOMETRIC, _PLANAR = 0x00280004, 0x00280006
_LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_UNDEFINED = 0xFFFFFFFF
_DECODED_AS = {"YBR_RCT": b"RGB ", "YBR_ICT": b"RGB "}
# Named here, not where they are called: each library is loaded on first mention, and later no file can be opened.
_ENCODERS: dict[str, Callable[[NDArray[Any], int], bytes | bytearray]] = {
    "jpeg_lossless": lambda cells, bits: imagecodecs.jpeg8_encode(
        cells, lossless=True, predictor=1, bitspersample=bits
    ),
    "jpeg_ls": lambda cells, _: imagecodecs.jpegls_encode(cells),
    "jpeg_2000": lambda cells, bits: imagecodecs.jpeg2k_encode(
        cells, level=0, reversible=True, codecformat="j2k", bitspersample=bits
    ),
    "htj2k": lambda cells, _: imagecodecs.htj2k_encode(cells, reversible=True),
}
_LOADED = (imagecodecs.jpeg8_encode, imagecodecs.jpegls_encode, imagecodecs.jpeg2k_encode, imagecodecs.htj2k_encode)


def rewritten(file: Part10File, nodes: list[Node], limits: Limits, syntax_uid: str) -> Iterator[bytes]:
    """The Part 10 file in pieces. `syntax_uid` is of EXPLICIT, DEFLATED or LOSSLESS_TARGETS. Raises UnsuitableImage('cannot_transcode') and as `frame_cells`."""
    if syntax_uid not in (EXPLICIT, DEFLATED, *LOSSLESS_TARGETS):
        raise _cannot("There is no lossless encoder for the transfer syntax")
    yield _head(file, syntax_uid)
    body = _body(file, nodes, limits, syntax_uid)
    if syntax_uid != DEFLATED:
        yield from body
        return
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    size = 0
    for piece in body:
        packed = engine.compress(piece)
        size += len(packed)
        yield packed
    rest = engine.flush()
    yield rest + bytes((size + len(rest)) % 2)  # PS3.5 §A.5: to even length


def _cannot(what: str) -> UnsuitableImage:
    return UnsuitableImage(f"{what}; ask for the stored form.", code="cannot_transcode")


def _head(file: Part10File, syntax_uid: str) -> bytes:
    """Preamble and file meta information (PS3.10 §7.1): ours, for we are who wrote this file."""
    elements = b"".join(
        (
            pack("<HH2sHI", 2, 1, b"OB", 0, 2) + b"\0\1",
            _short(0x00020002, b"UI", file.sop_class_uid.encode("latin-1")),
            _short(0x00020003, b"UI", file.sop_instance_uid.encode("latin-1")),
            _short(0x00020010, b"UI", syntax_uid.encode()),
            _short(0x00020012, b"UI", IMPLEMENTATION_CLASS_UID.encode()),
            _short(0x00020013, b"SH", IMPLEMENTATION_VERSION_NAME.encode()),
        )
    )
    return bytes(128) + b"DICM" + _short(0x00020000, b"UL", pack("<I", len(elements))) + elements


def _short(tag: int, vr: bytes, value: bytes) -> bytes:
    even = value + (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    return pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(even)) + even


def _body(file: Part10File, nodes: list[Node], limits: Limits, syntax_uid: str) -> Iterator[bytes]:
    changed = _described_anew(file)
    for node in nodes:
        if node.pixels:
            yield from _pixels(file, limits, syntax_uid)
        elif node.tag in changed:
            yield _element(node.tag, node.vr, changed[node.tag])
        else:
            yield from _written(file, node)


def _described_anew(file: Part10File) -> dict[int, bytes]:
    """What is different of an image once its encapsulated frames are decoded: colour by pixel, and red, green and blue where the codec's own transformation is undone."""
    if file.syntax.codec in ("native", "") or file.data_set.pixels is None:
        return {}
    photometric = term_of(file.data_set.values.get(_PHOTOMETRIC))
    changed = {_PLANAR: b"\0\0"}
    if photometric in _DECODED_AS:
        changed[_PHOTOMETRIC] = _DECODED_AS[photometric]
    return changed


def _written(file: Part10File, node: Node) -> Iterator[bytes]:
    """In explicit VR little endian; group lengths are left out, sequences get undefined lengths."""
    if node.tag & 0xFFFF == 0:
        return
    if node.items is None:
        yield _element(node.tag, node.vr, little_endian(file, node))
        return
    yield pack("<HH2sHI", node.tag >> 16, node.tag & 0xFFFF, b"SQ", 0, _UNDEFINED)
    for item in node.items:
        yield pack("<HHI", 0xFFFE, 0xE000, _UNDEFINED)
        for each in item:
            yield from _written(file, each)
        yield pack("<HHI", 0xFFFE, 0xE00D, 0)
    yield pack("<HHI", 0xFFFE, 0xE0DD, 0)


def _element(tag: int, vr: str, value: bytes) -> bytes:
    even = value + b"\0" * (len(value) % 2)
    group, number = tag >> 16, tag & 0xFFFF
    if vr in _LONG or len(even) > 0xFFFF:  # PS3.5 §6.2.2: too long for its VR is UN
        return pack("<HH2sHI", group, number, (vr if vr in _LONG else "UN").encode(), 0, len(even)) + even
    return pack("<HH2sH", group, number, vr.encode(), len(even)) + even


def _pixels(file: Part10File, limits: Limits, syntax_uid: str) -> Iterator[bytes]:
    frames = frame_count(file, limits)
    codec = TRANSFER_SYNTAXES[syntax_uid].codec
    group, number = PIXEL_DATA >> 16, PIXEL_DATA & 0xFFFF
    if codec != "native":
        yield pack("<HH2sHI", group, number, b"OB", 0, _UNDEFINED) + pack("<HHI", 0xFFFE, 0xE000, 0)
        for at in range(1, frames + 1):
            stream = _encoded(codec, *frame_cells(file, limits, at))
            yield pack("<HHI", 0xFFFE, 0xE000, len(stream)) + stream
        yield pack("<HHI", 0xFFFE, 0xE0DD, 0)
        return
    for at in range(1, frames + 1):
        cells, shape = frame_cells(file, limits, at)
        if at == 1:
            size = cells.nbytes * frames
            if size >= _UNDEFINED:
                raise _cannot("Uncompressed the pixels are too many for one file")
            yield pack("<HH2sHI", group, number, b"OW" if shape.bits_allocated > 8 else b"OB", 0, size + size % 2)
        yield cells.tobytes()
    yield bytes(size % 2)


def _encoded(codec: str, cells: NDArray[Any], shape: FrameShape) -> bytes:
    if shape.samples != 1 or shape.signed:
        raise _cannot("Only unsigned greyscale is compressed anew")
    image = cells.reshape(shape.rows, shape.columns)
    stream = bytes(_ENCODERS[codec](image, shape.bits_stored))
    if not np.array_equal(decode_frame(codec, stream, shape), image):
        raise _cannot("The compressed frame did not come back as it was")
    return stream + bytes(len(stream) % 2)
