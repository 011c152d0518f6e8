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
from wetread.dicom.explicit_encoding import ITEM, ITEM_END, SEQUENCE_END, element, file_head, sequence_head
from wetread.dicom.frame import frame_cells, frame_count
from wetread.dicom.header import term_of
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import PIXEL_DATA, Part10File
from wetread.dicom.transfer_syntax import DEFLATED, EXPLICIT, LOSSLESS_TARGETS, TRANSFER_SYNTAXES
from wetread.domain.errors import UnsuitableImage

__all__ = ["rewritten"]

_PHOTOMETRIC, _PLANAR = 0x00280004, 0x00280006
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
    yield file_head(file.sop_class_uid, file.sop_instance_uid, syntax_uid)
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


def _body(file: Part10File, nodes: list[Node], limits: Limits, syntax_uid: str) -> Iterator[bytes]:
    changed = _described_anew(file)
    for node in nodes:
        if node.pixels:
            yield from _pixels(file, limits, syntax_uid)
        elif node.tag in changed:
            yield element(node.tag, node.vr, changed[node.tag])
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
        yield element(node.tag, node.vr, little_endian(file, node))
        return
    yield sequence_head(node.tag)
    for item in node.items:
        yield ITEM
        for each in item:
            yield from _written(file, each)
        yield ITEM_END
    yield SEQUENCE_END


def _pixels(file: Part10File, limits: Limits, syntax_uid: str) -> Iterator[bytes]:
    frames = frame_count(file, limits)
    codec = TRANSFER_SYNTAXES[syntax_uid].codec
    group, number = PIXEL_DATA >> 16, PIXEL_DATA & 0xFFFF
    if codec != "native":
        yield sequence_head(PIXEL_DATA, "OB") + pack("<HHI", 0xFFFE, 0xE000, 0)
        for at in range(1, frames + 1):
            stream = _encoded(codec, *frame_cells(file, limits, at))
            yield pack("<HHI", 0xFFFE, 0xE000, len(stream)) + stream
        yield SEQUENCE_END
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
