"""Where the film lies on the patient: pixel size, centring, tilt, collimation; millimetres to stored pixels and back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wetread.domain.analysis import Region
from wetread.testing.phantom.canvas import Canvas, FloatMap
from wetread.testing.phantom.habitus import Habitus, stream
from wetread.testing.phantom.spec import PhantomSpec

__all__ = ["Frame", "collimate", "draw_frame", "pixel_spacing_mm"]

_MAGNIFICATION = 1.08


@dataclass(frozen=True, slots=True)
class Frame:
    """An affine map: pixel (row, column) = matrix @ mm + offset."""

    rows: int
    columns: int
    pixel_mm: float
    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]

    def to_pixels(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) mm to (n, 2) pixel coordinates."""
        return np.asarray(points_mm @ self.matrix.T + self.offset)

    def box(self, points_mm: NDArray[np.float64]) -> Region:
        """The half-open pixel box around the points, clipped to the film."""
        pixels = self.to_pixels(points_mm)
        low, high = np.floor(pixels.min(axis=0)).astype(int), np.ceil(pixels.max(axis=0)).astype(int)
        row, column = (int(np.clip(v, 0, side - 1)) for v, side in zip(low, (self.rows, self.columns), strict=True))
        row_stop, column_stop = (
            int(np.clip(v, 1, side)) for v, side in zip(high, (self.rows, self.columns), strict=True)
        )
        return Region(row, max(row_stop, row + 1), column, max(column_stop, column + 1))

    def resample(self, image: FloatMap, canvas: Canvas) -> FloatMap:
        """The canvas image on the film's pixel grid, bilinear."""
        back = np.linalg.inv(self.matrix)
        offset = (-back @ self.offset - [canvas.top_mm, canvas.left_mm]) / canvas.pitch_mm
        return np.asarray(
            ndimage.affine_transform(
                image, back / canvas.pitch_mm, offset, output_shape=(self.rows, self.columns), order=1, mode="nearest"
            ),
            np.float32,
        )


def _pixel_mm(spec: PhantomSpec, habitus: Habitus) -> float:
    tall = 1.22 * habitus.lung_height_mm + 70
    wide = 2 * habitus.cage_half_width_mm + 50
    return max(tall / spec.rows, wide / spec.columns)


def pixel_spacing_mm(frame: Frame) -> float:
    """Detector pixel pitch (ImagerPixelSpacing): the patient plane is magnified onto it."""
    return round(frame.pixel_mm * _MAGNIFICATION, 4)


def draw_frame(spec: PhantomSpec, habitus: Habitus) -> Frame:
    """Centres the film on the chest, with a technologist's small errors."""
    rng = stream(spec.seed, "framing")
    pixel = _pixel_mm(spec, habitus) * rng.uniform(0.98, 1.05)
    tilt = rng.normal(0, 0.022 if spec.view_position == "AP" else 0.009)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    centre = np.array([habitus.down(0.52) - 2 + rng.normal(0, 5), rng.normal(0, 4)])
    matrix = turn / pixel
    return Frame(
        spec.rows, spec.columns, float(pixel), matrix, np.array([spec.rows / 2, spec.columns / 2]) - matrix @ centre
    )


def collimate(film: FloatMap, spec: PhantomSpec) -> None:
    """On some films, blackens what lies outside a slightly tilted shutter; in place."""
    rng = np.random.default_rng([spec.seed, 31])
    if rng.random() > 0.4:
        return
    edges = rng.uniform(-0.01, 0.035, 4) * np.repeat(film.shape, 2)
    slope = rng.normal(0, 0.006, 4)
    row, column = np.arange(film.shape[0])[:, None], np.arange(film.shape[1])[None, :]
    for edge, tilt, along, across in zip(
        edges, slope, (row, row[::-1], column, column[:, ::-1]), (column, column, row, row), strict=True
    ):
        span = across.max()
        line = edge + tilt * (across - span / 2)
        reach = int(max(0.0, edge + abs(tilt) * span / 2)) + 2
        _shade(film, along, line, reach)


def _shade(film: FloatMap, along: NDArray[np.int64], line: NDArray[np.float64], reach: int) -> None:
    near = np.flatnonzero(along.ravel() < reach)
    if along.shape[1] == 1:
        film[near] *= np.clip(along[near] - line, 0, 1).astype(np.float32)
    else:
        film[:, near] *= np.clip(along[:, near] - line, 0, 1).astype(np.float32)
