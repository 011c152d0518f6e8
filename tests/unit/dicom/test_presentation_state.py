"""The boxes as a presentation state: valid, in their places, and DCMTK shows the film under it in the film's own greys."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders_delivery import BOX, EFFUSION, NO_IDENTITY, NOW, a_finding, a_package, a_report, an_analysis
from in_process_decoder import InProcessDecoder
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from wetread.dicom.presentation_state import encode_presentation_state
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import SOPInstanceUID
from wetread.domain.report import ReportFinding
from wetread.ports.sink import ReportPackage

DCIODVFY = str(Path(sys.executable).with_name("dciodvfy"))
PLAIN = {"WindowCenter": 2000, "WindowWidth": 3000}
SIGNED = {"PixelRepresentation": 1, "RescaleSlope": 2, "RescaleIntercept": 100, "RescaleType": "US"}
CURVE = np.rint(4095 * np.linspace(0, 1, 4096) ** 2).astype("<u2")


def lut(first: int = 0) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [4096, first, 12])
    item.add_new("LUTData", "OW", CURVE.tobytes())
    return item


def modality_lut() -> Dataset:
    item = lut()
    item.ModalityLUTType = "US"
    return item


FILMS: dict[str, dict[str, Any]] = {
    "window": PLAIN,
    "no window": {},
    "two windows": {"WindowCenter": [1500, 2000], "WindowWidth": [1000, 4000]},
    "sigmoid": {**PLAIN, "VOILUTFunction": "SIGMOID"},
    "MONOCHROME1": {**PLAIN, "PhotometricInterpretation": "MONOCHROME1"},
    "signed, rescaled": {**SIGNED, "WindowCenter": 0, "WindowWidth": 6000},
    "VOI LUT": {"VOILUTSequence": [lut()]},
    "VOI LUT, signed": {"PixelRepresentation": 1, "VOILUTSequence": [lut(-2048)]},
    "VOI LUT, MONOCHROME1": {"PhotometricInterpretation": "MONOCHROME1", "VOILUTSequence": [lut()]},
    "modality LUT": {**PLAIN, "ModalityLUTSequence": [modality_lut()]},
}


def written(path: Path, **changes: Any) -> Path:
    """200 x 160 pixels that take every 12-bit value."""
    film = FileDataset(None, {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.SOPClassUID, film.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1.1", "2.25.1.1.1"
    film.StudyInstanceUID, film.SeriesInstanceUID, film.Modality = "2.25.1", "2.25.1.1", "DX"
    film.PatientName, film.PatientID = "Nobody^Here", "N1"
    film.Rows, film.Columns, film.SamplesPerPixel = 200, 160, 1
    film.PhotometricInterpretation, film.PixelRepresentation = "MONOCHROME2", 0
    film.BitsAllocated, film.BitsStored, film.HighBit = 16, 12, 11
    for name, value in changes.items():
        setattr(film, name, value)
    values = np.arange(200 * 160) % 4096 - (2048 if film.PixelRepresentation else 0)
    film.PixelData = values.astype("<i2").tobytes()
    film.save_as(path, enforce_file_format=True)
    return path


def encoded(folder: Path, package: ReportPackage, **film: Any) -> Path:
    pixels = InProcessDecoder().film_pixels(written(folder / "film.dcm", **film))
    path = folder / "pr.dcm"
    path.write_bytes(encode_presentation_state(package, NOW, pixels) or b"")
    return path


@pytest.mark.parametrize(
    "package",
    [a_package(), a_package(identity=NO_IDENTITY), a_package(patient_orientation=(), pixel_spacing_mm=None)],
)
@pytest.mark.parametrize("film", ["window", "VOI LUT, signed"])
def test_dciodvfy_finds_no_error(package: ReportPackage, film: str, tmp_path: Path) -> None:
    path = encoded(tmp_path, package, **FILMS[film])
    said = subprocess.run([DCIODVFY, str(path)], capture_output=True, text=True, errors="replace", check=False)
    assert "GrayscaleSoftcopyPresentationState" in said.stderr
    assert [line for line in said.stderr.splitlines() if line.startswith("Error")] == []


@pytest.mark.parametrize("film", FILMS.values(), ids=FILMS.keys())
def test_dcmtk_shows_the_film_in_its_own_greys(film: dict[str, Any], tmp_path: Path) -> None:
    """Beside the boxes' pixels, which dcmp2pgm burns in."""
    state, picture = encoded(tmp_path, a_package(), **film), tmp_path / "shown.pgm"
    subprocess.run(["dcmp2pgm", "--pstate", state, tmp_path / "film.dcm", picture], check=True, capture_output=True)
    shown = np.asarray(Image.open(picture)).astype(float)
    decoded = InProcessDecoder().decode(tmp_path / "film.dcm")
    expected = 255 * decoded.display[decoded.stored]
    assert shown.shape == expected.shape
    off = np.abs(shown - expected) > 2
    assert off.mean() < 0.02


def test_the_box_has_the_regions_corners_and_words_with_both_numbers(tmp_path: Path) -> None:
    document = dcmread(encoded(tmp_path, a_package(), **PLAIN))
    (annotation,) = document.GraphicAnnotationSequence
    (box,) = annotation.GraphicObjectSequence
    xs, ys = box.GraphicData[::2], box.GraphicData[1::2]
    assert (min(ys), max(ys), min(xs), max(xs)) == (
        BOX.row_start + 0.5, BOX.row_stop + 0.5, BOX.column_start + 0.5, BOX.column_stop + 0.5,
    )  # fmt: skip
    words = [each.UnformattedTextValue for each in annotation.TextObjectSequence]
    assert words[0].startswith("AI: right pleural effusion 80% (point ")
    assert "research, not for diagnosis" in words[1]


def test_it_refers_to_the_film_and_nothing_else(tmp_path: Path) -> None:
    document = dcmread(encoded(tmp_path, a_package(), **PLAIN))
    (series,) = document.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == a_package().read_instance.header.series_instance_uid
    assert [each.ReferencedSOPInstanceUID for each in series.ReferencedImageSequence] == ["2.25.1.1.1"]


@pytest.mark.parametrize(
    "said",
    [
        (),
        (replace(EFFUSION, present=False),),
        (replace(EFFUSION, laterality="left"),),
        (ReportFinding(FindingName.MASS, True),),
    ],
)
def test_without_a_finding_that_both_place_there_is_none(said: tuple[ReportFinding, ...], tmp_path: Path) -> None:
    assert encoded(tmp_path, a_package(a_report(*said)), **PLAIN).read_bytes() == b""


def test_a_bilateral_finding_keeps_its_box(tmp_path: Path) -> None:
    analysis = an_analysis(a_finding(FindingName.EFFUSION, 0.8, laterality="bilateral", region=BOX))
    assert encoded(tmp_path, a_package(a_report(EFFUSION), analysis=analysis), **PLAIN).read_bytes()


def test_it_is_another_object_for_another_version(tmp_path: Path) -> None:
    first = dcmread(encoded(tmp_path, a_package(), **PLAIN)).SOPInstanceUID
    second = dcmread(encoded(tmp_path, a_package(a_report(EFFUSION, version=2)), **PLAIN)).SOPInstanceUID
    assert isinstance(first, str)
    assert SOPInstanceUID(first) != SOPInstanceUID(second)
