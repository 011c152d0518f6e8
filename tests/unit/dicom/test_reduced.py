"""A JPEG 2000 film read without its finest wavelet levels shows what the whole film shows, in the same place; where that is not sure, it is read whole."""

from struct import pack

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.hostile import Tags
from tests.unit.dicom.test_frame import encapsulated, tags

from wetread.dicom.byte_source import BytesSource
from wetread.dicom.codec_header import FrameShape, Wavelet, wavelet_of
from wetread.dicom.codec_reduced import levels_to_skip
from wetread.dicom.frame import FRAME_ITEMS, FRAME_TAGS, Frame, read_frame
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import read_part10
from wetread.domain.errors import UnsuitableImage
from wetread.inference.resample import area_average

_Image = NDArray[np.uint8] | NDArray[np.uint16]


def film_of(bits: int, rows: int = 260, columns: int = 255) -> _Image:
    """Soft shapes, one hard edge (a collimator) and a little noise, from black to white."""
    down, across = np.mgrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j]
    film = 0.5 + 0.3 * np.sin(7 * down) * np.cos(5 * across) + np.random.default_rng(3).normal(0, 0.01, (rows, columns))
    film[:, : columns // 9] = 0.0
    return (film.clip(0, 1) * ((1 << bits) - 1)).astype(np.uint8 if bits <= 8 else np.uint16)


def encoded(image: NDArray[np.generic], bits: int, **options: int) -> bytes:
    return bytes(
        imagecodecs.jpeg2k_encode(image, codecformat="J2K", reversible=True, level=0, bitspersample=bits, **options)  # type: ignore[call-overload]
    )


def decode(content: bytes, needed_side_px: int) -> Frame:
    file = read_part10(BytesSource(content), FRAME_TAGS, FRAME_ITEMS, Limits())
    return read_frame(file, Limits(), needed_side_px=needed_side_px)


def dicom(image: _Image, bits: int, changes: Tags | None = None) -> bytes:
    return encapsulated(tags(image, stored=bits) | (changes or {}), "4.90", encoded(image, bits))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("size", [(260, 255), (257, 251), (258, 253)])
def test_a_reduced_film_averages_to_what_the_whole_film_does(bits: int, size: tuple[int, int]) -> None:
    image = film_of(bits, *size)
    found = decode(dicom(image, bits), 16)
    assert found.stored.shape == (-(-size[0] // 4), -(-size[1] // 4))
    assert found.stored.dtype == image.dtype
    assert (found.rows, found.columns) == size
    table = np.linspace(0, 1, 1 << bits, dtype=np.float32)
    off = np.abs(area_average(found.stored, table, 16, 16) - area_average(image, table, 16, 16))
    assert off.mean() <= 0.002
    assert off.max() <= 0.04, "at the edge"


@pytest.mark.parametrize("columns", [256, 257, 258, 259])
def test_nothing_moves(columns: int) -> None:
    """The low band lies half a pixel beside the film, and is wider where columns do not divide: on a ramp either would show everywhere."""
    image = np.broadcast_to(np.arange(columns, dtype=np.uint16) * 200, (256, columns))
    stored = decode(dicom(np.ascontiguousarray(image), 16), 16).stored
    table = np.arange(1 << 16, dtype=np.float32)
    truth = area_average(np.ascontiguousarray(image), table, 1, stored.shape[1])[0]
    assert np.abs(stored.mean(axis=0) - truth)[2:-2].max() <= 20.0, "a tenth of a pixel"


def test_without_a_hint_every_pixel_comes_back() -> None:
    image = film_of(12)
    assert np.array_equal(decode(dicom(image, 12), 0).stored, image)


@pytest.mark.parametrize(
    ("needed_side_px", "levels"), [(0, 0), (1, 9), (64, 3), (128, 2), (191, 2), (192, 1), (382, 1), (383, 0), (5000, 0)]
)
def test_four_pixels_are_left_for_each_that_is_needed(needed_side_px: int, levels: int) -> None:
    shape = FrameShape(3056, 2500, 1, 16, 12, False)
    assert levels_to_skip(shape, (1.0, 1.0), needed_side_px) == levels


def test_the_coarser_direction_decides_how_much_can_go() -> None:
    assert levels_to_skip(FrameShape(1024, 4096, 1, 16, 12, False), (4.0, 1.0), 128) == 1


def test_a_stream_with_fewer_levels_is_reduced_as_far_as_it_goes() -> None:
    image = film_of(12)
    stream = encoded(image, 12, resolutions=2)
    assert wavelet_of(stream) == Wavelet(bits=12, at_origin=True, levels=1, reversible=True)
    assert decode(encapsulated(tags(image, stored=12), "4.90", stream), 16).stored.shape == (130, 128)


def test_a_lossy_stream_keeps_one_level_more() -> None:
    image = film_of(12)
    stream = imagecodecs.jpeg2k_encode(image, codecformat="J2K", level=60, bitspersample=12)
    found = decode(encapsulated(tags(image, stored=12), "4.91", bytes(stream)), 16)
    assert found.stored.shape == (130, 128)
    table = np.linspace(0, 1, 4096, dtype=np.float32)
    assert np.abs(area_average(found.stored, table, 16, 16) - area_average(image, table, 16, 16)).mean() <= 0.002


def test_a_stream_without_levels_is_read_whole() -> None:
    image = film_of(12)
    stream = encoded(image, 12, resolutions=1)
    assert np.array_equal(decode(encapsulated(tags(image, stored=12), "4.90", stream), 16).stored, image)


def test_signed_values_are_read_whole() -> None:
    image = film_of(12).astype(np.int16) - 2048
    stream = encoded(image, 16)
    found = decode(encapsulated(tags(image, stored=12, signed=True), "4.90", stream), 16)
    assert np.array_equal(found.stored, image + 2048)


def test_an_overlay_above_the_stored_bits_does_not_shine_through() -> None:
    image = film_of(12)
    overlaid = image | np.where(np.indices(image.shape)[0] % 50 == 0, 0x1000, 0).astype(np.uint16)
    found = decode(encapsulated(tags(image, stored=12), "4.90", encoded(overlaid, 16)), 16)
    assert np.array_equal(found.stored, image)


def test_white_padding_that_is_shown_black_is_not_averaged_with_its_neighbours() -> None:
    image = film_of(12)
    image[200:] = 4095
    padding = {0x00280120: ("US", pack("<H", 4095)), 0x00281050: ("DS", b"2048"), 0x00281051: ("DS", b"4096")}
    assert np.array_equal(decode(dicom(image, 12, padding), 16).stored, image)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_stream_that_ends_early_is_refused_even_where_its_coarse_levels_are_whole(part: float) -> None:
    image = film_of(12)
    stream = encoded(image, 12)
    cut = encapsulated(tags(image, stored=12), "4.90", stream[: int(len(stream) * part)])
    with pytest.raises(UnsuitableImage) as caught:
        decode(cut, 16)
    assert caught.value.code == "codec_failed"


def test_a_stream_of_another_size_is_refused_before_it_is_decoded() -> None:
    image = film_of(12)
    content = encapsulated(tags(image[:-1], stored=12), "4.90", encoded(image, 12))
    with pytest.raises(UnsuitableImage) as caught:
        decode(content, 16)
    assert caught.value.code == "codec_mismatch"
