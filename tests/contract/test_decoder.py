"""What every decoder promises: the sandbox, and the in-process one that journeys use in its place."""

from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from tests.hostile import INSTANCE, Fate, HostileFile, film, hostile_files
from tests.in_process_decoder import InProcessDecoder

from wetread.dicom.sandbox import Sandbox
from wetread.domain.errors import HostileInput, UnsuitableImage
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
