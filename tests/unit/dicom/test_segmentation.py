"""The heat map's regions as segments: valid, where the boxes are, and only what the signed report says."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import highdicom
import numpy as np
import pytest
from builders_delivery import (
    BOX,
    COLUMNS,
    EFFUSION,
    NO_IDENTITY,
    NOW,
    ROWS,
    a_finding,
    a_package,
    a_report,
    an_analysis,
)
from pydicom import Dataset, dcmread

from wetread.dicom.segmentation import encode_segmentation
from wetread.dicom.structured_report import encode_sr
from wetread.domain.analysis import HeatMaps, Region
from wetread.domain.finding import FindingName
from wetread.domain.report import ReportFinding
from wetread.inference.localise import hot_region
from wetread.ports.sink import ReportPackage

DCIODVFY = str(Path(sys.executable).with_name("dciodvfy"))
MASS = ReportFinding(FindingName.MASS, True, "left", 0.9)
TWO = an_analysis(
    a_finding(FindingName.EFFUSION, 0.8, laterality="right", region=BOX),
    a_finding(FindingName.MASS, 0.9, laterality="left", region=Region(0, 50, 0, 50)),
)
PACKAGES = {
    "usual": a_package(),
    "no identity": a_package(identity=NO_IDENTITY),
    "no orientation, no spacing": a_package(patient_orientation=(), pixel_spacing_mm=None),
    "two findings": a_package(a_report(EFFUSION, MASS), analysis=TWO),
}


def decode(package: ReportPackage) -> Dataset:
    return dcmread(BytesIO(encode_segmentation(package, NOW) or b""))


def segments(package: ReportPackage) -> np.ndarray:
    """bool (segment, row, column), read by somebody else's code."""
    return highdicom.seg.Segmentation.from_dataset(decode(package)).pixel_array.reshape(-1, ROWS, COLUMNS).astype(bool)


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES.keys())
def test_dciodvfy_finds_no_error(package: ReportPackage, tmp_path: Path) -> None:
    path = tmp_path / "seg.dcm"
    path.write_bytes(encode_segmentation(package, NOW) or b"")
    said = subprocess.run([DCIODVFY, str(path)], capture_output=True, text=True, errors="replace", check=False)
    assert "Segmentation" in said.stderr
    assert [line for line in said.stderr.splitlines() if line.startswith("Error")] == []


@pytest.mark.parametrize("seed", range(12))
def test_a_segment_fills_the_box_that_the_model_drew(seed: int) -> None:
    analysis = an_analysis(a_finding(FindingName.EFFUSION, 0.8), seed=seed)
    assert analysis.heat is not None
    cam = np.frombuffer(analysis.heat.values, "<f2").reshape(8, 8).astype(np.float32)
    box = hot_region(cam, analysis.heat.extent, ROWS, COLUMNS)
    boxed = replace(analysis, findings=(replace(analysis.findings[0], region=box),))
    if box is None:
        assert encode_segmentation(a_package(a_report(EFFUSION), analysis=boxed), NOW) is None
        return
    (mask,) = segments(a_package(a_report(EFFUSION), analysis=boxed))
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert Region(rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) == box


def test_each_finding_has_its_own_map() -> None:
    values = np.zeros((2, 8, 8), dtype="<f2")
    values[0, 2, 3], values[1, 6, 6] = 4, 4
    analysis = replace(TWO, heat=HeatMaps(8, 8, values.tobytes(), Region(0, ROWS, 0, COLUMNS)))
    mass, effusion = segments(a_package(a_report(MASS, EFFUSION), analysis=analysis))
    assert (mass[150:175, 120:140].all(), mass.sum()) == (True, 25 * 20)
    assert (effusion[50:75, 60:80].all(), effusion.sum()) == (True, 25 * 20)


def test_what_the_radiologist_denied_moved_or_left_out_is_no_segment() -> None:
    denied = replace(EFFUSION, present=False)
    moved = replace(EFFUSION, laterality="left")
    for report in (a_report(denied), a_report(moved), a_report()):
        assert encode_segmentation(a_package(report), NOW) is None
    assert encode_segmentation(a_package(read_by_ai=False), NOW) is None
    without = an_analysis(a_finding(FindingName.EFFUSION, 0.8, laterality="right", region=BOX))
    assert encode_segmentation(a_package(analysis=replace(without, heat=None)), NOW) is None


def test_a_segment_is_tracked_as_the_same_finding_in_the_sr() -> None:
    segment = decode(a_package()).SegmentSequence[0]
    sr = dcmread(BytesIO(encode_sr(a_package(), NOW)))
    assert segment.TrackingUID in str(sr)
    assert (segment.SegmentLabel, segment.TrackingID) == ("right pleural effusion", "effusion")
    assert segment.AnatomicRegionSequence[0].AnatomicRegionModifierSequence[0].CodeMeaning == "Right"


def test_it_is_the_same_file_whenever_it_is_encoded_and_names_its_film() -> None:
    assert encode_segmentation(a_package(), NOW) == encode_segmentation(a_package(), NOW + timedelta(1))
    document = decode(a_package())
    assert document.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == "2.25.1.1.1"
    assert "not an outline" in document.SeriesDescription
