"""Heart, great vessels, airways and gut gas: the shapes between and below the lungs, as millimetres along the beam."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from wetread.testing.phantom.canvas import Canvas, FloatArray, FloatMap, as_map, noise_field, smooth_path
from wetread.testing.phantom.habitus import Habitus

__all__ = ["Mediastinum", "draw_mediastinum", "heart_outline_mm"]

_HEART = np.array(  # (column in 1/145 of the cage half width, row as a fraction of the lung height), clockwise from the right auricle
    [
        (-22, 0.44), (-33, 0.55), (-41, 0.65), (-43, 0.73), (-38, 0.81), (-24, 0.88), (8, 0.905), (48, 0.925),
        (76, 0.92), (89, 0.88), (89, 0.815), (80, 0.72), (66, 0.63), (51, 0.555), (38, 0.48), (29, 0.40), (22, 0.32),
        (4, 0.25), (-14, 0.27), (-20, 0.35),
    ]
)  # fmt: skip
_HEART_CENTRE = (16.0, 0.69)


@dataclass(frozen=True, slots=True)
class Mediastinum:
    """`vessels_mm` and `heart_mm` displace lung along the beam, `column` is the share of it the spine and its surroundings take.

    `gas_mm` (trachea, bronchi, stomach, bowel) replaces soft tissue.
    """

    vessels_mm: FloatMap
    heart_mm: FloatMap
    column: FloatMap
    gas_mm: FloatMap

    def displace(self, lung_mm: FloatMap) -> FloatMap:
        """The lung that remains: some always stays behind the heart, in the recess and beside the spine."""
        left = np.maximum(lung_mm - self.heart_mm, np.minimum(lung_mm, 25))
        return as_map(np.maximum(left - 1.6 * self.vessels_mm, 0.12 * left) * (1 - self.column))


def heart_outline_mm(habitus: Habitus, count: int = 360) -> FloatArray:
    """Closed silhouette (count, 2) as (row, column) in mm, after rotation of the patient and magnification."""
    closed = np.vstack([_HEART, _HEART[:3]])
    fine = smooth_path(closed.astype(float), count)
    grow = habitus.heart_scale
    anchor = -0.05 if grow > 1.2 else 0.0
    column = habitus.out(1 / 145) * (4 + (fine[:, 0] - 4) * grow) - habitus.out(anchor)
    tall = 0.92 + (fine[:, 1] - 0.92) * (1 + 0.35 * (grow - 1))
    return np.column_stack([habitus.down(1.0) * tall, column + habitus.turned(35)])


def _heart(habitus: Habitus, canvas: Canvas) -> FloatMap:
    outline = heart_outline_mm(habitus)
    row0 = habitus.down(_HEART_CENTRE[1])
    column0 = habitus.out(_HEART_CENTRE[0] / 145) * habitus.heart_scale + habitus.turned(35)
    angle = np.arctan2(outline[:, 0] - row0, outline[:, 1] - column0)
    order = np.argsort(angle)
    radius = np.hypot(outline[:, 0] - row0, outline[:, 1] - column0)[order]
    down, right = canvas.row_mm - np.float32(row0), canvas.column_mm - np.float32(column0)
    edge = np.interp(np.arctan2(down, right), angle[order], radius, period=2 * np.pi)
    reach = np.hypot(down, right) / edge
    thick = 112 * habitus.cage_half_depth_mm / 76 * (1 + 0.25 * (habitus.heart_scale - 1))
    return as_map(thick * np.sqrt(np.maximum(0, 1 - reach**2.2)))


def _column_of(canvas: Canvas, path_mm: list[tuple[float, float]], radius_mm: list[float]) -> FloatMap:
    """A mostly vertical solid tube given by (row, column) points with radii; chord in mm."""
    rows = np.array([p[0] for p in path_mm])
    row = canvas.row_mm[:, 0]
    axis = np.interp(row, rows, [p[1] for p in path_mm])
    radius = np.interp(row, rows, radius_mm)
    smooth = 4 / canvas.pitch_mm
    axis, radius = ndimage.gaussian_filter1d(axis, smooth), ndimage.gaussian_filter1d(radius, smooth)
    ends = np.minimum(row - rows[0], rows[-1] - row)
    radius = radius * np.sqrt(np.clip(ends / 10, 0, 1))
    offset = canvas.column_mm - axis[:, None].astype(np.float32)
    return as_map(2 * np.sqrt(np.maximum(0, radius[:, None].astype(np.float32) ** 2 - offset**2)))


def _ball(canvas: Canvas, row: float, column: float, radii: tuple[float, float, float]) -> FloatMap:
    down, right = (canvas.row_mm - row) / radii[0], (canvas.column_mm - column) / radii[1]
    return as_map(2 * radii[2] * np.sqrt(np.maximum(0, 1 - down**2 - right**2)))


def draw_mediastinum(habitus: Habitus, canvas: Canvas, rng: np.random.Generator) -> Mediastinum:
    """Projects all of it; the heart's rounded edge and the aortic knob come out where lung meets them."""
    d, turn = habitus.down, habitus.turned(15)
    knob = habitus.knob_radius_mm
    unfold = (knob - 15) * 1.2
    arch = d(0.235)
    parts = [
        _column_of(canvas, [(-30, -8), (d(0.12), -19), (d(0.33), -22), (d(0.5), -23)], [13, 13, 12, 13]),
        _column_of(canvas, [(-30, 10), (d(0.1), 17), (arch + 4, 22), (arch + 20, 20)], [13, 11, 9, 10]),
        _column_of(canvas, [(d(0.18), -10), (d(0.3), -17 - unfold / 2), (d(0.48), -14)], [10, 17, 18]),
        _column_of(canvas, [(arch - 4, 19 + unfold), (d(0.5), 17 + unfold), (d(1.1), 8)], [14, 12.5, 11]),
        _ball(canvas, arch, 20 + unfold + turn, (knob * 1.05, knob, 20)),
        _ball(canvas, d(0.385), 26 + turn, (d(0.095), 14, 12)),
    ]
    gas = _airways(habitus, canvas, turn) + _bowel_gas(habitus, canvas, rng)
    return Mediastinum(np.maximum.reduce(parts), _heart(habitus, canvas), _column(habitus, canvas), gas)


def _column(habitus: Habitus, canvas: Canvas) -> FloatMap:
    """Share of the depth taken by spine, oesophagus and fat: soft-edged, waisted where the lungs nearly meet."""
    wide = np.interp(
        canvas.row_mm / habitus.lung_height_mm, [-0.2, 0.05, 0.25, 0.42, 0.7, 1.2], [24, 21, 17, 15, 17, 20]
    )
    behind = habitus.turned(-30)
    beyond = (np.abs(canvas.column_mm - np.float32(behind)) - wide.astype(np.float32)) / 7.0
    return as_map(0.44 - 0.44 * np.tanh(beyond))


def _airways(habitus: Habitus, canvas: Canvas, turn: float) -> FloatMap:
    d = habitus.down
    carina = d(0.36)
    shift = -3.0 + turn * 0.3
    trachea = _column_of(
        canvas, [(-82, 0), (0, shift * 0.5), (carina - 14, shift - 2), (carina + 8, shift - 2)], [8.5, 8.5, 9, 10]
    )
    right = _column_of(
        canvas, [(carina - 8, shift - 4), (carina + 16, shift - 15), (carina + 42, shift - 26)], [6, 6.5, 5]
    )
    left = _column_of(
        canvas, [(carina - 6, shift + 4), (carina + 14, shift + 20), (carina + 32, shift + 38)], [5, 6.5, 4.5]
    )
    return np.maximum(trachea, 0.8 * np.maximum(right, left)).astype(np.float32)


def _bowel_gas(habitus: Habitus, canvas: Canvas, rng: np.random.Generator) -> FloatMap:
    """The stomach bubble under the left dome, with a fluid level when erect, and a few loops below it."""
    top = habitus.down(habitus.left_dome) + rng.uniform(9, 16)
    centre, half = habitus.out(0.45) + rng.normal(0, 6), rng.uniform(22, 38)
    depth = rng.uniform(14, 30)
    bubble = _ball(canvas, top + depth, centre, (depth, half, 22))
    if not habitus.ap:
        bubble = bubble * (canvas.row_mm < top + depth * rng.uniform(0.9, 1.5))
    field = noise_field(rng, canvas, 46, octaves=2)
    zone = np.exp(
        -(((canvas.row_mm - habitus.down(1.28)) / 40) ** 2) - ((canvas.column_mm - habitus.out(0.5)) / 70) ** 2
    )
    loops = np.sqrt(np.maximum(0, field * zone - 0.55)) * 22
    bubble = ndimage.gaussian_filter(bubble, 1.2 / canvas.pitch_mm)
    return as_map(bubble * rng.uniform(0.3, 0.8) + loops * rng.uniform(0.3, 1.0))
