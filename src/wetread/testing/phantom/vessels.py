"""Pulmonary vessels: arteries and veins as randomly branching trees from the hila, grown inside the lungs only.

Radii follow Murray's law (r^3 is shared among children); growth stops outside the lung, so no vessel crosses a pleural line.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wetread.testing.phantom.canvas import Canvas, FloatArray, FloatMap, Projection, as_map
from wetread.testing.phantom.habitus import Habitus
from wetread.testing.phantom.lungs import Lung

__all__ = ["draw_vessels", "hilum_mm"]

_SOFT = 0.0215
_STEP_MM = 0.55
_STEPS = 64
_SMALLEST_MM = 0.16
_BRIGHTEST = 0.28


@dataclass(frozen=True, slots=True)
class _Tips:
    place: FloatArray  # (n, 3) row, column, depth in mm
    heading: FloatArray  # (n, 3) unit
    radius: FloatArray  # (n,) mm


def hilum_mm(habitus: Habitus, side: int) -> tuple[float, float]:
    """(row, column) of the hilum; the left one stands about a centimetre higher."""
    return habitus.down(0.475 if side < 0 else 0.435), side * habitus.out(0.235) + habitus.turned(5)


def draw_vessels(habitus: Habitus, canvas: Canvas, lungs: tuple[Lung, Lung], rng: np.random.Generator) -> FloatMap:
    """Line integral of the vessels' attenuation in excess of lung."""
    projection = Projection(canvas)
    for lung in lungs:
        tips = _roots(habitus, lung.side, rng)
        for _ in range(10):
            tips = _grow(tips, habitus, canvas, lung, projection, rng)
            if not len(tips.radius):
                break
    return as_map(_BRIGHTEST * np.tanh(projection.to_map() / _BRIGHTEST))


def _roots(habitus: Habitus, side: int, rng: np.random.Generator) -> _Tips:
    row, column = hilum_mm(habitus, side)
    # degrees below the outward horizontal, radius in mm, start offset (rows)
    plan = [
        (76, 8.0, -6), (64, 5.0, 12), (50, 5.0, 6), (33, 4.2, 4), (12, 3.4, 0), (-20, 3.6, -4), (-48, 4.4, -8), (-66, 5.0, -12),
        (60, 3.8, 26), (24, 3.2, 22), (42, 3.4, 30), (-5, 2.8, 10), (-35, 3.0, -14), (70, 3.2, 34), (55, 2.6, 40), (35, 2.4, 16), (15, 2.4, 8),
        (-10, 2.2, -2), (-28, 2.4, -8), (-55, 2.8, -16), (2, 2.0, 16),
    ]  # fmt: skip
    angle = np.radians([p[0] for p in plan]) + rng.normal(0, 0.12, len(plan))
    tilt = rng.uniform(-0.45, 0.45, len(plan))
    heading = np.column_stack([np.sin(angle), side * np.cos(angle), tilt])
    place = np.column_stack(
        [
            [row + p[2] for p in plan],
            np.full(len(plan), column) + side * rng.uniform(-6, 4, len(plan)),
            np.zeros(len(plan)),
        ]
    )
    return _Tips(
        place,
        heading / np.linalg.norm(heading, axis=1, keepdims=True),
        np.array([p[1] for p in plan]) * rng.uniform(0.85, 1.1, len(plan)),
    )


def _inside(place: FloatArray, canvas: Canvas, lung: Lung) -> NDArray[np.bool_]:
    rows, columns = canvas.shape
    row = np.clip(((place[..., 0] - canvas.top_mm) / canvas.pitch_mm).astype(int), 0, rows - 1)
    column = np.clip(((place[..., 1] - canvas.left_mm) / canvas.pitch_mm).astype(int), 0, columns - 1)
    return np.asarray(np.abs(place[..., 2]) < 0.5 * lung.thickness_mm[row, column] - 2.0)


def _grow(
    tips: _Tips, habitus: Habitus, canvas: Canvas, lung: Lung, projection: Projection, rng: np.random.Generator
) -> _Tips:
    count = len(tips.radius)
    length = np.clip(rng.normal(11.5, 3, count) * tips.radius**0.45, 6, 30)
    t = np.linspace(0, 1, _STEPS)[None, :, None]
    bend = rng.normal(0, 0.2, (count, 1, 3))
    wiggle = rng.normal(0, 0.035, (count, 1, 3)) * np.sin(2 * np.pi * t)
    path = tips.place[:, None] + length[:, None, None] * (tips.heading[:, None] * t + 0.5 * bend * t**2 + wiggle)
    taper = tips.radius[:, None] * (1 - 0.16 * t[..., 0])
    free = (t[..., 0] * length[:, None] < 3) | (tips.radius[:, None] > 2.4)
    alive = np.cumprod(_inside(path, canvas, lung) | free, axis=1).astype(float)
    _lay(path, taper, alive, length, projection)
    keep = alive[:, -1] > 0
    end = path[keep, -1]
    heading = tips.heading[keep] + bend[keep, 0]
    return _split(end, heading, taper[keep, -1], rng)


def _lay(path: FloatArray, radius: FloatArray, alive: FloatArray, length: FloatArray, projection: Projection) -> None:
    step = length / (_STEPS - 1)
    slope = np.gradient(path[..., :2], axis=1)
    norm = np.maximum(np.linalg.norm(slope, axis=2), 1e-6)
    thin = radius.mean(axis=1)
    for low, high, across in ((0, 0.5, 2), (0.5, 1.2, 6), (1.2, 2.6, 12), (2.6, 9, 30)):
        pick = (thin >= low) & (thin < high)
        if not pick.any():
            continue
        q = (np.arange(across) + 0.5) / across * 2 - 1
        offset = radius[pick][..., None] * q
        chord = 2 * radius[pick][..., None] * np.sqrt(1 - q**2)
        area = step[pick, None, None] * 2 * radius[pick][..., None] / across
        normal = slope[pick] / norm[pick][..., None]
        projection.add(
            path[pick][..., :1] - normal[..., 1:2] * offset,
            path[pick][..., 1:2] + normal[..., 0:1] * offset,
            _SOFT * chord * area * alive[pick][..., None],
        )


def _split(place: FloatArray, heading: FloatArray, radius: FloatArray, rng: np.random.Generator) -> _Tips:
    count = len(radius)
    share = rng.uniform(0.5, 0.9, count)
    parts = np.concatenate([share, 1 - share]) ** (1 / 3)
    sway = rng.normal(0, 1, (count, 3))
    heading = heading / np.linalg.norm(heading, axis=1, keepdims=True)
    sway[:, 2] *= 0.5
    sway -= (sway * heading).sum(axis=1, keepdims=True) * heading
    sway /= np.linalg.norm(sway, axis=1, keepdims=True)
    wide = rng.uniform(0.25, 0.6, (count, 1))
    children = np.vstack(
        [heading + sway * wide * (1.1 - share[:, None]), heading - sway * wide * (0.4 + share[:, None])]
    )
    children /= np.linalg.norm(children, axis=1, keepdims=True)
    radii = np.tile(radius, 2) * parts * 0.97
    grow = radii > _SMALLEST_MM
    return _Tips(np.vstack([place, place])[grow], children[grow], radii[grow])
