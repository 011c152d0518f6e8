"""The film with heat and boxes burned in: valid, labelled in its pixels, everything in its place."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from builders_delivery import BOX, COLUMNS, NO_IDENTITY, NOW, ROWS, a_finding, a_package, an_analysis
from numpy.typing import NDArray
from pydicom import Dataset, dcmread

from wetread.dicom.secondary_capture import LABEL, burn_in, encode_secondary_capture
from wetread.dicom.secondary_capture_font import GLYPH_COLUMNS, GLYPH_ROWS, draw_text
from wetread.domain.analysis import Analysis, HeatMaps, Region
from wetread.domain.finding import FindingName
from wetread.ports.sink import ReportPackage

DCIODVFY = str(Path(sys.executable).with_name("dciodvfy"))
FILM = np.full((400, 320), 100, dtype=np.uint8)
BAND = GLYPH_ROWS + 1
PACKAGES = {
    "usual": a_package(),
    "no identity": a_package(identity=NO_IDENTITY),
    "no orientation": a_package(patient_orientation=()),
    "two findings": a_package(
        analysis=an_analysis(
            a_finding(FindingName.EFFUSION, 0.8, region=BOX),
            a_finding(FindingName.MASS, 0.9, region=Region(0, 50, 0, 50)),
        )
    ),
}


def decode(package: ReportPackage, film: NDArray[np.uint8] = FILM) -> Dataset:
    encoded = encode_secondary_capture(package, NOW, film)
    assert encoded is not None
    return dcmread(BytesIO(encoded))


def one_hot(row: int, column: int, extent: Region) -> Analysis:
    """Effusion called, without a box, its map hot in one of 8 x 8 cells."""
    values = np.zeros((1, 8, 8), dtype="<f2")
    values[0, row, column] = 4
    analysis = an_analysis(a_finding(FindingName.EFFUSION, 0.8))
    return replace(analysis, heat=HeatMaps(8, 8, values.tobytes(), extent))


def drawn(analysis: Analysis, film: NDArray[np.uint8] = FILM) -> NDArray[np.uint8]:
    """What became of the film itself, bands cut off."""
    assert analysis.heat is not None
    return burn_in(film, analysis, analysis.heat, (ROWS, COLUMNS))[BAND:-BAND]


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES.keys())
def test_dciodvfy_finds_no_error(package: ReportPackage, tmp_path: Path) -> None:
    path = tmp_path / "sc.dcm"
    path.write_bytes(encode_secondary_capture(package, NOW, FILM) or b"")
    said = subprocess.run([DCIODVFY, str(path)], capture_output=True, text=True, errors="replace", check=False)
    assert "SCImage" in said.stderr
    assert [line for line in said.stderr.splitlines() if line.startswith("Error")] == []


def test_the_label_stands_in_the_pixels_and_covers_no_film() -> None:
    pixels = decode(a_package()).pixel_array
    assert pixels.shape == (400 + 2 * BAND, 320, 3)
    band = np.zeros((BAND, 320, 3), dtype=np.uint8)
    draw_text(band, LABEL, 1, 1, 1, (255, 255, 255))
    assert band.any()
    assert (pixels[:BAND] == band).all()


def test_a_narrow_film_breaks_the_label_instead_of_cutting_it() -> None:
    pixels = decode(a_package(), FILM[:, :120]).pixel_array
    letters = len(LABEL.replace(" ", ""))
    smallest_letter = 5
    top = pixels[: 4 * BAND]
    assert pixels.shape[0] > 400 + 2 * BAND
    assert (top == 255).all(axis=-1).sum() >= letters * smallest_letter


def test_nothing_called_or_no_map_makes_no_picture() -> None:
    below = an_analysis(a_finding(FindingName.EFFUSION, 0.2))
    without = replace(an_analysis(a_finding(FindingName.EFFUSION, 0.8)), heat=None)
    packages = [a_package(analysis=below), a_package(analysis=without), a_package(read_by_ai=False)]
    assert [encode_secondary_capture(each, NOW, FILM) for each in packages] == [None, None, None]


@pytest.mark.parametrize("shape", [(400, 320), (300, 250), (777, 601)])
def test_the_box_is_where_the_region_is(shape: tuple[int, int]) -> None:
    box = Region(20, 180, 10, 150)
    boxed = (a_finding(FindingName.EFFUSION, 0.8, region=box),)
    analysis = replace(one_hot(0, 0, Region(-900, -800, 0, COLUMNS)), findings=boxed)
    cyan = (drawn(analysis, np.full(shape, 100, dtype=np.uint8)) == (0, 255, 255)).all(axis=-1)
    rows, columns = np.nonzero(cyan)
    down, across = shape[0] / ROWS, shape[1] / COLUMNS
    assert (rows.min(), rows.max() + 1) == pytest.approx((20 * down, 180 * down), abs=1)
    assert (columns.min(), columns.max() + 1) == pytest.approx((10 * across, 150 * across), abs=1)


@pytest.mark.parametrize("shape", [(400, 320), (300, 250), (777, 601)])
@pytest.mark.parametrize("cell", [(0, 0), (3, 5), (7, 7)])
def test_heat_is_where_the_map_is_hot(shape: tuple[int, int], cell: tuple[int, int]) -> None:
    extent = Region(-40, 240, 0, COLUMNS)
    picture = drawn(one_hot(*cell, extent), np.full(shape, 100, dtype=np.uint8)).astype(int)
    red = picture[..., 0] - picture[..., 2]
    cell_row = (extent.row_start + (cell[0] + 0.5) * 280 / 8) / ROWS * shape[0]
    cell_column = (cell[1] + 0.5) / 8 * shape[1]
    if not 0 <= cell_row < shape[0]:
        assert red.max() < 200 * 0.45
        return
    weight = red / red.sum()
    assert red.max() > 80
    assert abs((weight.sum(axis=1) * np.arange(shape[0])).sum() - cell_row) < 0.1 * shape[0]
    assert abs((weight.sum(axis=0) * np.arange(shape[1])).sum() - cell_column) < 0.1 * shape[1]


def test_outside_the_maps_extent_the_film_is_untouched() -> None:
    picture = drawn(one_hot(2, 2, Region(0, 100, 0, 80)))
    assert (picture[200:] == 100).all()
    assert (picture[:, 160:] == 100).all()
    assert (picture[:200, :160] != 100).any()


def test_an_absent_findings_map_leaves_no_heat() -> None:
    quiet, called = a_finding(FindingName.MASS, 0.1), a_finding(FindingName.EFFUSION, 0.8)
    values = np.zeros((2, 8, 8), dtype="<f2")
    values[0] = 9
    analysis = replace(an_analysis(quiet, called), heat=HeatMaps(8, 8, values.tobytes(), Region(0, ROWS, 0, COLUMNS)))
    assert (drawn(analysis) == 100).all()


def test_it_is_the_same_file_whenever_it_is_encoded_and_another_for_another_picture() -> None:
    package = a_package()
    assert encode_secondary_capture(package, NOW, FILM) == encode_secondary_capture(package, NOW + timedelta(1), FILM)
    assert decode(package).SOPInstanceUID != decode(package, FILM + 1).SOPInstanceUID


def test_it_names_its_film_and_admits_its_annotation() -> None:
    document = decode(a_package())
    assert document.SourceImageSequence[0].ReferencedSOPInstanceUID == "2.25.1.1.1"
    assert (document.BurnedInAnnotation, document.ImageType[0]) == ("YES", "DERIVED")
    assert LABEL in document.DerivationDescription


def test_text_outside_the_picture_is_cut_and_unknown_letters_leave_gaps() -> None:
    pixels = np.zeros((9, 12, 3), dtype=np.uint8)
    draw_text(pixels, "Ü£A", 0, 0, 1, (9, 9, 9))
    assert not pixels.any()
    draw_text(pixels, "AB", -3, 8, 1, (9, 9, 9))
    assert pixels[:, :8].any() == False  # noqa: E712 - numpy's bool
    assert pixels[:5, 8:].any()


def test_every_letter_of_the_labels_has_a_glyph() -> None:
    for letter in (set(LABEL) | set("the report decides %")) - {" "}:
        cell = np.zeros((GLYPH_ROWS, GLYPH_COLUMNS, 3), dtype=np.uint8)
        draw_text(cell, letter, 0, 0, 1, (1, 1, 1))
        assert cell.any(), letter
