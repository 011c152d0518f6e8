"""The film with the model's heat map and boxes burned in: a Secondary Capture (PS3.3 A.8.1) for viewers that know nothing else.

What it is stands in bands above and below the film, in the pixels, where no viewer setting can hide it and no anatomy is covered.
"""

import textwrap
from datetime import datetime
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from wetread.dicom.derived_instance import OurSeries, document_time, encode_part10, new_dataset, reference
from wetread.dicom.secondary_capture_font import GLYPH_COLUMNS, GLYPH_ROWS, draw_text
from wetread.domain.analysis import Analysis, Finding, HeatMaps
from wetread.domain.finding import concept
from wetread.domain.identifiers import derived_uid
from wetread.ports.sink import ReportPackage

__all__ = ["LABEL", "burn_in", "encode_secondary_capture"]

LABEL = "AI heat map - research, not for diagnosis"

_SERIES_NUMBER = 9802
_HEAT_OPACITY = 0.45
_CYAN, _WHITE = (0, 255, 255), (255, 255, 255)


def encode_secondary_capture(package: ReportPackage, now: datetime, film: NDArray[np.uint8]) -> bytes | None:
    """A Part 10 file, RGB, or None when no finding of the analysis is called or it carries no heat map.

    `film` is uint8 (row, column), 0 = black: the whole film at any size.
    """
    analysis = package.analysis
    if analysis is None or analysis.heat is None or not analysis.called:
        return None
    traits = package.read_instance.header.traits
    pixels = burn_in(film, analysis, analysis.heat, (traits.rows, traits.columns))
    series_uid = derived_uid(package.uid_seed, "sc-series", package.study_key)
    uid = derived_uid(package.uid_seed, "sc", package.study_key, str(package.report.version), _digest(pixels))
    series = OurSeries("OT", series_uid, _SERIES_NUMBER, LABEL)
    when = document_time(package, now)
    dataset = new_dataset(package, series, SecondaryCaptureImageStorage, uid, when)
    _describe(dataset, package)
    _set_pixels(dataset, pixels)
    return encode_part10(dataset)


def _digest(pixels: NDArray[np.uint8]) -> str:
    return sha256(pixels.tobytes()).hexdigest()


def _describe(dataset: Dataset, package: ReportPackage) -> None:
    header = package.read_instance.header
    dataset.ConversionType = "WSD"
    dataset.BodyPartExamined = "CHEST"
    dataset.PatientOrientation = list(header.traits.patient_orientation)
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.BurnedInAnnotation = "YES"
    dataset.DerivationDescription = LABEL
    dataset.SourceImageSequence = [reference(header.traits.sop_class_uid, header.sop_instance_uid)]


def _set_pixels(dataset: Dataset, pixels: NDArray[np.uint8]) -> None:
    dataset.SamplesPerPixel = 3
    dataset.PhotometricInterpretation = "RGB"
    dataset.PlanarConfiguration = 0
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelRepresentation = 0
    dataset.PixelData = pixels.tobytes() + b"\0" * (pixels.size % 2)


def burn_in(
    film: NDArray[np.uint8], analysis: Analysis, heat: HeatMaps, stored_shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """uint8 (row, column, 3): the film under heat and boxes, between two bands of text.

    `stored_shape` is the (rows, columns) of the stored image that regions and heat extent are measured in.
    """
    evidence = _on_film(_evidence(analysis, heat), heat, film.shape[:2], stored_shape)
    opacity = (_HEAT_OPACITY * evidence)[..., None]
    colour = np.stack([np.full_like(evidence, 255), 255 * evidence, np.zeros_like(evidence)], axis=-1)
    body = np.rint(film[..., None] * (1 - opacity) + colour * opacity).astype(np.uint8)
    scale = max(1, film.shape[1] // 400)
    for line, finding in enumerate(analysis.called):
        _draw_box(body, finding, stored_shape, scale, line)
    about = f"{analysis.model.name} {analysis.model.version} - the report decides"
    return np.concatenate([_band(LABEL, film.shape[1], scale), body, _band(about, film.shape[1], scale)])


def _evidence(analysis: Analysis, heat: HeatMaps) -> NDArray[np.float64]:
    """float64 (row, column), 0..1: the strongest of the called findings' maps, each scaled to its own positive maximum."""
    shape = (len(analysis.findings), heat.rows, heat.columns)
    maps = np.frombuffer(heat.values, "<f2").reshape(shape).astype(np.float64)
    called = np.maximum(maps[[finding.called for finding in analysis.findings]], 0)
    return np.asarray((called / np.maximum(called.max(axis=(1, 2), keepdims=True), 1e-6)).max(axis=0))


def _on_film(
    grid: NDArray[np.float64], heat: HeatMaps, film_shape: tuple[int, ...], stored_shape: tuple[int, int]
) -> NDArray[np.float64]:
    extent = heat.extent
    down = _interpolation(film_shape[0], stored_shape[0], extent.row_start, extent.row_stop, heat.rows)
    across = _interpolation(film_shape[1], stored_shape[1], extent.column_start, extent.column_stop, heat.columns)
    return np.asarray(down @ grid @ across.T)


def _interpolation(size: int, stored_size: int, start: int, stop: int, cells: int) -> NDArray[np.float64]:
    """float64 (size, cells): linear weights from cell centres to the film's pixel centres; zero outside the extent."""
    stored = (np.arange(size) + 0.5) * stored_size / size
    position = (stored - start) / (stop - start) * cells - 0.5
    weights = np.maximum(0, 1 - np.abs(np.clip(position, 0, cells - 1)[:, None] - np.arange(cells)))
    return np.asarray(weights * ((position >= -0.5) & (position <= cells - 0.5))[:, None])


def _draw_box(body: NDArray[np.uint8], finding: Finding, stored_shape: tuple[int, int], scale: int, line: int) -> None:
    """The box with its words inside, each finding's on a `line` of its own so that overlapping boxes stay legible."""
    if (region := finding.region) is None:
        return
    down, across = body.shape[0] / stored_shape[0], body.shape[1] / stored_shape[1]
    top, bottom = int(region.row_start * down), int(region.row_stop * down)
    left, right = int(region.column_start * across), int(region.column_stop * across)
    frame = np.zeros(body.shape[:2], dtype=bool)
    frame[top:bottom, left:right] = True
    frame[top + scale : bottom - scale, left + scale : right - scale] = False
    body[frame] = _CYAN
    words = f"{finding.laterality} {concept(finding.name).display} {100 * (finding.probability or 0):.0f}%".strip()
    draw_text(body, words, top + (2 + line * GLYPH_ROWS) * scale, left + 2 * scale, scale, _CYAN)


def _band(text: str, columns: int, scale: int) -> NDArray[np.uint8]:
    lines = textwrap.wrap(text, max(1, columns // (GLYPH_COLUMNS * scale))) or [""]
    band = np.zeros((len(lines) * GLYPH_ROWS * scale + scale, columns, 3), dtype=np.uint8)
    for number, line in enumerate(lines):
        draw_text(band, line, scale + number * GLYPH_ROWS * scale, scale, scale, _WHITE)
    return band
