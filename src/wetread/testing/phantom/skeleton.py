"""Bones as hollow tubes: ribs wrapping the cage, clavicles, scapulae, humeri, and a stack of vertebrae."""

import numpy as np

from wetread.testing.phantom.canvas import Canvas, FloatArray, FloatMap, Projection, Tube, as_map, smooth_path
from wetread.testing.phantom.habitus import Habitus
from wetread.testing.phantom.lungs import SIDES

__all__ = ["bone_tube", "draw_skeleton"]

_CORTEX = 0.040
_MARROW = 0.0075
_RIB_SIDE = (0.44, 0.69, 0.815, 0.90, 0.955, 0.985, 1.0, 1.005, 1.0, 0.97, 0.9)
_RIB_DROP = (0.19, 0.255, 0.285, 0.31, 0.33, 0.345, 0.35, 0.345, 0.31, 0.24, 0.15)
_RIB_END = (0.25, 0.30, 0.36, 0.42, 0.48, 0.55, 0.63, 0.72, 0.82, 0.9, 0.9)
_RIB_TURN = (0.84, 0.86, 0.86, 0.86, 0.86, 0.86, 0.85, 0.83, 0.76, 0.58, 0.40)


def draw_skeleton(habitus: Habitus, canvas: Canvas, rng: np.random.Generator) -> FloatMap:
    """Line integral of the bones' attenuation in excess of soft tissue."""
    projection = Projection(canvas)
    for side in SIDES:
        for index in range(len(_RIB_SIDE)):
            projection.add_tube(_rib(habitus, side, index, rng))
        _shoulder(habitus, side, projection, rng)
    _spine_details(habitus, projection)
    bones = projection.to_map() + _vertebrae(habitus, canvas)
    return as_map(bones * np.float32(habitus.bone_density))


def _level_mm(habitus: Habitus, index: float) -> float:
    """Row of the vertebral body of thoracic level index + 1."""
    return habitus.down(-0.035 + 0.0905 * index + 0.0008 * index**2)


def _rib(habitus: Habitus, side: int, index: int, rng: np.random.Generator) -> Tube:
    angle = np.linspace(0.03, _RIB_TURN[index], 90) * np.pi
    lateral = habitus.out(_RIB_SIDE[index]) + 4.5
    near, far = 11.0, habitus.out(_RIB_END[index])
    front = angle > np.pi / 2
    reach = np.where(
        front, far + (lateral - far) * np.sin(angle) ** 0.8, near + (lateral - near) * np.sin(angle) ** 0.85
    )
    drop = habitus.down(_RIB_DROP[index]) * (1 + rng.normal(0, 0.03))
    sink = drop * ((1 - np.cos(angle)) / 2) ** 0.95 - 5.5 * np.sin(np.minimum(angle * 2.4, np.pi)) * (index > 0)
    front_lift = habitus.lordosis * habitus.down(1.0) * (1 - np.cos(angle)) / 2
    row = _level_mm(habitus, index) - 4 + sink - front_lift + rng.normal(0, 1.0)
    depth = -np.cos(angle) * habitus.cage_half_depth_mm * min(1.0, 0.6 + 0.07 * index)
    path = np.column_stack([row, side * reach + depth * np.sin(habitus.rotation_rad), depth])
    slope = np.gradient(path[:, :2], axis=0)
    flat = np.abs(slope[:, 1]) / np.maximum(np.hypot(*slope.T), 1e-9)
    tall = np.interp(angle / np.pi, [0, 0.15, 0.5, 0.75, 1.0], [4.2, 5.6, 6.4, 7.0, 7.4]) * (1.0 if index else 0.9)
    fade = np.clip((angle[-1] - angle) / 0.35, 0.02, 1)
    fade = fade * np.clip((angle - angle[0]) / 0.22, 0.05, 1)
    thick = 3.6 * fade**0.3
    wall = np.interp(angle / np.pi, [0, 0.3, 0.55, 0.85], [1.4, 1.35, 0.95, 0.6]) * fade**0.5 * (1.0 if index else 0.6)
    width, deep = np.hypot(tall * flat, thick * (1 - flat)), np.hypot(thick * flat, tall * 0.8 * (1 - flat))
    return Tube(path, width, deep, np.minimum(wall, 0.45 * thick), _CORTEX, _MARROW)


def bone_tube(
    points: FloatArray,
    radius_mm: FloatArray | float,
    wall_mm: FloatArray | float,
    core: float = _MARROW,
    count: int = 70,
) -> Tube:
    """A round bone with rounded ends through (n, 2) points of (row, column) in mm; radii are spread evenly along it."""
    path = smooth_path(np.column_stack([points, np.zeros(len(points))]), count)
    wide = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, np.size(radius_mm)), np.ravel(radius_mm))
    ends = np.minimum(np.arange(count), np.arange(count)[::-1]) * (np.ptp(path, axis=0).max() / count)
    wide = wide * np.sqrt(np.clip(ends / np.maximum(wide, 1), 0.02, 1))
    return Tube(path, wide, wide, wall_mm, _CORTEX, core)


def _shoulder(habitus: Habitus, side: int, projection: Projection, rng: np.random.Generator) -> None:
    projection.add_tube(_clavicle(habitus, side, rng))
    shift = -22.0 if habitus.ap else 0.0
    turn, raised = habitus.turned(-60), habitus.shoulder_lift_mm

    def place(points: list[tuple[float, float]]) -> FloatArray:
        return np.array(
            [(habitus.down(down) - raised, side * (out * habitus.out(1 / 145) + shift) + turn) for down, out in points]
        )

    lateral = place([(0.17, 166), (0.23, 160), (0.36, 154), (0.5, 148), (0.61, 140), (0.655, 134)])
    medial = place([(0.06, 140), (0.12, 132), (0.24, 128), (0.4, 127), (0.55, 128), (0.645, 132)])
    projection.add_tube(bone_tube(lateral, np.array([5.0, 5.5, 4.5, 3.8, 3.2]), 1.3))
    projection.add_tube(bone_tube(medial, 1.8, 0.7))
    _blade(medial, lateral, projection)
    projection.add_tube(
        bone_tube(
            place([(0.19, 128), (0.14, 145), (0.075, 162), (0.035, 180), (0.045, 196)]),
            np.array([3, 4, 5, 7, 8.0]),
            1.2,
        )
    )
    projection.add_tube(bone_tube(place([(0.13, 160), (0.085, 156), (0.075, 148)]), np.array([6, 5.5, 5.0]), 1.2))
    ring = [(0.155 + 0.075 * np.cos(t), 167 + 5 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 14)]
    projection.add_tube(bone_tube(place(ring), 1.6, 0.0, count=60))
    _humerus(habitus, side, projection, shift)


def _clavicle(habitus: Habitus, side: int, rng: np.random.Generator) -> Tube:
    lift = habitus.down(habitus.lordosis * 1.4) + rng.normal(0, 3)
    out = np.array([13, 22, 45, 75, 105, 135, 158, 176]) * habitus.out(1 / 145)
    down = np.array([0.185, 0.18, 0.150, 0.105, 0.066, 0.045, 0.042, 0.05]) * habitus.down(1.0) - lift
    down -= habitus.shoulder_lift_mm * np.linspace(0, 1, 8)
    points = np.column_stack([down, side * out + habitus.turned(55) * np.linspace(1, 0, 8)])
    return bone_tube(points, np.array([10, 8.5, 6.2, 5.6, 5.6, 6.2, 7.0, 7.5]), 1.35, core=0.0075)


def _blade(medial: FloatArray, lateral: FloatArray, projection: Projection) -> None:
    across = np.linspace(0, 1, 120)
    inner, outer = smooth_path(medial, 360), smooth_path(lateral, 360)
    rows = inner[:, :1] + (outer[:, :1] - inner[:, :1]) * across
    columns = inner[:, 1:] + (outer[:, 1:] - inner[:, 1:]) * across
    area = np.abs(
        np.gradient(rows, axis=0) * np.gradient(columns, axis=1)
        - np.gradient(rows, axis=1) * np.gradient(columns, axis=0)
    )
    projection.add(rows, columns, area * 0.055)


def _humerus(habitus: Habitus, side: int, projection: Projection, shift: float) -> None:
    head_row = habitus.down(0.15) - habitus.shoulder_lift_mm
    head_column = side * (habitus.out(1.0) + 45 + shift * 0.5)
    angle = np.linspace(0, np.pi, 60)
    radius = 23.0 * habitus.out(1 / 145)
    half = np.column_stack([np.full(60, head_row), head_column - radius * np.cos(angle), np.zeros(60)])
    width = radius * np.sin(angle) + 0.6
    projection.add_tube(Tube(half, width, width, 1.0, _CORTEX * 0.7, 0.0048))
    shaft = np.array([(head_row + down, head_column + side * (7 + 0.10 * down)) for down in (-4, 40, 90, 160, 260)])
    projection.add_tube(bone_tube(shaft, np.array([17, 13, 11, 10.5, 11]), np.linspace(0.05, 3.6, 70), core=0.003))


def _spine_details(habitus: Habitus, projection: Projection) -> None:
    behind = habitus.turned(-habitus.cage_half_depth_mm * 0.8)
    for index in range(-2, 14):
        row = _level_mm(habitus, index)
        pitch = habitus.down(0.0905)
        for side in SIDES:
            angle = np.linspace(0, 2 * np.pi, 12)
            ring = np.column_stack(
                [row - 0.18 * pitch + 4.2 * np.cos(angle), side * 10.5 + behind * 0.6 + 2.6 * np.sin(angle)]
            )
            projection.add_tube(bone_tube(ring, 1.1, 0.0, count=40))
            if 0 <= index < 11:
                wing = np.array(
                    [(row - 0.1 * pitch, side * 12 + behind), (row - 0.28 * pitch, side * (30 - index) + behind)]
                )
                projection.add_tube(bone_tube(wing, np.array([4.0, 4.5]), 0.5, count=30))
        thorn = np.array([(row + 0.1 * pitch, behind), (row + 0.75 * pitch, behind)])
        projection.add_tube(bone_tube(thorn, np.array([2.0, 3.2]), 0.9, count=30))


def _vertebrae(habitus: Habitus, canvas: Canvas) -> FloatMap:
    index = np.arange(-5, 17)
    level = np.array([_level_mm(habitus, float(i)) for i in index])
    pitch = np.gradient(level)
    nearest = np.abs(canvas.row_mm - level).argmin(axis=1)
    off = (canvas.row_mm[:, 0] - level[nearest]) / (pitch[nearest] * 0.42)
    half = np.interp(index, [-5, 0, 6, 12, 16], [12.5, 14, 15, 18.5, 20])[nearest] * (
        0.88 + 0.12 * np.minimum(np.abs(off), 1) ** 2
    )
    deep = np.interp(index, [-5, 0, 6, 12], [16, 18, 26, 32])[nearest]
    side = 1 / (1 + np.exp((np.abs(canvas.column_mm) - half[:, None]) / 0.9))
    body = 1 / (1 + np.exp((np.abs(off) - 1) / 0.06))
    plate = np.exp(-(((np.abs(off) - 0.93) / 0.09) ** 2))
    rim = np.exp(-(((np.abs(canvas.column_mm) - half[:, None] + 1.2) / 1.1) ** 2)) * body[:, None]
    along = deep * (0.0030 * body + 0.0032 * plate)
    return as_map(side * along[:, None] + 0.045 * rim)
