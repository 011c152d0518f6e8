"""What every decoder promises: the sandbox, and the in-process one that journeys use in its place."""

from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.hostile import INSTANCE, Fate, HostileFile, film, hostile_files
from tests.in_process_decoder import InProcessDecoder
from tests.unit.dicom.test_frame import encapsulated, native, tags

from wetread.dicom.sandbox import Sandbox
from wetread.domain.errors import HostileInput, UnsuitableImage
from wetread.inference.resample import area_average
from wetread.ports.decoder import Decoder


@pytest.fixture(scope="module", params=["sandbox", "in process"])
def decoder(request: pytest.FixtureRequest) -> Iterator[Decoder]:
    if request.param == "in process":
        yield InProcessDecoder()
    else:
        with Sandbox(children=1) as sandbox:
            yield sandbox


@pytest.fixture
def valid(tmp_path: Path) -> Path:
    path = tmp_path / "valid.dcm"
    path.write_bytes(film())
    return path


def test_a_valid_film_is_inspected(decoder: Decoder, valid: Path) -> None:
    header = decoder.inspect(valid)
    assert header.sop_instance_uid == INSTANCE
    assert header.identity.patient_name == "CANARY^CAROL"
    assert (header.traits.rows, header.traits.columns) == (64, 64)


def test_a_valid_film_is_decoded(decoder: Decoder, valid: Path) -> None:
    image = decoder.decode(valid)
    rows, columns = np.indices((64, 64))
    assert image.stored.dtype == np.uint16
    assert image.stored.flags.c_contiguous
    assert np.array_equal(image.stored, (rows * 37 + columns * 23) % 4096)
    assert image.display.dtype == np.float32
    assert len(image.display) > image.stored.max()
    assert 0.0 <= image.display.min() <= image.display.max() <= 1.0


@pytest.mark.parametrize("needed_side_px", [0, 8, 32, 5000])
@pytest.mark.parametrize("syntax", ["JPEG 2000", "uncompressed"])
def test_a_film_keeps_four_pixels_for_each_that_is_needed(
    decoder: Decoder, tmp_path: Path, syntax: str, needed_side_px: int
) -> None:
    rows, columns = np.indices((251, 190))
    image = (rows * 9 + columns * 7).astype(np.uint16)
    path = tmp_path / "film.dcm"
    described = tags(image, stored=12)
    path.write_bytes(
        encapsulated(described, "4.90", jpeg_2000(image))
        if syntax == "JPEG 2000"
        else native(described, image.tobytes())
    )
    found = decoder.decode(path, needed_side_px=needed_side_px)
    assert (found.rows, found.columns) == (251, 190)
    assert max(found.stored.shape) >= min(4 * needed_side_px, 251)
    assert needed_side_px or np.array_equal(found.stored, image)
    whole = area_average(image, found.display, 4, 4)
    assert np.abs(area_average(found.stored, found.display, 4, 4) - whole).mean() <= 0.005


def jpeg_2000(image: NDArray[np.uint16]) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(image, codecformat="J2K", reversible=True, level=0, bitspersample=12))


def test_an_image_outlives_the_next_one(decoder: Decoder, valid: Path, tmp_path: Path) -> None:
    first = decoder.decode(valid)
    before = first.stored.copy()
    other = tmp_path / "other.dcm"
    other.write_bytes(film({0x7FE00010: ("OW", bytes(64 * 64 * 2))}))
    assert not decoder.decode(other).stored.any()
    assert np.array_equal(first.stored, before)


@pytest.mark.parametrize("side", [16, 64, 5000])
def test_a_picture_is_never_larger_than_asked_or_than_the_film(decoder: Decoder, valid: Path, side: int) -> None:
    picture = imagecodecs.png_decode(decoder.render_png(valid, max_side_px=side))
    assert picture.shape == (min(side, 64), min(side, 64))
    assert picture.dtype == np.uint8


def test_a_picture_shows_the_display_values(decoder: Decoder, valid: Path) -> None:
    image = decoder.decode(valid)
    picture = imagecodecs.png_decode(decoder.render_png(valid, max_side_px=64))
    assert np.abs(picture - image.display[image.stored] * 255.0).max() <= 0.51


def test_a_picture_has_square_pixels(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "flat.dcm"
    path.write_bytes(film({0x00280030: ("DS", b"0.2\\0.1")}))
    assert imagecodecs.png_decode(decoder.render_png(path, max_side_px=64)).shape == (64, 32)


@pytest.mark.parametrize("case", list(hostile_files()), ids=lambda case: case.name)
def test_every_attack_meets_its_fate_and_the_next_film_is_read(
    decoder: Decoder, valid: Path, tmp_path: Path, case: HostileFile
) -> None:
    path = tmp_path / "case.dcm"
    path.write_bytes(case.content)
    assert fate_of(decoder, path) is case.fate
    assert decoder.inspect(valid).sop_instance_uid == INSTANCE


def fate_of(decoder: Decoder, path: Path) -> Fate:
    try:
        decoder.inspect(path)
    except HostileInput as refused:
        assert_presentable(refused)
        return Fate.REFUSED
    try:
        decoder.decode(path)
    except UnsuitableImage as unsuitable:
        assert_presentable(unsuitable)
        return Fate.UNSUITABLE
    return Fate.HARMLESS


def assert_presentable(error: HostileInput | UnsuitableImage) -> None:
    """A stable code, an advice, no patient."""
    assert error.code not in ("hostile_input", "unsuitable_image", "decoder_killed")
    assert str(error).isprintable()
    assert "CANARY" not in str(error)
    assert "HOSTILE1" not in str(error)


def test_a_film_for_viewing_holds_every_value_and_what_makes_grey_of_it(decoder: Decoder, tmp_path: Path) -> None:
    rows, columns = np.indices((251, 190))
    image = (rows * 9 + columns * 7).astype(np.int16) - 2000
    described = tags(image.view(np.uint16), stored=16, signed=True) | {
        0x00280004: ("CS", b"MONOCHROME1 "),
        0x00281050: ("DS", b"100\\200 "),
        0x00281051: ("DS", b"400\\800 "),
        0x00281052: ("DS", b"-10 "),
        0x00281053: ("DS", b"2 "),
        0x00281055: ("LO", b"LUNG\\BONE "),
        0x00181164: ("DS", b"0.15\\0.15 "),
        0x00280120: ("SS", (-2000).to_bytes(2, "little", signed=True)),
    }
    path = tmp_path / "film.dcm"
    path.write_bytes(native(described, image.tobytes()))
    film = decoder.film_pixels(path)
    facts = film.facts
    assert (facts.rows, facts.columns, facts.bits_stored, facts.inverted) == (251, 190, 16, True)
    assert film.stored.shape == (251, 190)
    assert np.array_equal(film.modality[film.stored], image * 2.0 - 10.0)
    assert [(each.center, each.width, each.function, each.explanation) for each in facts.windows] == [
        (100.0, 400.0, "LINEAR", "LUNG"),
        (200.0, 800.0, "LINEAR", "BONE"),
    ]
    assert facts.windows_stated
    assert facts.padding == (30768, 30768)
    assert (facts.pixel_spacing_mm, facts.imager_pixel_spacing_mm) == (None, (0.15, 0.15))
    assert film.voi_lut is None


def test_a_film_without_a_window_is_given_one_that_shows_what_its_display_shows(decoder: Decoder, valid: Path) -> None:
    film, image = decoder.film_pixels(valid), decoder.decode(valid)
    window = film.facts.windows[0]
    assert not film.facts.windows_stated
    assert window.function == "LINEAR_EXACT"
    shown = np.clip((film.modality - window.center) / window.width + 0.5, 0.0, 1.0)
    assert np.allclose(shown, image.display, atol=1e-6)


def test_a_film_of_no_pixels_cannot_be_viewed(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "none.dcm"
    path.write_bytes(film({0x00280010: ("US", b"\0\0")}))
    with pytest.raises(UnsuitableImage) as refused:
        decoder.film_pixels(path)
    assert_presentable(refused.value)
