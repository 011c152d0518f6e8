"""The model's boxes as a Grayscale Softcopy Presentation State (PS3.3 A.33.1): outlines and words that a viewer lays over the untouched film and can switch off.

A presentation state replaces the film's own grey scale (PS3.4 N.2.1), so it carries it: rescale and window where those say it all, else one table from stored value to grey. The photometric interpretation is ignored with it, so MONOCHROME1 becomes the shape INVERSE (PS3.3 C.11.6.1.2).
"""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import GrayscaleSoftcopyPresentationStateStorage

from wetread.dicom.derived_instance import (
    OurSeries,
    document_time,
    encode_part10,
    new_dataset,
    reference,
    report_uid,
    short_text,
)
from wetread.dicom.greyscale import window
from wetread.dicom.placed_findings import PlacedFinding, placed_findings
from wetread.domain.analysis import Analysis, Region
from wetread.domain.finding import concept
from wetread.domain.identifiers import derived_uid
from wetread.ports.film_pixels import FilmPixels, Window
from wetread.ports.sink import ReportPackage

__all__ = ["encode_presentation_state"]

_SERIES_NUMBER = 9803
_LABEL = "AI boxes - research, not for diagnosis"
_LAYER = "AI"
_GREATEST = 0xFFFF


def encode_presentation_state(package: ReportPackage, now: datetime, film: FilmPixels) -> bytes | None:
    """A Part 10 file, or None where no finding of the report has a place. `film` is the one that was read."""
    placed, analysis = placed_findings(package), package.analysis
    if not placed or analysis is None:
        return None
    series = OurSeries("PR", derived_uid(package.uid_seed, "pr-series", package.study_key), _SERIES_NUMBER, _LABEL)
    uid = report_uid(package, package.report, "pr")
    when = document_time(package, now)
    dataset = new_dataset(package, series, GrayscaleSoftcopyPresentationStateStorage, uid, when)
    del dataset.ContentDate, dataset.ContentTime
    dataset.PresentationCreationDate, dataset.PresentationCreationTime = f"{when:%Y%m%d}", f"{when:%H%M%S.%f}"
    dataset.BodyPartExamined = "CHEST"
    dataset.ContentLabel = "AI_BOXES"
    dataset.ContentDescription = _LABEL
    dataset.ContentCreatorName = "wetread^"
    _relate(dataset, package)
    _show_whole_film(dataset, package)
    _draw(dataset, placed, analysis)
    _keep_greys(dataset, film)
    return encode_part10(dataset)


def _film_reference(package: ReportPackage) -> Dataset:
    header = package.read_instance.header
    return reference(header.traits.sop_class_uid, header.sop_instance_uid)


def _relate(dataset: Dataset, package: ReportPackage) -> None:
    series = Dataset()
    series.SeriesInstanceUID = package.read_instance.header.series_instance_uid
    series.ReferencedImageSequence = [_film_reference(package)]
    dataset.ReferencedSeriesSequence = [series]


def _show_whole_film(dataset: Dataset, package: ReportPackage) -> None:
    traits = package.read_instance.header.traits
    area = Dataset()
    area.DisplayedAreaTopLeftHandCorner = [1, 1]
    area.DisplayedAreaBottomRightHandCorner = [traits.columns, traits.rows]
    area.PresentationSizeMode = "SCALE TO FIT"
    if traits.pixel_spacing_mm:
        area.PresentationPixelSpacing = list(traits.pixel_spacing_mm)
    else:
        area.PresentationPixelAspectRatio = [1, 1]
    dataset.DisplayedAreaSelectionSequence = [area]


def _draw(dataset: Dataset, placed: tuple[PlacedFinding, ...], analysis: Analysis) -> None:
    layer = Dataset()
    layer.GraphicLayer, layer.GraphicLayerOrder = _LAYER, 1
    layer.GraphicLayerDescription = _LABEL
    dataset.GraphicLayerSequence = [layer]
    annotation = Dataset()
    annotation.GraphicLayer = _LAYER
    annotation.GraphicObjectSequence = [_box(each.region) for each in placed]
    about = f"{_LABEL}: {analysis.model.name} {analysis.model.version}; the report decides"
    texts = [_text(_words(each), each.region) for each in placed]
    annotation.TextObjectSequence = [*texts, _text(about, None)]
    dataset.GraphicAnnotationSequence = [annotation]


def _box(region: Region) -> Dataset:
    """Half-open pixel ranges to the corners of PS3.3 C.10.5.1.2, where the first pixel spans 0.5 to 1.5 of 1-based PIXEL coordinates."""
    left, right = region.column_start + 0.5, region.column_stop + 0.5
    top, bottom = region.row_start + 0.5, region.row_stop + 0.5
    item = Dataset()
    item.GraphicAnnotationUnits = "PIXEL"
    item.GraphicDimensions, item.NumberOfGraphicPoints = 2, 5
    item.GraphicData = [left, top, right, top, right, bottom, left, bottom, left, top]
    item.GraphicType, item.GraphicFilled = "POLYLINE", "N"
    return item


def _words(placed: PlacedFinding) -> str:
    said, point = placed.said, placed.machine.operating_point
    number = "" if said.probability is None else f" {100 * said.probability:.0f}% (point {100 * point.threshold:.0f}%)"
    return f"AI: {said.laterality} {concept(said.name).display}".replace("  ", " ") + number


def _text(words: str, beside: Region | None) -> Dataset:
    """At the box's upper left corner, or along the film's lower edge."""
    item = Dataset()
    item.UnformattedTextValue = short_text(words)
    if beside is None:
        item.BoundingBoxAnnotationUnits = "DISPLAY"
        item.BoundingBoxTopLeftHandCorner, item.BoundingBoxBottomRightHandCorner = [0.0, 0.96], [1.0, 1.0]
        item.BoundingBoxTextHorizontalJustification = "LEFT"
    else:
        item.AnchorPointAnnotationUnits = "PIXEL"
        item.AnchorPoint = [beside.column_start + 0.5, beside.row_start + 0.5]
        item.AnchorPointVisibility = "N"
    return item


def _keep_greys(dataset: Dataset, film: FilmPixels) -> None:
    facts = film.facts
    first = -(1 << facts.bits_stored - 1) if facts.signed else 0
    voi = Dataset()
    voi.ReferencedImageSequence = dataset.ReferencedSeriesSequence[0].ReferencedImageSequence
    line = _line(film.modality.astype(np.float64), first)
    if film.voi_lut is None and line and facts.windows[0].function != "SIGMOID":
        dataset.RescaleSlope, dataset.RescaleIntercept = (f"{each:.10g}" for each in line)
        dataset.RescaleType = "US"
        _window(voi, facts.windows[0])
    else:
        voi.VOILUTSequence = [_table(_greys(film), first, signed=facts.signed)]
    dataset.SoftcopyVOILUTSequence = [voi]
    dataset.PresentationLUTShape = "INVERSE" if facts.inverted else "IDENTITY"


def _line(modality: NDArray[np.float64], first: int) -> tuple[float, float] | None:
    """(slope, intercept) from stored value to modality value, or None where no line is exact enough."""
    slope = float(modality[-1] - modality[0]) / (len(modality) - 1)
    straight = modality[0] + slope * np.arange(len(modality))
    exact = bool(np.allclose(modality, straight, rtol=0, atol=1e-3 * max(abs(slope), 1e-9)))
    return (slope, float(modality[0]) - slope * first) if exact and slope else None


def _window(voi: Dataset, shown: Window) -> None:
    """The first one alone, as LINEAR: DCMTK (3.6.7) takes no second window and ignores the function."""
    exact = shown.function == "LINEAR_EXACT"  # PS3.3 C.11.2.1.3.2 against C.11.2.1.2.1: the same line by other numbers
    voi.WindowCenter = f"{shown.center + (0.5 if exact else 0):.10g}"
    voi.WindowWidth = f"{shown.width + (1 if exact else 0):.10g}"
    voi.WindowCenterWidthExplanation = short_text(shown.explanation) or "film"


def _greys(film: FilmPixels) -> NDArray[np.float64]:
    """float64 (2**bits_stored,), 0..1 by stored value, before inversion."""
    if film.voi_lut is not None:
        return film.voi_lut.astype(np.float64)
    first = film.facts.windows[0]
    return window(film.modality.astype(np.float64), first.center, first.width, first.function)


def _table(greys: NDArray[np.float64], first: int, *, signed: bool) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if signed else "US", [len(greys) % 0x10000, first, 16])
    item.LUTExplanation = "the film's own"
    item.add_new("LUTData", "OW", np.rint(greys * _GREATEST).astype("<u2").tobytes())
    return item
