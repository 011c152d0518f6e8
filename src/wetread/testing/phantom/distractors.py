"""Films that must not be read as frontal chests: other views, other parts, other modalities, broken or turned pixels.

Each kind draws stored pixels for a spec; `distractor_dataset` gives them a header that either tells the truth or claims a PA chest.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, uid

from wetread.testing.phantom.canvas import (
    Canvas,
    FloatMap,
    Projection,
    Tube,
    as_map,
    noise_field,
)
from wetread.testing.phantom.detector import add_noise, develop, draw_exposure, tone
from wetread.testing.phantom.dicom import PhantomUids, code_item, to_dataset
from wetread.testing.phantom.film import render, to_stored
from wetread.testing.phantom.framing import Frame
from wetread.testing.phantom.skeleton import bone_tube
from wetread.testing.phantom.spec import PhantomSpec

__all__ = ["DISTRACTORS", "Kind", "distractor_dataset", "distractor_pixels"]

Kind = Literal["lateral", "hand", "blank", "noise", "ct_slice", "inverted", "rotated"]
Pixels = NDArray[np.uint16]

_FLESH_IN_BONE = 0.040
_AIR = 0.15  # line integral below which only air lies in the beam


def distractor_pixels(kind: Kind, spec: PhantomSpec) -> Pixels:
    """Stored pixels, uint16 (rows, columns); for "ct_slice" Hounsfield units + 1024. Deterministic in the spec."""
    return DISTRACTORS[kind](spec)


def distractor_dataset(kind: Kind, spec: PhantomSpec, uids: PhantomUids, now: datetime, honest: bool = True) -> Dataset:
    """The distractor as an instance. Honest headers name the true view, part and modality; dishonest ones claim a chest of the spec's view."""
    pixels = distractor_pixels(kind, spec)
    dataset = to_dataset(spec, pixels, (), uids, now)
    dataset.ImageComments = f"{dataset.PatientComments}; distractor: {kind}"
    if honest and kind in _HONEST:
        _HONEST[kind](dataset)
    return dataset


def _develop(
    line_integral: FloatMap, spec: PhantomSpec, canvas: Canvas, centre_mm: tuple[float, float], tall_mm: float
) -> Pixels:
    exposure = draw_exposure(spec)
    value = develop(line_integral, line_integral, exposure, canvas.pitch_mm, line_integral > _AIR)
    pixel = tall_mm / min(spec.rows, spec.columns)
    matrix = np.eye(2) / pixel
    offset = np.array([spec.rows / 2, spec.columns / 2]) - matrix @ np.array(centre_mm)
    frame = Frame(spec.rows, spec.columns, pixel, matrix, offset)
    film = add_noise(frame.resample(value, canvas), exposure, np.random.default_rng([spec.seed, 41]), pixel)
    return to_stored(tone(film, exposure), spec)


def _ball(canvas: Canvas, row: float, column: float, radii: tuple[float, float, float]) -> FloatMap:
    reach = ((canvas.row_mm - row) / radii[0]) ** 2 + ((canvas.column_mm - column) / radii[1]) ** 2
    return as_map(2 * radii[2] * np.sqrt(np.maximum(0, 1 - reach)))


def _bone(points: list[tuple[float, float]], radius: float | list[float], wall: float, core: float = 0.008) -> Tube:
    return bone_tube(np.array(points, float), np.ravel(radius), wall, core, count=60)


def lateral(spec: PhantomSpec) -> Pixels:
    """A left lateral chest: spine behind (image right), sternum in front, heart low in front, both domes."""
    canvas, rng = Canvas(), np.random.default_rng([spec.seed, 42])
    row, column = canvas.row_mm, canvas.column_mm
    half = np.interp(row, [-80, -40, 10, 80, 200, 380], [70, 80, 118, 148, 156, 150])
    body = (
        2 * 150 * np.sqrt(np.maximum(0, 1 - np.abs(column / half) ** 3)) + noise_field(rng, canvas, 40, octaves=3) * 4
    )
    front = np.interp(row, [0, 30, 120, 220, 300], [-22, -68, -106, -112, -104])
    back = np.interp(row, [0, 40, 150, 260, 320], [34, 84, 108, 102, 88])
    middle, wide = (front + back) / 2, (back - front) / 2
    lungs = 230 * np.sqrt(np.maximum(0, 1 - np.abs((column - middle) / wide) ** 2.6)) * np.sqrt(np.clip(row / 70, 0, 1))
    for dome, share in ((208, 0.5), (222, 0.5)):
        below = row - (
            dome + 62 * ((column + 35) / 120) ** 2 * (column > -35) + 20 * ((column + 35) / 60) ** 2 * (column <= -35)
        )
        lungs = lungs - share * 230 * np.clip(below / 3, 0, 1)
    heart = _ball(canvas, 168, -42, (58, 50, 55))
    lungs = np.maximum(np.maximum(lungs, 0) - heart - _ball(canvas, 100, -8, (24, 22, 25)), 0)
    line = 0.0205 * np.maximum(body - lungs, 0) + 0.0052 * lungs + _lateral_bones(canvas)
    return _develop(as_map(line), spec, canvas, (130.0, 0.0), 400.0)


def _lateral_bones(canvas: Canvas) -> FloatMap:
    bones = Projection(canvas)
    for level in range(15):
        row, column = -40 + 25.0 * level, 92 + 18 * np.sin(level / 14 * np.pi) - (20 if level < 2 else 0)
        bones.add_tube(_bone([(row, column - 14), (row, column + 14)], 9.5, 1.0, 0.009))
        bones.add_tube(_bone([(row + 4, column + 16), (row + 20, column + 34)], 4.0, 1.0))
    for rib in range(9):
        start = 14 + 24.0 * rib
        for offset in (0.0, 9.0):
            path = [
                (start, 112 + offset),
                (start + 26, 74 + offset),
                (start + 62, 0 + offset),
                (start + 84, -72 + offset),
            ]
            bones.add_tube(_bone(path, 5.5, 1.1))
    bones.add_tube(_bone([(22, -74), (90, -118), (150, -128)], 6.5, 1.2))
    return bones.to_map()


def hand(spec: PhantomSpec) -> Pixels:
    """A hand, fingers up: phalanges, metacarpals, carpals, forearm."""
    canvas, flesh = Canvas(), Projection(Canvas())
    bones = Projection(canvas)
    for finger, (angle, length) in enumerate(((-0.75, 0.62), (-0.22, 0.93), (-0.03, 1.0), (0.15, 0.94), (0.36, 0.76))):
        away = np.array([-np.cos(angle), np.sin(angle)])
        root = np.array([150.0 - 18 * (finger == 0), -34.0 + 16 * finger])
        tips = [0, 64, 108, 136, 158] if finger else [0, 50, 88, 122]
        stops = [root + away * step * length for step in tips]
        flesh.add_tube(
            _bone([tuple(root + away * -10), tuple(root + away * (tips[-1] * length + 8))], [13, 10.0, 8.5], 0.0)
        )
        for start, stop in pairwise(stops):
            inner = [tuple(start + (stop - start) * share) for share in (0.07, 0.5, 0.93)]
            bones.add_tube(_bone(inner, [6.0, 3.8, 5.0], 1.3, 0.004))
    for carpal in range(8):
        bones.add_tube(
            _bone(
                [
                    (160 + 15 * (carpal // 4), -26 + 15 * (carpal % 4)),
                    (168 + 15 * (carpal // 4), -22 + 15 * (carpal % 4)),
                ],
                7.0,
                0.9,
            )
        )
    bones.add_tube(_bone([(196, -14), (230, -16), (330, -16)], [13, 8.0, 7.5], 2.0, 0.004))
    bones.add_tube(_bone([(198, 18), (230, 20), (330, 20)], [7, 6.0, 6.5], 2.0, 0.004))
    soft = _ball(canvas, 128, -2, (64, 46, 13)) + 0.5 * _ball(canvas, 270, 2, (120, 36, 26))
    line = 0.0205 * np.maximum(soft, flesh.to_map() * np.float32(1 / _FLESH_IN_BONE)) + bones.to_map()
    return _develop(as_map(1.4 * line), spec, canvas, (100.0, 0.0), 300.0)


def blank(spec: PhantomSpec) -> Pixels:
    """An exposure of nothing: one value everywhere."""
    return np.full((spec.rows, spec.columns), 2**spec.bits_stored // 2, np.uint16)


def noise(spec: PhantomSpec) -> Pixels:
    """Unstructured noise over the whole range."""
    shape = (spec.rows, spec.columns)
    return np.random.default_rng([spec.seed, 43]).integers(0, 2**spec.bits_stored, shape, dtype=np.uint16)


def inverted(spec: PhantomSpec) -> Pixels:
    """A chest whose pixels contradict its photometric interpretation."""
    return np.asarray(np.uint16(2**spec.bits_stored - 1) - render(spec)[0])


def rotated(spec: PhantomSpec) -> Pixels:
    """A chest lying on its side; rows and columns of the spec are kept by cropping to the common square."""
    side = min(spec.rows, spec.columns)
    film = np.zeros((spec.rows, spec.columns), np.uint16)
    top, left = (spec.rows - side) // 2, (spec.columns - side) // 2
    square = np.s_[top : top + side, left : left + side]
    film[square] = np.rot90(render(spec)[0][square])
    return film


def ct_slice(spec: PhantomSpec) -> Pixels:
    """An axial thoracic slice in Hounsfield units + 1024."""
    rng = np.random.default_rng([spec.seed, 44])
    row = np.linspace(-250, 250, spec.rows)[:, None]
    column = np.linspace(-250, 250, spec.columns)[None, :]

    def inside(centre: tuple[float, float], radii: tuple[float, float]) -> NDArray[np.bool_]:
        return np.asarray(((row - centre[0]) / radii[0]) ** 2 + ((column - centre[1]) / radii[1]) ** 2 < 1)

    units = np.full((spec.rows, spec.columns), -1000.0)
    for region, value in (
        (inside((0, 0), (125, 190)), -90),
        (inside((0, 0), (108, 172)), 45),
        (inside((-5, -82), (88, 66)), -850),
        (inside((-5, 82), (88, 66)), -850),
        (inside((-28, 20), (52, 58)), 40),
        (inside((72, 0), (22, 22)), 280),
        (inside((72, 0), (18, 18)), 150),
        (inside((38, 28), (12, 12)), 42),
        (inside((104, 0), (22, 6)), 300),
        (inside((-96, 0), (7, 20)), 250),
    ):
        units[region] = value
    units += rng.normal(0, 14, units.shape)
    return np.asarray(np.clip(units + 1024, 0, 2 ** min(spec.bits_stored, 12) - 1), np.uint16)


DISTRACTORS: dict[Kind, Callable[[PhantomSpec], Pixels]] = {
    "lateral": lateral,
    "hand": hand,
    "blank": blank,
    "noise": noise,
    "ct_slice": ct_slice,
    "inverted": inverted,
    "rotated": rotated,
}


def _as_lateral(dataset: Dataset) -> None:
    dataset.ViewPosition = "LL"
    dataset.PatientOrientation = ["A", "F"]
    dataset.StudyDescription, dataset.SeriesDescription = "XR CHEST LATERAL", "CHEST LAT"
    if "ViewCodeSequence" in dataset:
        dataset.ViewCodeSequence[0].CodeValue = "399173006"
        dataset.ViewCodeSequence[0].CodeMeaning = "left lateral"


def _as_hand(dataset: Dataset) -> None:
    dataset.BodyPartExamined = "HAND"
    dataset.StudyDescription, dataset.SeriesDescription = "XR HAND", "HAND PA"
    dataset.ViewPosition, dataset.PatientOrientation = "PA", ["R", "H"]
    if "AnatomicRegionSequence" in dataset:
        dataset.ImageLaterality = "L"
        dataset.AnatomicRegionSequence[0] = code_item("85562004", "SCT", "Hand")
    else:
        dataset.Laterality = "L"


def _as_ct(dataset: Dataset) -> None:
    keep = {each.tag for each in dataset if each.tag.group in (0x0008, 0x0010, 0x0020, 0x7FE0)}
    keep |= {
        dataset.data_element(word).tag
        for word in (
            "Rows",
            "Columns",
            "BitsAllocated",
            "BitsStored",
            "HighBit",
            "PixelRepresentation",
            "SamplesPerPixel",
        )
    }
    keep |= {
        dataset.data_element(word).tag
        for word in ("BodyPartExamined", "ProtocolName", "DeviceSerialNumber", "SoftwareVersions", "KVP")
    }
    for tag in [each.tag for each in dataset if each.tag not in keep]:
        del dataset[tag]
    for word in ("AnatomicRegionSequence", "PresentationIntentType", "ImageLaterality", "PatientOrientation"):
        if word in dataset:
            del dataset[word]
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = uid.CTImageStorage
    dataset.Modality, dataset.PhotometricInterpretation = "CT", "MONOCHROME2"
    dataset.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    dataset.StudyDescription, dataset.SeriesDescription = "CT CHEST", "AXIAL"
    dataset.RescaleIntercept, dataset.RescaleSlope = -1024, 1
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = f"{dataset.SeriesInstanceUID[:60]}.1", ""
    dataset.PixelSpacing = [round(500 / dataset.Rows, 4), round(500 / dataset.Columns, 4)]
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [-250, -250, 0], [1, 0, 0, 0, 1, 0]
    dataset.SliceThickness, dataset.PatientPosition = 5, "HFS"
    dataset.WindowCenter, dataset.WindowWidth = 40, 400


_HONEST: dict[Kind, Callable[[Dataset], None]] = {"lateral": _as_lateral, "hand": _as_hand, "ct_slice": _as_ct}
