"""The air: cage-shaped lungs cut by the diaphragm domes, as millimetres of lung along the beam.

A dome is a sphere of radius `_DOME_RADIUS_MM`, so the lung vanishes below it as its chord grows: a sharp tangent edge, with the
posterior recess still faintly aerated below, as on a real film.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wetread.testing.phantom.canvas import Canvas, FloatMap, as_map
from wetread.testing.phantom.habitus import Habitus

__all__ = ["SIDES", "Collapse", "Lung", "draw_lung", "lateral_border_mm"]

SIDES: tuple[int, int] = (-1, 1)
"""Column sign of the patient's right (-1, image left) and left (+1)."""

_DOME_RADIUS_MM = 150.0
_ROWS = (-0.001, 0.0, 0.012, 0.035, 0.08, 0.16, 0.32, 0.48, 0.64, 0.80, 1.0, 1.5)
_LATERAL = (0.30, 0.31, 0.42, 0.52, 0.635, 0.745, 0.865, 0.935, 0.975, 0.995, 1.0, 0.98)
_MEDIAL = (0.30, 0.29, 0.21, 0.155, 0.10, 0.02, -0.45, -0.9, -1.0, -1.0, -1.0, -1.0)
_DEPTH = (0.0, 0.05, 0.24, 0.36, 0.50, 0.66, 0.87, 0.97, 1.0, 1.0, 0.98, 0.95)


@dataclass(frozen=True, slots=True)
class Lung:
    """One lung on the canvas: thickness in mm, and per pixel row in mm of the diaphragm (row, column broadcast)."""

    side: int
    thickness_mm: FloatMap
    dome_row_mm: FloatMap


@dataclass(frozen=True, slots=True)
class Collapse:
    """How far a pneumothorax lets the lung retract, in mm at the apex and at the lateral wall.

    `reach` is the fraction of the lung height down to which pleural air comes.
    """

    apex_mm: float
    lateral_mm: float
    reach: float

    def inner_row(self, habitus: Habitus, row_mm: FloatMap) -> FloatMap:
        """The row of the intact lung that now lies at `row_mm`."""
        return as_map(row_mm - self.apex_mm * np.clip(1 - row_mm / habitus.down(0.8 * self.reach), 0, 1))

    def gap(self, habitus: Habitus, row_mm: FloatMap) -> FloatMap:
        """Width in mm of the pleural air at the lateral wall."""
        share = np.interp(row_mm / habitus.down(self.reach), [0, 0.25, 0.6, 0.9, 1], [1.0, 1.0, 0.62, 0.15, 0])
        return as_map(self.lateral_mm * share)

    def border_mm(self, habitus: Habitus, side: int) -> NDArray[np.float64]:
        """The visceral pleural line from the apex downwards, (n, 2) of (row, column) in mm."""
        start = self.apex_mm * (1 - self.apex_mm / (habitus.down(0.8 * self.reach) + self.apex_mm))
        row = np.linspace(start + 0.4, habitus.down(0.93 * self.reach), 160, dtype=np.float32)
        lateral = lateral_border_mm(habitus, self.inner_row(habitus, row)) - self.gap(habitus, row)
        return np.column_stack([row, side * lateral]).astype(np.float64)


def _by_row(habitus: Habitus, row_mm: FloatMap, values: tuple[float, ...]) -> FloatMap:
    fraction = row_mm / habitus.lung_height_mm
    knots = np.linspace(_ROWS[0], _ROWS[-1], 400)
    smooth = np.convolve(np.pad(np.interp(knots, _ROWS, values), 4, mode="edge"), np.hanning(11)[1:-1] / 5, "valid")
    exact = np.interp(fraction, _ROWS, values)
    blend = np.clip(fraction / 0.06, 0, 1)
    return as_map(blend * np.interp(fraction, knots, smooth) + (1 - blend) * exact)


def lateral_border_mm(habitus: Habitus, row_mm: FloatMap) -> FloatMap:
    """Distance in mm from the midline to the inner chest wall at each row."""
    return _by_row(habitus, row_mm, _LATERAL) * np.float32(habitus.cage_half_width_mm)


def draw_lung(habitus: Habitus, canvas: Canvas, side: int, collapse: Collapse | None = None) -> Lung:
    """One lung; `collapse` pulls its apex and lateral border inwards."""
    row, column = canvas.row_mm, canvas.column_mm * np.float32(side)
    inner = row if collapse is None else collapse.inner_row(habitus, row)
    gap = np.float32(0) if collapse is None else collapse.gap(habitus, row)
    lateral = lateral_border_mm(habitus, inner) - gap
    medial = _by_row(habitus, inner, _MEDIAL) * np.float32(habitus.cage_half_width_mm)
    depth = _by_row(habitus, inner, _DEPTH) * np.float32(habitus.cage_half_depth_mm)
    centre, half = (lateral + medial) / 2, np.maximum((lateral - medial) / 2, 0.5)
    inside = np.maximum(0, 1 - np.abs((column - centre) / half) ** 2.4)
    thickness = 2 * depth * np.sqrt(inside) * (inner > 0) * (column > 0)
    dome = _dome(habitus, column, side)
    return Lung(side, _cut(thickness, row - dome), dome)


def _dome(habitus: Habitus, column: FloatMap, side: int) -> FloatMap:
    top = habitus.right_dome if side < 0 else habitus.left_dome
    centre = habitus.out(0.50 if side < 0 else 0.54)
    outwards = np.clip((column - centre) / (habitus.out(1.02) - centre), 0, 1)
    inwards = np.clip((centre - column) / habitus.out(0.5), 0, 1.4)
    fall = (1.04 - top) * (1 - np.sqrt(1 - outwards**2.1)) + 0.055 * inwards**1.8
    return as_map(habitus.lung_height_mm * (top + fall))


def _cut(thickness: FloatMap, below_mm: FloatMap) -> FloatMap:
    below = np.maximum(below_mm, 0)
    tangent = np.maximum(0, thickness - 2 * np.sqrt(2 * _DOME_RADIUS_MM * below))
    recess = 0.16 * thickness * np.exp(-below / 16)
    return as_map(np.where(below_mm <= 0, thickness, np.maximum(tangent, recess)))
