"""Writing burned into a film is found, whatever its letters and its grey; the markers that a technologist sets are not taken for it."""

from datetime import UTC, datetime

import numpy as np
import pytest
from tests.written_films import HEADER, MARKERS, TYPEFACES, Lettering, bare_film, written

from wetread.domain.identifiers import InstanceKey
from wetread.inference.analysis import Film, analyse
from wetread.inference.bundle import BUNDLED, load_bundle
from wetread.inference.text_in_image import TEXT_IN_IMAGE, find_writing, writing_flags
from wetread.ports.decoder import DecodedImage
from wetread.runtimes.onnx import OnnxPredictor

NAME = "PHANTOM^TEXTA 1951-03-08"


@pytest.mark.parametrize("typeface", TYPEFACES)
@pytest.mark.parametrize("height_px", [12, 18, 28])
def test_lines_of_letters_are_found(typeface: str, height_px: int) -> None:
    how = Lettering(height_px, typeface)
    assert find_writing(written((NAME,), how)).beyond_markers
    assert find_writing(written(HEADER, how)).beyond_markers


@pytest.mark.parametrize(("column", "row"), [(40, 300), (180, 620), (230, 120)])
@pytest.mark.parametrize("contrast", [0.3, -0.15, -0.4])
def test_faint_and_dark_letters_over_the_body_are_found(contrast: float, column: int, row: int) -> None:
    assert find_writing(written(HEADER, Lettering(24, "sans", contrast, column, row))).beyond_markers


def test_a_film_of_the_other_polarity_or_depth_shows_the_same() -> None:
    seen = written(HEADER, Lettering(20))
    for same in (int(seen.max()) - seen, seen << 4, (seen >> 4).astype(np.uint8)):
        assert find_writing(same).beyond_markers


def test_large_films_are_looked_at_in_steps() -> None:
    seen = written(HEADER, Lettering(20))
    assert find_writing(np.kron(seen, np.ones((3, 3), np.uint16))).letters == find_writing(seen).letters


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("height_px", [18, 28, 48])
def test_markers_are_no_writing(marker: str, height_px: int) -> None:
    assert writing_flags(written((marker,), Lettering(height_px, "bold"))) == ()


@pytest.mark.parametrize("seed", range(4))
def test_a_film_without_writing_has_none(seed: int) -> None:
    assert writing_flags(bare_film(seed)) == ()


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (40, 3), (31, 31)])
def test_what_is_too_small_for_letters_has_none(shape: tuple[int, int]) -> None:
    assert find_writing(np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)).letters == ()


def test_pictures_made_of_specks_are_answered_too() -> None:
    """Thousands of things as small and as clear as letters."""
    random = np.random.default_rng(5)
    specks = np.kron((random.random((160, 160)) < 0.3).astype(np.uint16) * 4000, np.ones((8, 8), np.uint16))
    rows, columns = np.meshgrid(np.arange(1280) % 8 < 5, np.arange(1280) % 8 < 4, indexing="ij")
    for picture in (specks, np.where(rows & columns, 4000, 0).astype(np.uint16)):
        assert find_writing(picture).beyond_markers


def test_the_flag_says_how_much_and_not_what() -> None:
    (flag,) = writing_flags(written(HEADER, Lettering(18)))
    assert flag.code == TEXT_IN_IMAGE
    assert "letters" in flag.message
    assert not any(word in flag.message for line in HEADER for word in line.split() if len(word) > 2)


def test_the_read_of_a_film_carries_the_flag() -> None:
    bundle, now = load_bundle(BUNDLED), datetime(2026, 11, 29, tzinfo=UTC)
    predictor, flags = OnnxPredictor(bundle.onnx), []
    for grey in (bare_film(), written(HEADER, Lettering(18))):
        shown = DecodedImage(grey, np.linspace(0, 1, int(grey.max()) + 1, dtype=np.float32), 1.0, 1.0, *grey.shape)
        analysis = analyse(Film(InstanceKey("k" * 24), shown, ()), bundle, predictor, now)
        flags.append([flag.code for flag in analysis.quality])
    assert flags[1] == [*flags[0], TEXT_IN_IMAGE]
