"""Decides whether a compressed frame is what its data set says, from the codec's own header, before any decoder sees it (attack 13).

JPEG: ISO/IEC 10918-1 §B.2; JPEG-LS: ISO/IEC 14495-1 §C.2; JPEG 2000 and HTJ2K: ISO/IEC 15444-1 §A.5; RLE: PS3.5 §G.5.
"""

from dataclasses import dataclass
from struct import error, unpack_from

from wetread.domain.errors import UnsuitableImage

__all__ = ["FrameShape", "Wavelet", "check_frame", "rle_segments", "wavelet_of"]


@dataclass(frozen=True, slots=True)
class FrameShape:
    """What the data set promises of one frame."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    signed: bool


@dataclass(frozen=True, slots=True)
class Wavelet:
    """What a JPEG 2000 stream says of itself: bits per sample, whether image and tiles begin at 0, 0 of its canvas, levels and kind (5/3 or 9/7) of its wavelet."""

    bits: int
    at_origin: bool
    levels: int
    reversible: bool


_SOF_OF = {"jpeg": frozenset({0xC0, 0xC1}), "jpeg_lossless": frozenset({0xC3}), "jpeg_ls": frozenset({0xF7})}
_ALL_SOFS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_MOST_TILES = 4096
_COD, _SOT = 0x52, 0x90


def check_frame(codec: str, frame: bytes, shape: FrameShape) -> None:
    """Raises UnsuitableImage('codec_mismatch') when the stream's own size, samples or depth differ from the data set's."""
    try:
        rows, columns, samples, bits, signed = _jpeg(frame, _SOF_OF[codec]) if codec in _SOF_OF else _jpeg_2000(frame)
    except (IndexError, error) as cause:
        raise _mismatch("ends inside its own header") from cause
    if (rows, columns, samples) != (shape.rows, shape.columns, shape.samples):
        raise _mismatch("has another size than the data set says")
    if not 2 <= bits <= shape.bits_allocated or (signed and not shape.signed):
        raise _mismatch("has another depth than the data set says")


def rle_segments(frame: bytes, shape: FrameShape) -> None:
    """Raises UnsuitableImage('codec_mismatch') unless the segment table fits the frame and is in order."""
    expected = shape.samples * shape.bits_allocated // 8
    if len(frame) < 64:
        raise _mismatch("ends inside its own header")
    count, *offsets = unpack_from("<16I", frame)
    used = offsets[:expected]
    if count != expected or used != sorted(set(used)) or used[0] != 64 or used[-1] >= len(frame):
        raise _mismatch("has a damaged segment table")
    # A PackBits run of two bytes gives at most 128: less data than that cannot fill the frame.
    if (len(frame) - 64) * 64 < shape.rows * shape.columns * expected:
        raise _mismatch("is too short for its size")


def _mismatch(what: str) -> UnsuitableImage:
    return UnsuitableImage(f"The compressed frame {what}; read it on the original workstation.", code="codec_mismatch")


def _jpeg(frame: bytes, allowed: frozenset[int]) -> tuple[int, int, int, int, bool]:
    if frame[:2] != b"\xff\xd8":
        raise _mismatch("is not a JPEG stream")
    position = 2
    while True:
        if frame[position] != 0xFF:
            raise _mismatch("has a damaged header")
        marker = frame[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        (length,) = unpack_from(">H", frame, position + 2)
        if marker in _ALL_SOFS:
            if marker not in allowed:
                raise _mismatch("uses another JPEG process than its transfer syntax")
            bits, rows, columns, samples = unpack_from(">BHHB", frame, position + 4)
            return rows, columns, samples, bits, False
        if marker in (0xD9, 0xDA) or length < 2:
            raise _mismatch("has no frame header")
        position += 2 + length


def _jpeg_2000(frame: bytes) -> tuple[int, int, int, int, bool]:
    if frame[:4] != b"\xff\x4f\xff\x51":
        raise _mismatch("is not a JPEG 2000 codestream")
    x1, y1, x0, y0, tile_x, tile_y, tile_x0, tile_y0, samples = unpack_from(">8IH", frame, 8)
    if not (x0 < x1 and y0 < y1 and tile_x and tile_y and tile_x0 <= x0 and tile_y0 <= y0):
        raise _mismatch("has an impossible tile grid")
    if -(-(x1 - tile_x0) // tile_x) * -(-(y1 - tile_y0) // tile_y) > _MOST_TILES:
        raise _mismatch("has too many tiles")
    depths = {unpack_from(">BBB", frame, 42 + 3 * index) for index in range(min(samples, 4))}
    if len(depths) != 1:
        raise _mismatch("has components of different kinds")
    depth, step_x, step_y = depths.pop()
    if (step_x, step_y) != (1, 1):
        raise _mismatch("is subsampled")
    return y1 - y0, x1 - x0, samples, (depth & 0x7F) + 1, bool(depth & 0x80)


def wavelet_of(frame: bytes) -> Wavelet:
    """From SIZ and COD of a stream that passed `check_frame`; no levels where COD is missing."""
    bits, at_origin = (frame[42] & 0x7F) + 1, not any(unpack_from(">2I8x2I", frame, 16))
    position = 2
    while position + 14 <= len(frame) and frame[position] == 0xFF and frame[position + 1] != _SOT:
        if frame[position + 1] == _COD:
            return Wavelet(bits, at_origin, frame[position + 9], frame[position + 13] == 1)
        position += 2 + unpack_from(">H", frame, position + 2)[0]
    return Wavelet(bits, at_origin, 0, reversible=False)
