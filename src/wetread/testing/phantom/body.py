"""Soft tissue: trunk, neck, arms, breasts and muscle as millimetres along the beam."""

import numpy as np
from scipy import ndimage

from wetread.testing.phantom.canvas import Canvas, FloatMap, as_map, noise_field
from wetread.testing.phantom.habitus import Habitus
from wetread.testing.phantom.lungs import SIDES, lateral_border_mm

__all__ = ["draw_body", "draw_breasts"]


def draw_body(habitus: Habitus, canvas: Canvas, rng: np.random.Generator) -> FloatMap:
    """Thickness in mm of everything inside the skin, air-filled organs included."""
    thickness = np.maximum(_trunk(habitus, canvas), _neck(habitus, canvas))
    for side in SIDES:
        thickness = np.maximum(thickness, _arm(habitus, canvas, side, rng))
    thickness = ndimage.gaussian_filter(thickness, 1.5 / canvas.pitch_mm)
    texture = noise_field(rng, canvas, 45, octaves=4, persistence=0.55)
    thickness += np.minimum(thickness / 60, 1) * texture * np.float32(3.0)
    return as_map(np.maximum(thickness + _muscle(habitus, canvas), 0))


def _trunk(habitus: Habitus, canvas: Canvas) -> FloatMap:
    row, column = canvas.row_mm, np.abs(canvas.column_mm)
    wide = habitus.out(1.0)
    wall = habitus.wall_mm
    lift = habitus.shoulder_lift_mm
    rows = [-70 - lift, -48 - lift, -36 - lift, -18 - lift, -lift, 16 - lift, 32 - lift, 55, 85, 118, 160, 260, 420]
    shoulder = wide + 52
    half = [52, 58, 74, 0.58 * shoulder, 0.76 * shoulder, 0.91 * shoulder, 1.01 * shoulder, shoulder + 12, shoulder + 8]
    half += [wide + 36 + 0.9 * wall, wide + 26 + 0.9 * wall, wide + 16 + 1.1 * wall, wide + 8 + 1.4 * wall]
    depth = (
        np.interp(row + 0.6 * lift, [-70, -20, 20, 70, 130, 420], [0.62, 0.62, 0.76, 0.96, 1.02, 1.02])
        * habitus.body_half_depth_mm
    )
    width = ndimage.gaussian_filter1d(np.interp(row[:, 0], rows, half), 6 / canvas.pitch_mm)[:, None]
    inside = np.maximum(0, 1 - (column / width) ** 5)
    return as_map(2 * depth * np.sqrt(inside))


def _neck(habitus: Habitus, canvas: Canvas) -> FloatMap:
    radius = 56 + 0.4 * habitus.wall_mm
    fade = np.clip((40 - canvas.row_mm) / 40, 0, 1)
    return as_map(2.3 * np.sqrt(np.maximum(0, radius**2 - canvas.column_mm**2)) * fade)


def _arm(habitus: Habitus, canvas: Canvas, side: int, rng: np.random.Generator) -> FloatMap:
    spread = rng.uniform(0.08, 0.2) if habitus.ap else rng.uniform(0.16, 0.34)
    radius = 43 + 0.5 * habitus.wall_mm
    start = habitus.out(1.0) + 42
    axis = start + np.clip(canvas.row_mm - 30, 0, None) * np.float32(spread)
    above = np.maximum(0, habitus.down(0.15) - habitus.shoulder_lift_mm + 8 - canvas.row_mm)
    reach = (canvas.column_mm * np.float32(side) - axis) ** 2 + (above * np.float32(1.1)) ** 2
    return as_map(2.5 * np.sqrt(np.maximum(0, radius**2 - reach)))


def _muscle(habitus: Habitus, canvas: Canvas) -> FloatMap:
    """Pectoral and scapular muscle: a veil over the upper outer lung that ends at the axillary fold."""
    row, column = canvas.row_mm, np.abs(canvas.column_mm)
    border = lateral_border_mm(habitus, np.maximum(row, 1))
    fold = np.float32(habitus.down(0.52)) + (border - column) * np.float32(-0.35)
    veil = 1 / (1 + np.exp((row - fold) / 7)) * np.clip((row + 10) / 60, 0, 1)
    across = np.clip((column - habitus.out(0.2)) / habitus.out(0.6), 0, 1)
    return as_map(veil * across * np.float32(9 if habitus.female else 15))


def draw_breasts(habitus: Habitus, canvas: Canvas, rng: np.random.Generator) -> FloatMap:
    """Thickness in mm added by the breasts; fat and glandular tissue, crisp below, fading above. Zero for men."""
    total = np.zeros(canvas.shape, np.float32)
    if not habitus.female:
        return total
    size = float(np.clip(rng.normal(0.9, 0.12) + 0.018 * (habitus.bmi - 24), 0.6, 1.35))
    sag = habitus.down(0.62) + 18 * size + 0.25 * max(habitus.age_years - 30, 0)
    for side in SIDES:
        centre_row, centre_column = sag + rng.normal(0, 3), habitus.out(0.62) + rng.normal(0, 3)
        down = (canvas.row_mm - centre_row) / np.where(canvas.row_mm > centre_row, 48 * size, 88 * size)
        out = (canvas.column_mm * side - centre_column) / (66 * size)
        rows, columns = (np.flatnonzero(np.abs(axis.ravel()) < 1) for axis in (down, out))
        place = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        down, out = down[place[0]], out[:, place[1]]
        inside = np.maximum(0, 1 - down**2 - np.abs(out) ** 2.3)
        softer = 0.5 + 0.8 / (1 + np.exp(4 * out + 3 * down))
        heavy = 1 / (1 + np.exp(-(down + 0.25) * 4))
        total[place] += (inside**softer * (0.3 + 0.7 * heavy) * 36 * size).astype(np.float32)
    return total
