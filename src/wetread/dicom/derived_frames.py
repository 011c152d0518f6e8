"""The multi-frame part of what is computed from a film: functional groups, dimensions, equipment, references (PS3.3 C.7.6.16, C.7.6.17, C.12.2)."""

from collections.abc import Sequence

from pydicom import Dataset
from pydicom.tag import Tag

from wetread.dicom.derived_instance import coded_item, reference, short_text
from wetread.domain.analysis import Analysis
from wetread.domain.finding import Code
from wetread.domain.identifiers import derived_uid
from wetread.ports.sink import ReportPackage

__all__ = ["describe_frames", "frame_item"]

_SOURCE = Code("121322", "DCM", "Source Image for Image Processing Operation")
_SEGMENT_NUMBER, _SEGMENT_IDENTIFICATION = Tag(0x0062, 0x000B), Tag(0x0062, 0x000A)


def describe_frames(dataset: Dataset, package: ReportPackage, analysis: Analysis, frames: Sequence[Dataset]) -> None:
    """Adds everything that says what the frames are; each of `frames` comes from `frame_item`."""
    header = package.read_instance.header
    dataset.DeviceSerialNumber = analysis.model.sha256[:16]
    dataset.PatientOrientation = list(header.traits.patient_orientation)
    dataset.NumberOfFrames = len(frames)
    dataset.DimensionOrganizationSequence = [_organization(package)]
    dataset.DimensionIndexSequence = [_index(package)]
    dataset.SharedFunctionalGroupsSequence = [_plane(header.traits.pixel_spacing_mm)]
    dataset.PerFrameFunctionalGroupsSequence = list(frames)
    series = Dataset()
    series.SeriesInstanceUID = header.series_instance_uid
    series.ReferencedInstanceSequence = [reference(header.traits.sop_class_uid, header.sop_instance_uid)]
    dataset.ReferencedSeriesSequence = [series]


def frame_item(package: ReportPackage, place: list[int], derivation: Code) -> Dataset:
    """Frame Content and Derivation Image macros: computed from the whole film, pixel for pixel."""
    content = Dataset()
    content.DimensionIndexValues = place
    header = package.read_instance.header
    source = reference(header.traits.sop_class_uid, header.sop_instance_uid)
    source.PurposeOfReferenceCodeSequence = [coded_item(_SOURCE)]
    source.SpatialLocationsPreserved = "YES"
    derived = Dataset()
    derived.DerivationCodeSequence = [coded_item(derivation)]
    derived.SourceImageSequence = [source]
    item = Dataset()
    item.FrameContentSequence = [content]
    item.DerivationImageSequence = [derived]
    return item


def _plane(spacing_mm: tuple[float, float] | None) -> Dataset:
    """Pixel Measures and Plane Orientation macros. A projection has neither slice nor place in the patient: OHIF (3.13) and highdicom (0.28) stop at a segmentation without, and
    what stands here is what both take a film without them to have. No frame of reference claims that it means anything."""
    measures, orientation, item = Dataset(), Dataset(), Dataset()
    measures.SliceThickness = 1
    if spacing_mm:
        measures.PixelSpacing = list(spacing_mm)
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    item.PixelMeasuresSequence, item.PlaneOrientationSequence = [measures], [orientation]
    return item


def _organization(package: ReportPackage) -> Dataset:
    item = Dataset()
    item.DimensionOrganizationUID = derived_uid(package.uid_seed, "dimensions", package.study_key)
    return item


def _index(package: ReportPackage) -> Dataset:
    item = _organization(package)
    item.DimensionIndexPointer = _SEGMENT_NUMBER
    item.FunctionalGroupPointer = _SEGMENT_IDENTIFICATION
    item.DimensionDescriptionLabel = short_text("Segment")
    return item
