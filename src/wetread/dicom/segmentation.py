"""The regions of the heat map as a DICOM Segmentation (PS3.3 A.51, C.8.20), for viewers that draw those over the film: one binary segment per finding of the signed report.

A segment covers the cells that the finding's box goes round: it shows where the model looked, not where the finding ends, and its description says so.
It refers to the film pixel by pixel (Derivation Image), so it needs no frame of reference, which radiographs seldom have.
"""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels import pack_bits
from pydicom.uid import SegmentationStorage

from wetread.dicom.derived_frames import describe_frames, frame_item
from wetread.dicom.derived_instance import (
    OurSeries,
    coded_item,
    document_time,
    encode_part10,
    new_dataset,
    report_uid,
    short_text,
    tracking_uid,
)
from wetread.dicom.heat_cells import hot_pixels
from wetread.dicom.placed_findings import PlacedFinding, placed_findings, side_of, site_of
from wetread.domain.analysis import Analysis
from wetread.domain.finding import Code, concept
from wetread.domain.identifiers import derived_uid
from wetread.ports.sink import ReportPackage

__all__ = ["encode_segmentation"]

_SERIES_NUMBER = 9804
_LABEL = "AI attention, not an outline"
_ALTERED = Code("49755003", "SCT", "Morphologically Abnormal Structure")
_FAMILY = Code("123109", "DCM", "Artificial Intelligence")
_SEGMENTATION = Code("113076", "DCM", "Segmentation")
_CIELAB = ((50582, 22145, 29737), (50770, 37572, 53616), (43253, 42623, 19434), (51914, 21817, 39987))
"""RecommendedDisplayCIELabValue (PS3.3 C.10.7.1.1), of cyan, amber, violet and green; no red, which says critical elsewhere."""


def encode_segmentation(package: ReportPackage, now: datetime) -> bytes | None:
    """A Part 10 file, or None where no finding of the report has a place or the heat map is gone. Raises as `new_dataset`."""
    placed, analysis = placed_findings(package), package.analysis
    if not placed or analysis is None or analysis.heat is None:
        return None
    traits = package.read_instance.header.traits
    masks = np.stack([hot_pixels(analysis.heat, each.index, traits.rows, traits.columns) for each in placed])
    series = OurSeries("SEG", derived_uid(package.uid_seed, "seg-series", package.study_key), _SERIES_NUMBER, _LABEL)
    uid = report_uid(package, package.report, "seg")
    dataset = new_dataset(package, series, SegmentationStorage, uid, document_time(package, now))
    _describe(dataset, masks)
    describe_frames(dataset, package, analysis, [_frame(package, each) for each in range(1, len(placed) + 1)])
    dataset.SegmentSequence = [_segment(package, analysis, at, each) for at, each in enumerate(placed)]
    return encode_part10(dataset)


def _describe(dataset: Dataset, masks: NDArray[np.bool_]) -> None:
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.ContentLabel = "AI_ATTENTION"
    dataset.ContentDescription = _LABEL
    dataset.ContentCreatorName = "wetread^"
    dataset.SegmentationType = "BINARY"
    dataset.SegmentsOverlap = "YES"
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelRepresentation = 0
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit = 0
    dataset.LossyImageCompression = "00"
    dataset.Rows, dataset.Columns = masks.shape[1:]
    dataset.PixelData = pack_bits(masks.astype(np.uint8).ravel())


def _frame(package: ReportPackage, number: int) -> Dataset:
    item = frame_item(package, [number], _SEGMENTATION)
    segment = Dataset()
    segment.ReferencedSegmentNumber = number
    item.SegmentIdentificationSequence = [segment]
    return item


def _segment(package: ReportPackage, analysis: Analysis, at: int, placed: PlacedFinding) -> Dataset:
    name = placed.said.name
    item = Dataset()
    item.SegmentNumber = at + 1
    item.SegmentLabel = short_text(f"{placed.said.laterality} {concept(name).display}".strip())
    item.SegmentDescription = _LABEL
    item.SegmentAlgorithmType = "AUTOMATIC"
    item.SegmentAlgorithmName = short_text(f"{analysis.model.name} {analysis.model.version}")
    item.SegmentedPropertyCategoryCodeSequence = [coded_item(_ALTERED)]
    item.SegmentedPropertyTypeCodeSequence = [coded_item(concept(name).codes[0])]
    site = coded_item(site_of(name))
    if side := side_of(placed.said):
        site.AnatomicRegionModifierSequence = [coded_item(side)]
    item.AnatomicRegionSequence = [site]
    item.TrackingID = name.value
    item.TrackingUID = tracking_uid(package, name)
    algorithm = Dataset()
    algorithm.AlgorithmFamilyCodeSequence = [coded_item(_FAMILY)]
    algorithm.AlgorithmName, algorithm.AlgorithmVersion = short_text(analysis.model.name), analysis.model.version
    algorithm.AlgorithmParameters = f"model sha256: {analysis.model.sha256}"
    item.SegmentationAlgorithmIdentificationSequence = [algorithm]
    item.RecommendedDisplayCIELabValue = list(_CIELAB[at % len(_CIELAB)])
    return item
