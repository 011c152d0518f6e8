"""Every transfer syntax we decode gives back exactly the stored values that went in, whatever their sign, depth and place in the word."""

from struct import pack

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.hostile import BIG, EXPLICIT, IMPLICIT, Fate, Tags, data_set, element, hostile_files, part10, tags_of_a_film

from wetread.dicom.byte_source import BytesSource
from wetread.dicom.codec_header import FrameShape, check_frame, rle_segments
from wetread.dicom.frame import FRAME_ITEMS, FRAME_TAGS, Frame, read_frame
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import PIXEL_DATA, read_part10
from wetread.domain.errors import PermanentError, UnsuitableImage

_SYNTAX = "1.2.840.10008.1.2."
_RNG = np.random.default_rng(7)


def smooth(bits: int, shape: tuple[int, ...] = (61, 47)) -> NDArray[np.uint16]:
    """Ramps with noise: compressible, but every bit is used."""
    rows, columns = np.indices(shape[:2])
    ramp = (rows * 31 + columns * 17) % (1 << bits)
    return ((ramp + _RNG.integers(0, 4, shape[:2])) % (1 << bits)).astype(np.uint16)


def tags(image: NDArray[np.generic], *, stored: int, signed: bool = False) -> Tags:
    allocated = image.dtype.itemsize * 8
    described = {
        0x00280010: image.shape[0],
        0x00280011: image.shape[1],
        0x00280100: allocated,
        0x00280101: stored,
        0x00280102: stored - 1,
        0x00280103: int(signed),
    }
    base = tags_of_a_film()
    del base[PIXEL_DATA]
    return base | {tag: ("US", pack("<H", value)) for tag, value in described.items()}


def native(described: Tags, pixels: bytes, vr: str = "OW", syntax: str = EXPLICIT) -> bytes:
    return part10(data_set(described | {PIXEL_DATA: (vr, pixels)}), syntax=syntax)


def encapsulated(described: Tags, syntax: str, *fragments: bytes, table: bytes = b"") -> bytes:
    padded = [item + b"\0" * (len(item) % 2) for item in (table, *fragments)]
    items = b"".join(pack("<HHI", 0xFFFE, 0xE000, len(item)) + item for item in padded)
    pixels = element(PIXEL_DATA, "OB", b"", length=0xFFFFFFFF) + items + pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return part10(data_set(described) + pixels, syntax=_SYNTAX + syntax)


def decode(content: bytes, limits: Limits | None = None) -> Frame:
    chosen = limits or Limits()
    return read_frame(read_part10(BytesSource(content), FRAME_TAGS, FRAME_ITEMS, chosen), chosen)


def refusal(content: bytes) -> str:
    with pytest.raises(UnsuitableImage) as caught:
        decode(content)
    return caught.value.code


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_lossless_syntaxes_give_back_the_stored_values(bits: int) -> None:
    image = smooth(bits) if bits > 8 else smooth(8).astype(np.uint8)
    streams = {
        "4.57": imagecodecs.jpeg8_encode(image, lossless=True, bitspersample=bits, predictor=4),
        "4.70": imagecodecs.jpeg8_encode(image, lossless=True, bitspersample=bits, predictor=1),
        "4.80": imagecodecs.jpegls_encode(image),
        "4.90": imagecodecs.jpeg2k_encode(image, codecformat="J2K", reversible=True, level=0, bitspersample=bits),
        "4.201": imagecodecs.htj2k_encode(image, reversible=True),
    }
    for syntax, stream in streams.items():
        found = decode(encapsulated(tags(image, stored=bits), syntax, bytes(stream)))
        assert np.array_equal(found.stored, image), syntax
        assert len(found.display) == 1 << bits


@pytest.mark.parametrize(("syntax", "bits"), [("4.50", 8), ("4.51", 12), ("4.81", 12), ("4.91", 12)])
def test_lossy_syntaxes_come_close(syntax: str, bits: int) -> None:
    rows, columns = np.indices((64, 48))
    image = (((rows + columns) * 2 << (bits - 8)) + (1 << (bits - 4))).astype(np.uint8 if bits == 8 else np.uint16)
    stream = {
        "4.50": lambda: imagecodecs.jpeg8_encode(image, level=95),
        "4.51": lambda: imagecodecs.jpeg8_encode(image, level=95, bitspersample=12),
        "4.81": lambda: imagecodecs.jpegls_encode(image, level=2),
        "4.91": lambda: imagecodecs.jpeg2k_encode(image, level=60, codecformat="J2K", bitspersample=bits),
    }[syntax]()
    found = decode(encapsulated(tags(image, stored=bits), syntax, bytes(stream)))
    assert np.abs(found.stored.astype(int) - image.astype(int)).max() <= 6 << (bits - 8)
    assert found.stored.max() > found.stored.min()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_run_lengths_give_back_the_stored_values(dtype: type) -> None:
    image = smooth(8 if dtype is np.uint8 else 16).astype(dtype)
    stream = pydicom_rle(image)
    assert np.array_equal(decode(encapsulated(tags(image, stored=image.itemsize * 8), "5", stream)).stored, image)


def pydicom_rle(image: NDArray[np.generic]) -> bytes:
    from pydicom.pixels.encoders.base import RLELosslessEncoder

    bits = image.itemsize * 8
    return RLELosslessEncoder.encode(
        image.tobytes(),
        rows=image.shape[0],
        columns=image.shape[1],
        samples_per_pixel=image.shape[2] if image.ndim == 3 else 1,
        bits_allocated=bits,
        bits_stored=bits,
        planar_configuration=0,
        photometric_interpretation="RGB" if image.ndim == 3 else "MONOCHROME2",
        pixel_representation=0,
        number_of_frames=1,
        encoding_plugin="pydicom",
    )


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_uncompressed_values_are_read_in_every_byte_order(syntax: str, bits: int) -> None:
    image = smooth(bits).astype(np.uint8 if bits == 8 else np.uint16)[:, :46]
    described = tags(image, stored=bits)
    order = ">" if syntax == BIG else "<"
    pixels = image.astype(image.dtype.newbyteorder(order)).tobytes()
    if syntax == BIG and bits == 8:  # OW words are swapped, whatever is in them (PS3.5 §D)
        pixels = np.frombuffer(pixels, "<u2").astype(">u2").tobytes()
    found = decode(part10(body(described | {PIXEL_DATA: ("OW", pixels)}, syntax), syntax=syntax))
    assert np.array_equal(found.stored, image)


def body(described: Tags, syntax: str) -> bytes:
    if syntax == EXPLICIT:
        return data_set(described)
    made = b""
    for tag, (vr, value) in sorted(described.items()):
        value += b"\0" * (len(value) % 2)
        if syntax == IMPLICIT:
            made += pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value
        else:
            value = value[::-1] if vr == "US" else value
            length = pack(">HI", 0, len(value)) if vr in ("OW", "OB") else pack(">H", len(value))
            made += pack(">HH", tag >> 16, tag & 0xFFFF) + vr.encode() + length + value
    return made


def test_signed_values_are_shifted_up_from_their_lowest() -> None:
    image = (smooth(12).astype(np.int16) - 2048).astype(np.int16)
    for pixels in (image, image & 0x0FFF):  # sign-extended, or not
        found = decode(native(tags(image, stored=12, signed=True), pixels.astype("<i2").tobytes()))
        assert np.array_equal(found.stored, image.astype(int) + 2048)


def test_signed_jpeg_2000_values_are_shifted_up() -> None:
    image = (smooth(12).astype(np.int16) - 2048).astype(np.int16)
    stream = bytes(imagecodecs.jpeg2k_encode(image, codecformat="J2K", reversible=True, level=0, bitspersample=12))
    found = decode(encapsulated(tags(image, stored=12, signed=True), "4.90", stream))
    assert np.array_equal(found.stored, image.astype(int) + 2048)


def test_bits_above_bits_stored_are_not_pixels() -> None:
    image = smooth(12)
    dirty = image | 0x7000
    assert np.array_equal(decode(native(tags(image, stored=12), dirty.tobytes())).stored, image)


def test_a_lossy_stream_that_overshoots_stays_white() -> None:
    image = smooth(12)
    image[:8] = 4099  # beyond 12 bits: wrapped round it would be a black bar
    found = decode(encapsulated(tags(image, stored=12), "4.81", bytes(imagecodecs.jpegls_encode(image, level=2))))
    assert found.stored[:8].min() >= 4093


def test_a_high_bit_at_the_top_is_shifted_down() -> None:
    image = smooth(12)
    described = tags(image, stored=12) | {0x00280102: ("US", pack("<H", 15))}
    assert np.array_equal(decode(native(described, (image << 4).tobytes())).stored, image)


def test_monochrome1_shows_the_greatest_value_black() -> None:
    image = smooth(12)
    plain = decode(native(tags(image, stored=12), image.tobytes()))
    for change in ({0x00280004: ("CS", b"MONOCHROME1")}, {0x20500020: ("CS", b"INVERSE")}):
        found = decode(native(tags(image, stored=12) | change, image.tobytes()))
        assert np.allclose(found.display, 1.0 - plain.display, atol=1e-6)
    both = {0x00280004: ("CS", b"MONOCHROME1"), 0x20500020: ("CS", b"INVERSE")}
    assert np.allclose(
        decode(native(tags(image, stored=12) | both, image.tobytes())).display, 1.0 - plain.display, atol=1e-6
    )


@pytest.mark.parametrize(
    ("change", "aspect"),
    [
        ({0x00280030: ("DS", b"0.2\\0.1")}, (0.2, 0.1)),
        ({0x00181164: ("DS", b"0.15\\0.15")}, (0.15, 0.15)),
        ({0x00280034: ("IS", b"4\\3")}, (4.0, 3.0)),
        ({0x00280034: ("IS", b"9000\\1")}, (1.0, 1.0)),
        ({0x00280030: ("DS", b"0\\0")}, (1.0, 1.0)),
    ],
)
def test_pixel_proportions(change: Tags, aspect: tuple[float, float]) -> None:
    image = smooth(12)
    found = decode(native(tags(image, stored=12) | change, image.tobytes()))
    assert (found.row_spacing, found.column_spacing) == aspect


def colour() -> tuple[NDArray[np.uint8], Tags]:
    rows, columns = np.indices((40, 32))
    image = np.stack([rows * 6, columns * 7, 255 - rows * 3 - columns], axis=-1).astype(np.uint8)
    described = tags(image, stored=8) | {
        0x00280002: ("US", b"\3\0"),
        0x00280004: ("CS", b"RGB"),
        0x00280006: ("US", b"\0\0"),
    }
    return image, described


def luma(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray(image @ np.array([0.299, 0.587, 0.114]))


def test_colour_captures_become_luminance() -> None:
    image, described = colour()
    planar = described | {0x00280006: ("US", b"\1\0")}
    ybr = described | {0x00280004: ("CS", b"YBR_FULL")}
    jpeg = bytes(imagecodecs.jpeg8_encode(image, level=98, subsampling="444"))
    for content, tolerance in (
        (native(described, image.tobytes(), "OB"), 0.51),
        (native(planar, np.moveaxis(image, -1, 0).tobytes(), "OB"), 0.51),
        (encapsulated(described, "5", pydicom_rle(image)), 0.51),
        (encapsulated(ybr, "4.50", jpeg), 4.0),
    ):
        found = decode(content)
        assert found.stored.dtype == np.uint8
        assert np.abs(found.stored - luma(image)).max() <= tolerance


@pytest.mark.parametrize("photometric", [b"PALETTE COLOR", b"YBR_FULL_422", b"HSV", b""])
def test_other_colours_are_not_read(photometric: bytes) -> None:
    image, described = colour()
    content = native(described | {0x00280004: ("CS", photometric)}, image.tobytes(), "OB")
    assert refusal(content) == "photometric"


def test_the_first_of_several_frames_is_read() -> None:
    first, second = smooth(8).astype(np.uint8), smooth(8).astype(np.uint8)[::-1].copy()
    described = tags(first, stored=8) | {0x00280008: ("IS", b"2")}
    assert np.array_equal(decode(native(described, first.tobytes() + second.tobytes(), "OB")).stored, first)
    streams = [bytes(imagecodecs.jpegls_encode(frame)) for frame in (first, second)]
    assert np.array_equal(decode(encapsulated(described, "4.80", *streams)).stored, first)
    half = len(streams[0]) // 4 * 2
    pieces = (streams[0][:half], streams[0][half:], streams[1])
    offset = half + 8 + len(pieces[1]) + len(pieces[1]) % 2 + 8
    assert np.array_equal(decode(encapsulated(described, "4.80", *pieces, table=pack("<II", 0, offset))).stored, first)
    assert refusal(encapsulated(described, "4.80", *pieces)) == "invalid_image"


def test_an_image_beyond_the_pixel_limit_is_refused() -> None:
    image = smooth(12)
    with pytest.raises(UnsuitableImage) as caught:
        decode(native(tags(image, stored=12), image.tobytes()), Limits(pixels=image.size - 1))
    assert caught.value.code == "image_too_large"


@pytest.mark.parametrize(
    "case", [case for case in hostile_files() if case.category in ("dimension", "codec")], ids=lambda case: case.name
)
def test_image_attacks_are_refused_before_any_decoder_sees_them(case) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(PermanentError) as caught:
        decode(case.content)
    if case.fate is Fate.UNSUITABLE:
        assert isinstance(caught.value, UnsuitableImage)


_SHAPE = FrameShape(61, 47, 1, 16, 12, signed=False)


def test_a_stream_of_another_size_depth_or_process_is_recognised() -> None:
    image = smooth(12)
    streams = {
        "jpeg": imagecodecs.jpeg8_encode(image, bitspersample=12),
        "jpeg_lossless": imagecodecs.jpeg8_encode(image, lossless=True, bitspersample=12),
        "jpeg_ls": imagecodecs.jpegls_encode(image),
        "jpeg_2000": imagecodecs.jpeg2k_encode(image, codecformat="J2K", bitspersample=12),
        "htj2k": imagecodecs.htj2k_encode(image),
    }
    wrong = [
        FrameShape(61, 48, 1, 16, 12, signed=False),
        FrameShape(60, 47, 1, 16, 12, signed=False),
        FrameShape(61, 47, 3, 16, 12, signed=False),
        FrameShape(61, 47, 1, 8, 8, signed=False),
    ]
    for codec, stream in streams.items():
        check_frame(codec, bytes(stream), _SHAPE)
        for shape in wrong:
            with pytest.raises(UnsuitableImage):
                check_frame(codec, bytes(stream), shape)
        for other in set(streams) - {codec}:
            if {codec, other} != {"jpeg_2000", "htj2k"}:
                with pytest.raises(UnsuitableImage):
                    check_frame(other, bytes(stream), _SHAPE)


def test_every_cut_of_a_codec_header_is_recognised() -> None:
    image = smooth(12)
    for codec, stream in (
        ("jpeg_lossless", imagecodecs.jpeg8_encode(image, lossless=True, bitspersample=12)),
        ("jpeg_2000", imagecodecs.jpeg2k_encode(image, codecformat="J2K", bitspersample=12)),
    ):
        for length in range(24):
            with pytest.raises(UnsuitableImage):
                check_frame(codec, bytes(stream)[:length], _SHAPE)
    for length in range(64):
        with pytest.raises(UnsuitableImage):
            rle_segments(pydicom_rle(image)[:length], _SHAPE)
