"""Translates the first frame of a walked file into stored values and their display table; runs only inside the sandbox child.

Sizes are multiplied and compared with the bytes present and with a cap before anything is allocated (attacks 11-13).
"""

from dataclasses import dataclass
from struct import unpack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wetread.dicom.codec_header import FrameShape
from wetread.dicom.greyscale import GREYSCALE_ITEMS, GREYSCALE_TAGS, display_table
from wetread.dicom.header import decimals_of, integer_of, number_of, term_of
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import DataSet, Part10File
from wetread.domain.errors import HostileInput, UnsuitableImage
from wetread.ports.film_pixels import Window

__all__ = [
    "FRAME_ITEMS",
    "FRAME_TAGS",
    "Frame",
    "StoredFrame",
    "frame_cells",
    "frame_count",
    "frame_stream",
    "read_frame",
    "read_stored",
]

_SAMPLES, _PHOTOMETRIC, _PLANAR, _FRAMES = 0x00280002, 0x00280004, 0x00280006, 0x00280008
_ROWS, _COLUMNS, _SPACING, _ASPECT = 0x00280010, 0x00280011, 0x00280030, 0x00280034
_ALLOCATED, _STORED, _HIGH_BIT, _REPRESENTATION = 0x00280100, 0x00280101, 0x00280102, 0x00280103
_IMAGER_SPACING, _PRESENTATION_SHAPE = 0x00181164, 0x20500020
FRAME_TAGS = GREYSCALE_TAGS | {
    *(_SAMPLES, _PHOTOMETRIC, _PLANAR, _FRAMES, _ROWS, _COLUMNS, _SPACING, _ASPECT),
    *(_ALLOCATED, _STORED, _HIGH_BIT, _REPRESENTATION, _IMAGER_SPACING, _PRESENTATION_SHAPE),
}
FRAME_ITEMS = GREYSCALE_ITEMS
_GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
_LUMA_FIRST = frozenset({"YBR_FULL", "YBR_FULL_422"})
_RGB = frozenset({"RGB", "YBR_RCT", "YBR_ICT"})
_MOST_STRETCHED_PIXEL = 8.0
_STEEPEST_AVERAGED = 0.125
"""Of 1: from one stored value to the next; beyond it the display of an average is not the average of the display."""


@dataclass(frozen=True, slots=True)
class Frame:
    """As `ports.decoder.DecodedImage`."""

    stored: NDArray[Any]
    display: NDArray[np.float32]
    row_spacing: float
    column_spacing: float
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """Stored values as of `ports.decoder.DecodedImage`, full size, before any table. `inverted`: the greatest value is black."""

    stored: NDArray[Any]
    shape: FrameShape
    photometric: str
    inverted: bool


@dataclass(frozen=True, slots=True)
class _Pixels:
    """The Image Pixel module (PS3.3 §C.7.6.3), checked."""

    shape: FrameShape
    photometric: str
    planar: bool
    frames: int
    high_bit: int

    @property
    def frame_bytes(self) -> int:
        shape = self.shape
        return shape.rows * shape.columns * shape.samples * (shape.bits_allocated // 8)


def read_frame(
    file: Part10File, limits: Limits, *, needed_side_px: int = 0, number: int = 1, chosen: Window | None = None
) -> Frame:
    """`needed_side_px` as of `ports.decoder`; `number` of the frame, from 1; `chosen` instead of the file's own window. Raises UnsuitableImage with a stable code; HostileInput only where the file changed since it was walked."""
    pixels = _described(file.data_set, limits)
    if number > pixels.frames:
        raise _unsuitable("no_such_frame", "The instance has fewer frames")
    if number > 1 or chosen is not None:
        return _shown(file, pixels, _raw(file, pixels, number), chosen)
    if needed_side_px and (raw := _reduced(file, pixels, needed_side_px)) is not None:
        frame = _shown(file, pixels, raw)
        # Elsewhere, as with padding that shows black next to white, a value between two neighbours would be shown as neither.
        if np.abs(np.diff(frame.display)).max() <= _STEEPEST_AVERAGED:
            return frame
    return _shown(file, pixels, _raw(file, pixels))


def read_stored(file: Part10File, limits: Limits) -> StoredFrame:
    """For those who make their own tables. Raises as `read_frame`."""
    pixels = _described(file.data_set, limits)
    stored = _stored(file, pixels, _raw(file, pixels))
    return StoredFrame(stored, pixels.shape, pixels.photometric, _inverted(file.data_set, pixels))


def frame_cells(file: Part10File, limits: Limits, number: int) -> tuple[NDArray[Any], FrameShape]:
    """Frame `number` as native pixel data holds it (PS3.5 §8.1.1): little-endian cells of 8 or 16 bits, colour as stored, or by pixel where it was decoded. Raises as `read_frame`."""
    pixels = _described(file.data_set, limits)
    if number > pixels.frames:
        raise _unsuitable("no_such_frame", "The instance has fewer frames")
    shape = pixels.shape
    if file.syntax.codec == "native":
        cells = _native_cells(file, pixels, number)
        return cells if shape.bits_allocated == 8 else cells.view(np.uint16), shape
    if file.syntax.codec == "jpeg" and shape.samples > 1:
        raise _unsuitable("lossy_colour", "Lossy colour is given as it is stored only")
    raw = _encapsulated(file, pixels, number)
    if raw.dtype.itemsize * 8 < shape.bits_allocated:
        raw = raw.astype(np.int16 if raw.dtype.kind == "i" else np.uint16)
    if raw.dtype.itemsize * 8 != shape.bits_allocated:
        raise _unsuitable("invalid_image", "The decoded frame is deeper than its description")
    words: NDArray[Any] = np.ascontiguousarray(raw).view(np.uint8 if shape.bits_allocated == 8 else np.uint16)
    if file.syntax.may_be_lossy and not shape.signed and pixels.high_bit == shape.bits_stored - 1:
        words = np.minimum(words, words.dtype.type((1 << shape.bits_stored) - 1))  # an overshoot, as `_shifted` has it
    return words, shape


def frame_stream(file: Part10File, limits: Limits, number: int) -> bytes:
    """The encapsulated stream of frame `number`. Raises as `read_frame`."""
    pixels = _described(file.data_set, limits)
    if number > pixels.frames:
        raise _unsuitable("no_such_frame", "The instance has fewer frames")
    return _stream(file, pixels, number)


def frame_count(file: Part10File, limits: Limits) -> int:
    """Raises as `read_frame`."""
    return _described(file.data_set, limits).frames


def _raw(file: Part10File, pixels: _Pixels, number: int = 1) -> NDArray[Any]:
    return _native(file, pixels, number) if file.syntax.codec == "native" else _encapsulated(file, pixels, number)


def _stored(file: Part10File, pixels: _Pixels, raw: NDArray[Any]) -> NDArray[Any]:
    grey = raw if raw.ndim == 2 else _luminance(raw, pixels.photometric)
    return _shifted(grey, pixels, clip=file.syntax.may_be_lossy)


def _inverted(data_set: DataSet, pixels: _Pixels) -> bool:
    return pixels.photometric == "MONOCHROME1" or term_of(data_set.values.get(_PRESENTATION_SHAPE)) == "INVERSE"


def _shown(file: Part10File, pixels: _Pixels, raw: NDArray[Any], chosen: Window | None = None) -> Frame:
    data_set, stored = file.data_set, _stored(file, pixels, raw)
    inverted = _inverted(data_set, pixels)
    shape = pixels.shape
    display = display_table(
        data_set, stored, bits_stored=shape.bits_stored, signed=shape.signed, inverted=inverted, chosen=chosen
    )
    return Frame(stored, display, *_spacing(data_set), shape.rows, shape.columns)


def _unsuitable(code: str, what: str) -> UnsuitableImage:
    return UnsuitableImage(f"{what}; read the film without AI.", code=code)


def _described(data_set: DataSet, limits: Limits) -> _Pixels:
    values = data_set.values
    try:
        numbers = [number_of(values.get(tag)) or 0 for tag in (_ROWS, _COLUMNS, _SAMPLES, _ALLOCATED, _STORED)]
        high_bit, representation, planar = (number_of(values.get(tag)) for tag in (_HIGH_BIT, _REPRESENTATION, _PLANAR))
        frames = integer_of(values.get(_FRAMES))
    except HostileInput as error:
        raise _unsuitable("invalid_image", "The image's description is damaged") from error
    rows, columns, samples, allocated, stored = numbers
    if data_set.pixels is None:
        raise _unsuitable("no_pixels", "The instance has no pixel data")
    if not rows or not columns or (frames is not None and frames < 1) or representation not in (None, 0, 1):
        raise _unsuitable("invalid_image", "The image has no size")
    if rows * columns * max(samples, 1) > limits.pixels:
        raise _unsuitable("image_too_large", f"The image has more than {limits.pixels} pixels")
    if allocated not in (8, 16) or not 1 <= stored <= allocated:
        raise _unsuitable("unsupported_depth", "The image's bit depth is not one of a radiograph")
    top = stored - 1 if high_bit is None else high_bit
    if not stored - 1 <= top < allocated:
        raise _unsuitable("invalid_image", "The image's high bit contradicts its bit depth")
    shape = FrameShape(rows, columns, samples, allocated, stored, representation == 1)
    pixels = _Pixels(shape, term_of(values.get(_PHOTOMETRIC)), planar == 1, frames or 1, top)
    _check_photometric(pixels)
    return pixels


def _check_photometric(pixels: _Pixels) -> None:
    shape = pixels.shape
    grey = pixels.photometric in _GREY and shape.samples == 1
    colour = pixels.photometric in _LUMA_FIRST | _RGB and shape.samples == 3
    if not grey and not (colour and shape.bits_allocated == shape.bits_stored == 8 and not shape.signed):
        raise _unsuitable("photometric", "The image is neither greyscale nor an 8-bit colour capture")


def _native_cells(file: Part10File, pixels: _Pixels, number: int) -> NDArray[np.uint8]:
    """The frame's bytes, little-endian."""
    located = file.data_set.pixels
    if located is None or located.spans[0][1] < pixels.frame_bytes * pixels.frames:
        raise _unsuitable("pixel_length", "There are fewer pixels than the image's size needs")
    if pixels.photometric == "YBR_FULL_422":
        raise _unsuitable("photometric", "Uncompressed subsampled colour is not read")
    swapped = file.syntax.big_endian and (pixels.shape.bits_allocated == 16 or located.vr == "OW")
    length = pixels.frame_bytes + (pixels.frame_bytes % 2 if swapped else 0)
    raw = np.empty(length, np.uint8)
    file.source.read_into(located.spans[0][0] + (number - 1) * pixels.frame_bytes, raw.data)
    if swapped:
        raw.view(np.uint16).byteswap(inplace=True)
    return raw[: pixels.frame_bytes]


def _native(file: Part10File, pixels: _Pixels, number: int) -> NDArray[Any]:
    cells, shape = _native_cells(file, pixels, number), pixels.shape
    samples = cells if shape.bits_allocated == 8 else cells.view(np.uint16)
    if shape.samples == 1:
        return samples.reshape(shape.rows, shape.columns)
    if pixels.planar:
        return np.moveaxis(samples.reshape(shape.samples, shape.rows, shape.columns), 0, -1)
    return samples.reshape(shape.rows, shape.columns, shape.samples)


def _encapsulated(file: Part10File, pixels: _Pixels, number: int) -> NDArray[Any]:
    if not file.syntax.codec:
        raise _unsuitable("unsupported_transfer_syntax", "There is no decoder for the image's transfer syntax")
    from wetread.dicom.codecs import decode_frame

    frame = _stream(file, pixels, number)
    return decode_frame(file.syntax.codec, frame, pixels.shape, rgb=pixels.photometric == "RGB")


def _reduced(file: Part10File, pixels: _Pixels, needed_side_px: int) -> NDArray[Any] | None:
    """Raw stored values with wavelet levels left out; None where the film cannot, or need not, be read so."""
    if file.syntax.codec != "jpeg_2000":
        return None
    from wetread.dicom.codec_reduced import decode_reduced, levels_to_skip

    levels = levels_to_skip(pixels.shape, _spacing(file.data_set), needed_side_px)
    return decode_reduced(_stream(file, pixels), pixels.shape, levels) if levels else None


def _stream(file: Part10File, pixels: _Pixels, number: int = 1) -> bytes:
    return b"".join(file.source.read(*span) for span in _fragments(file, pixels.frames, number))


def _fragments(file: Part10File, frames: int, number: int) -> tuple[tuple[int, int], ...]:
    """Of one frame (PS3.5 §A.4): all of a single frame; by the offset table, or one each, of several."""
    located = file.data_set.pixels
    if located is None or not located.spans:
        raise _unsuitable("no_pixels", "The instance has no pixel data")
    spans = located.spans
    if frames == 1:
        return spans
    if len(spans) == frames:
        return spans[number - 1 : number]
    if located.offset_table is None or located.offset_table[1] < 4 * frames:
        raise _unsuitable("invalid_image", "The frames of the image cannot be told apart")
    starts = unpack(f"<{frames}I", file.source.read(located.offset_table[0], 4 * frames))
    end = starts[number] if number < frames else float("inf")
    return tuple(span for span in spans if starts[number - 1] <= span[0] - spans[0][0] < end)


def _luminance(raw: NDArray[Any], photometric: str) -> NDArray[np.uint8]:
    """ITU-R BT.601 luma of an 8-bit colour capture."""
    if photometric in _LUMA_FIRST:
        return np.ascontiguousarray(raw[..., 0])
    weighted: NDArray[np.uint32] = raw.astype(np.uint32) @ np.array([19595, 38470, 7471], np.uint32)
    return (weighted + 32768 >> 16).astype(np.uint8)


def _shifted(raw: NDArray[Any], pixels: _Pixels, *, clip: bool) -> NDArray[Any]:
    """Stored values as unsigned integers from 0 on: high bit and bits stored applied, two's complement shifted up.

    Bits above the stored ones are cut off, except that a lossy decoder's overshoot beyond the greatest value (`clip`) stays the greatest value.
    """
    shape = pixels.shape
    if raw.dtype.itemsize * 8 < shape.bits_stored:
        raw = raw.astype(np.int16 if raw.dtype.kind == "i" else np.uint16)
    words: NDArray[Any] = np.ascontiguousarray(raw).view(np.uint8 if raw.dtype.itemsize == 1 else np.uint16)
    if pixels.high_bit > shape.bits_stored - 1:
        words = words >> (pixels.high_bit + 1 - shape.bits_stored)
    greatest: Any = words.dtype.type((1 << shape.bits_stored) - 1)
    if shape.signed:
        return np.asarray((words & greatest) ^ words.dtype.type(1 << shape.bits_stored - 1))
    if words.dtype.itemsize * 8 == shape.bits_stored or words.max() <= greatest:
        return words
    return np.asarray(np.minimum(words, greatest) if clip else words & greatest)


def _spacing(data_set: DataSet) -> tuple[float, float]:
    """Height and width of a pixel; (1, 1) where unknown or beyond belief (PS3.3 §10.7.1.3, §C.7.6.3.1.7)."""
    for tag in (_SPACING, _IMAGER_SPACING, _ASPECT):
        pair = decimals_of(data_set.values.get(tag))
        if len(pair) == 2 and min(pair) > 0 and max(pair) / min(pair) <= _MOST_STRETCHED_PIXEL:
            return pair[0], pair[1]
    return 1.0, 1.0
