"""Writing on a film is covered before the film leaves; markers of side and position stay."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from wetread.domain.errors import UnsuitableImage
from wetread.inference.burned_in import cover_writing, is_marker
from wetread.ports.film_text import ReadText

HEADER = ("PHANTOM HOSPITAL", "Texta, Phantom  F  75 y", "ID 4471-0083", "2026-11-29 02:14")


def bare_film() -> NDArray[np.uint16]:
    """uint16 (512, 512): soft shadows and noise, nobody's chest."""
    rows, columns = np.mgrid[:512, :512] / 512
    soft = 1500 + 900 * np.sin(5 * rows) * np.cos(4 * columns)
    return (soft + np.random.default_rng(7).normal(0, 12, soft.shape)).astype(np.uint16)


def written(lines: tuple[str, ...], row: int, column: int) -> NDArray[np.uint16]:
    mask = Image.new("L", (512, 512))
    for number, line in enumerate(lines):
        ImageDraw.Draw(mask).text((column, row + 26 * number), line, 255, ImageFont.load_default(18))
    return np.maximum(bare_film(), np.asarray(mask, np.uint16) * 16)


class Says:
    """A reader that reads these, where their place on the film is not one grey already."""

    def __init__(self, *texts: ReadText) -> None:
        self.texts = texts

    def read(self, grey: NDArray[np.uint8]) -> tuple[ReadText, ...]:
        seen = (each for each in self.texts if np.ptp(grey[each.row : each.row_stop, each.column : each.column_stop]))
        return tuple(seen)


@pytest.mark.parametrize(
    "text",
    [
        "L",
        "R",
        "AP",
        "PA",
        "ap supine",
        "AP 72in",
        "L PORTABLE",
        "R  AP",
        "SEMI-ERECT",
        "LAT 180 cm",
        "A.P.",
        "(L)",
        "L RECT",
        "APSUPINE",
        "L SEMI-ERECTPORTABLE",
        "LSEMI-ERECT",
        "L SEMLERECT",
        "AP72in",
        "AP/SUPINE",
        "125kV PA",
    ],
)
def test_markers_are_told(text: str) -> None:
    assert is_marker(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MIES",
        "12",
        "72in",
        "L SMITH",
        "R. LI",
        "AP 4471-0083",
        "LR",
        "L 1975-05-31",
        "L R AP PA L",
        "JS",
        "RONE",
        "AP 39852447",
        "LIRE",
        "LI72",
        "CHESS",
        "L SEMMERACT",
        "LKIN",
        "SUPINELI BO",
        "APSUPINESMITH",
    ],
)
def test_nothing_else_is_one(text: str) -> None:
    assert not is_marker(text)


def test_lines_of_letters_are_covered_though_nobody_reads_them() -> None:
    film, covers = cover_writing(written(HEADER, 24, 30), Says(), inverted=False)
    assert len(covers) >= len(HEADER)
    for number in range(len(HEADER)):
        assert np.ptp(film[30 + 26 * number : 42 + 26 * number, 32:120]) == 0
    assert np.array_equal(film[160:], bare_film()[160:])


def test_what_is_read_is_covered_with_a_margin_in_what_shows_black() -> None:
    stored = bare_film()
    stored[400:420, 100:180:7] = 0
    place = ReadText("MIES", 400, 420, 100, 180)
    film, covers = cover_writing(stored, Says(place), inverted=True)
    assert [(each.row, each.row_stop, each.column, each.column_stop) for each in covers] == [(392, 428, 69, 211)]
    assert np.all(film[392:428, 69:211] == stored.max())
    film, _ = cover_writing(stored, Says(place), inverted=False)
    assert np.all(film[392:428, 69:211] == stored.min())
    assert np.array_equal(stored[:390], film[:390])


def test_what_is_read_as_a_marker_stays_with_its_line() -> None:
    stored = written(("L PORTABLE ERECT",), 200, 100)
    assert cover_writing(stored, Says(), inverted=False)[1]
    film, covers = cover_writing(stored, Says(ReadText("L PORTABLE ERECT", 200, 224, 98, 280)), inverted=False)
    assert covers == ()
    assert np.array_equal(film, stored)


def test_a_large_film_is_read_small_and_covered_large() -> None:
    large = np.kron(bare_film(), np.ones((4, 4), np.uint16))
    large[800:840, 200:360:9] = 0
    _, covers = cover_writing(large, Says(ReadText("MIES", 400, 420, 100, 180)), inverted=False)
    assert (covers[0].row, covers[0].column) == (785, 139)


def test_what_may_be_a_rib_is_covered_only_beside_writing() -> None:
    stored = bare_film()
    stored[200:230:5, 300:320] = 4000
    stored[100:480:9, 20:300] = 4000
    few, huge = ReadText("JS", 200, 230, 300, 320), ReadText("SMITH", 100, 480, 20, 300)
    assert cover_writing(stored, Says(few, huge), inverted=False)[1] == ()
    stored[200:230:5, 340:480] = 4000
    covers = cover_writing(stored, Says(few, ReadText("KESTREL", 200, 230, 340, 480)), inverted=False)[1]
    assert any(each.column <= 300 and each.column_stop >= 320 for each in covers)
    assert not any(each.row_stop - each.row > 100 for each in covers)


def test_a_film_that_always_shows_more_is_refused() -> None:
    class Endless:
        def read(self, grey: NDArray[np.uint8]) -> tuple[ReadText, ...]:
            return (ReadText("NAME", 10, 20, 10, 60),)

    with pytest.raises(UnsuitableImage) as refused:
        cover_writing(bare_film(), Endless(), inverted=False)
    assert refused.value.code == "writing_left"
