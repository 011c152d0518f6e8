"""The projection plane: millimetres to a grid, and tubes (bone, vessel, airway) projected onto it exactly by splatting.

A tube is cut into elements (along x across); each element's material is its cross-section's chord, so a hollow bone shows
its bright cortical edges and a foreshortened rib its crowding at the chest wall without any special case.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Canvas", "FloatMap", "Projection", "Tube", "as_map", "noise_field", "smooth_path"]

FloatMap = NDArray[np.float32]
FloatArray = NDArray[np.float64]

_STEP_PER_PITCH = 0.8
_SPLINE_DEVIATION = 0.479  # of a cubic B-spline surface over unit white noise: the mean of sum(B^2)


@dataclass(frozen=True, slots=True)
class Canvas:
    """The patient plane: column_mm grows to the patient's left (image right), row_mm downwards from the lung apices."""

    pitch_mm: float = 0.45
    top_mm: float = -82.0
    left_mm: float = -236.0
    height_mm: float = 470.0
    width_mm: float = 472.0

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return round(self.height_mm / self.pitch_mm), round(self.width_mm / self.pitch_mm)

    @property
    def row_mm(self) -> FloatMap:
        """Shape (rows, 1), float32."""
        return (self.top_mm + self.pitch_mm * np.arange(self.shape[0], dtype=np.float32))[:, None]

    @property
    def column_mm(self) -> FloatMap:
        """Shape (1, columns), float32."""
        return (self.left_mm + self.pitch_mm * np.arange(self.shape[1], dtype=np.float32))[None, :]

    @property
    def chest(self) -> NDArray[np.bool_]:
        """Where the chest itself lies, by which an exposure is judged."""
        return np.asarray((self.row_mm > 10) & (self.row_mm < 300) & (np.abs(self.column_mm) < 140))


@dataclass(frozen=True, slots=True)
class Tube:
    """A bent tube. `path_mm` (n, 3) is (row, column, depth); the rest broadcast to n.

    `half_width_mm` lies in the projection plane, `half_depth_mm` along the beam; `wall_mm` 0 means solid. `shell` and `core` are
    attenuation per mm of wall and of content.
    """

    path_mm: FloatArray
    half_width_mm: FloatArray | float
    half_depth_mm: FloatArray | float
    wall_mm: FloatArray | float
    shell: float
    core: float


def as_map(values: ArrayLike) -> FloatMap:
    """The values as a float32 map."""
    return np.asarray(values, np.float32)


def smooth_path(points: FloatArray, count: int = 80) -> FloatArray:
    """(n, d) control points to (count, d) samples of a Catmull-Rom curve through them (any d)."""
    knots = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    where = np.linspace(0, len(points) - 1 - 1e-9, count)
    index = where.astype(int)
    t = (where - index)[:, None]
    before, start, stop, after = (knots[index + k] for k in range(4))
    bend = (2 * before - 5 * start + 4 * stop - after) * t**2 + (3 * start - before - 3 * stop + after) * t**3
    return np.asarray(start + 0.5 * ((stop - before) * t + bend))


def noise_field(
    rng: np.random.Generator, canvas: Canvas, grain_mm: float, octaves: int = 1, persistence: float = 0.5
) -> FloatMap:
    """Smooth unit-variance noise over the canvas; `grain_mm` is the coarsest grain, each further octave halves it."""
    total = np.zeros(canvas.shape, np.float32)
    for octave in range(octaves):
        down, right = (_spline_basis(side, grain_mm / 2**octave / canvas.pitch_mm) for side in canvas.shape)
        seeds = rng.standard_normal((down.shape[1], right.shape[1]), dtype=np.float32)
        total += (np.float32(persistence**octave) * down @ seeds) @ right.T
    spread = _SPLINE_DEVIATION * np.sqrt(sum(persistence ** (2 * octave) for octave in range(octaves)))
    return total / np.float32(spread)


@lru_cache(maxsize=64)
def _spline_basis(size: int, grain_px: float) -> FloatMap:
    """(size, cells) cubic B-spline weights: noise on a coarse grid times two of these is smooth noise on the fine one."""
    cells = int(np.ceil(size / grain_px)) + 4
    reach = np.abs(np.arange(size)[:, None] / grain_px - (np.arange(cells) - 1.5))
    near = 2 / 3 - reach**2 + reach**3 / 2
    return as_map(np.where(reach < 1, near, np.maximum(0, 2 - reach) ** 3 / 6))


class Projection:
    """Collects material elements and lays them on the canvas in one pass."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._elements: list[tuple[FloatArray, FloatArray, FloatArray]] = []

    def add(self, row_mm: FloatArray, column_mm: FloatArray, amount: FloatArray) -> None:
        """Point-like amounts (attenuation x mm^2) of any equal shape."""
        self._elements.append((row_mm.ravel(), column_mm.ravel(), amount.ravel()))

    def add_tube(self, tube: Tube) -> None:
        """Adds a tube's chord-exact projection."""
        step_mm = self._canvas.pitch_mm * _STEP_PER_PITCH
        along = _resample(tube, step_mm)
        across = max(2, int(np.ceil(2 * float(along.half_width.max()) / step_mm)))
        q = (np.arange(across) + 0.5) / across * 2 - 1
        outer, inner = _chords(along, q[None, :])
        density = tube.shell * (outer - inner) + tube.core * inner
        offset = along.half_width[:, None] * q
        area = along.length_mm[:, None] * (2 * along.half_width[:, None] / across)
        self.add(
            along.row[:, None] + along.normal_row[:, None] * offset,
            along.column[:, None] + along.normal_column[:, None] * offset,
            density * area,
        )

    def to_map(self) -> FloatMap:
        """The canvas of line integrals, shape (rows, columns) float32; elements outside it are dropped."""
        rows, columns = self._canvas.shape
        total = np.zeros(rows * columns)
        if self._elements:
            row, column, amount = (np.concatenate(parts) for parts in zip(*self._elements, strict=True))
            row = (row - self._canvas.top_mm) / self._canvas.pitch_mm
            column = (column - self._canvas.left_mm) / self._canvas.pitch_mm
            keep = (row >= 0) & (column >= 0) & (row < rows - 1) & (column < columns - 1)
            row, column, amount = row[keep], column[keep], amount[keep]
            total = _bilinear(row, column, amount, columns, total.size)
        return as_map(total.reshape(rows, columns) / self._canvas.pitch_mm**2)


def _bilinear(row: FloatArray, column: FloatArray, amount: FloatArray, columns: int, size: int) -> FloatArray:
    base_row, base_column = row.astype(np.int64), column.astype(np.int64)
    down, right = row - base_row, column - base_column
    index = base_row * columns + base_column
    total = np.bincount(index, amount * (1 - down) * (1 - right), size)
    total += np.bincount(index + 1, amount * (1 - down) * right, size)
    total += np.bincount(index + columns, amount * down * (1 - right), size)
    total += np.bincount(index + columns + 1, amount * down * right, size)
    return np.asarray(total)


@dataclass(frozen=True, slots=True)
class _Along:
    row: FloatArray
    column: FloatArray
    normal_row: FloatArray
    normal_column: FloatArray
    length_mm: FloatArray
    half_width: FloatArray
    half_depth: FloatArray
    wall: FloatArray


def _resample(tube: Tube, step_mm: float) -> _Along:
    path = tube.path_mm
    plane = np.hypot(*np.diff(path[:, :2], axis=0).T)
    distance = np.concatenate([[0.0], np.cumsum(plane)])
    solid = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    count = max(3, int(np.ceil(distance[-1] / step_mm)))
    edges = np.linspace(0, distance[-1], count + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    row, column = (np.interp(middle, distance, path[:, k]) for k in (0, 1))
    slope_row, slope_column = np.gradient(row), np.gradient(column)
    norm = np.maximum(np.hypot(slope_row, slope_column), 1e-9)
    width, depth, wall = (
        np.interp(middle, distance, np.broadcast_to(np.asarray(value, float), len(path)))
        for value in (tube.half_width_mm, tube.half_depth_mm, tube.wall_mm)
    )
    length = np.diff(np.interp(edges, distance, solid))
    return _Along(row, column, -slope_column / norm, slope_row / norm, length, width, depth, wall)


def _chords(along: _Along, q: FloatArray) -> tuple[FloatArray, FloatArray]:
    outer = 2 * along.half_depth[:, None] * np.sqrt(np.maximum(0, 1 - q**2))
    wall = along.wall[:, None]
    width, depth = along.half_width[:, None] - wall, along.half_depth[:, None] - wall
    hollow = (wall > 0) & (width > 0) & (depth > 0)
    reach = q * along.half_width[:, None] / np.where(hollow, width, 1)
    inner = np.where(hollow, 2 * depth * np.sqrt(np.maximum(0, 1 - reach**2)), 0)
    return outer, np.minimum(inner, outer)
