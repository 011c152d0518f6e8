"""Disease: what each finding does to the air, and where on the canvas it can be seen.

Pneumothorax: Radiopaedia "visceral pleural edge, no markings beyond". Effusion: meniscus, lateral higher than medial. Cardiomegaly is a matter of the
heart's outline and drawn with it; here it only gets its box.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wetread.domain.finding import FindingName
from wetread.testing.phantom.canvas import Canvas, FloatMap, Projection, Tube, noise_field, smooth_path
from wetread.testing.phantom.habitus import Habitus
from wetread.testing.phantom.lungs import Collapse, Lung, draw_lung, lateral_border_mm
from wetread.testing.phantom.mediastinum import heart_outline_mm
from wetread.testing.phantom.spec import Laterality, Pathology

__all__ = ["Air", "Mark", "apply_pathologies"]

_SOFT = 0.0155

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Air:
    """What the lungs hold: `lung_mm` aerated lung per side (right, left), `free_mm` gas in the pleural space, `extra` attenuation lines."""

    lung_mm: tuple[FloatMap, FloatMap]
    free_mm: FloatMap
    extra: FloatMap


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a finding shows: points (n, 2) of (row, column) in mm whose bounding box is the truth."""

    finding: FindingName
    laterality: Laterality
    points_mm: Points


def apply_pathologies(
    air: Air, lungs: tuple[Lung, Lung], pathologies: tuple[Pathology, ...], habitus: Habitus, canvas: Canvas, seed: int
) -> tuple[Air, tuple[Mark, ...]]:
    """Draws every pathology into the air; raises ValueError for one this phantom cannot draw."""
    marks: list[Mark] = []
    for order, pathology in enumerate(pathologies):
        rng = np.random.default_rng([seed, 77, order])
        if pathology.finding is FindingName.CARDIOMEGALY:
            marks.append(Mark(pathology.finding, "", _heart_points(habitus)))
            continue
        if pathology.finding not in _DRAW:
            raise ValueError(f"the phantom cannot draw {pathology.finding}; it draws {sorted(_DRAW)} and cardiomegaly")
        if pathology.laterality not in ("left", "right"):
            raise ValueError(f"{pathology.finding} needs laterality 'left' or 'right'")
        index = 0 if pathology.laterality == "right" else 1
        air, points = _DRAW[pathology.finding](air, lungs[index], index, pathology.severity, habitus, canvas, rng)
        marks.append(Mark(pathology.finding, pathology.laterality, points))
    return air, tuple(marks)


def _heart_points(habitus: Habitus) -> Points:
    outline = heart_outline_mm(habitus)
    return outline[outline[:, 0] > habitus.down(0.42)]


def _with_lung(air: Air, index: int, lung_mm: FloatMap) -> Air:
    pair = (lung_mm, air.lung_mm[1]) if index == 0 else (air.lung_mm[0], lung_mm)
    return replace(air, lung_mm=pair)


def _points_of(mask: NDArray[np.bool_], canvas: Canvas) -> Points:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        raise ValueError("the finding lies outside the lung: a phantom bug, report the spec")
    corner = np.array(
        [[rows[0], columns[0]], [rows[0], columns[-1]], [rows[-1], columns[0]], [rows[-1], columns[-1]]], float
    )
    return np.asarray(corner * canvas.pitch_mm + [canvas.top_mm, canvas.left_mm])


def _pneumothorax(
    air: Air, lung: Lung, index: int, severity: float, habitus: Habitus, canvas: Canvas, rng: np.random.Generator
) -> tuple[Air, Points]:
    apex, lateral = 18 + 50 * severity + rng.uniform(0, 5), 11 + 34 * severity + rng.uniform(0, 3)
    collapse = Collapse(apex, lateral, min(1.0, 0.45 + 0.75 * severity))
    kept = draw_lung(habitus, canvas, lung.side, collapse).thickness_mm / np.maximum(lung.thickness_mm, 1)
    whole = air.lung_mm[index]
    left = (whole * np.minimum(kept, 1)).astype(np.float32)
    freed = whole - left
    border = collapse.border_mm(habitus, lung.side)
    line = Projection(canvas)
    depth = np.interp(np.arange(len(border)), [0, 20, 110, len(border)], [6, 9, 8, 2])
    line.add_tube(Tube(np.column_stack([border, np.zeros(len(border))]), 0.55, depth, 0.0, _SOFT, 0.0))
    crowded = left * np.float32(1 - 0.05 * severity)
    changed = replace(_with_lung(air, index, crowded), free_mm=air.free_mm + freed, extra=air.extra + line.to_map())
    return changed, _points_of(freed > 14, canvas)


def _effusion(
    air: Air, lung: Lung, index: int, severity: float, habitus: Habitus, canvas: Canvas, rng: np.random.Generator
) -> tuple[Air, Points]:
    height = 26 + 105 * severity + rng.uniform(-4, 4)
    outwards = np.clip(canvas.column_mm * lung.side / habitus.out(1.0), 0, 1)
    surface = habitus.down(1.0) - height * (0.52 + 0.48 * outwards**3)
    ripple = noise_field(rng, canvas, 40)[:1] * np.float32(1.5)
    cover = 0.5 + 0.5 * np.tanh((canvas.row_mm - surface - ripple) / (6 + 5 * severity))
    whole = air.lung_mm[index]
    cover = (0.97 * cover).astype(np.float32)
    return _with_lung(air, index, whole * (1 - cover)), _points_of((whole * cover > 6) & (cover > 0.4), canvas)


def _place(
    air: Air, lung: Lung, index: int, margin_mm: float, habitus: Habitus, canvas: Canvas, rng: np.random.Generator
) -> tuple[float, float]:
    """A centre (row, column) in mm well inside aerated lung."""
    row = np.float32(margin_mm) < canvas.row_mm
    border = lateral_border_mm(habitus, np.maximum(canvas.row_mm - margin_mm, 1)) - margin_mm
    fits = row & (canvas.column_mm * lung.side < border) & (canvas.row_mm < lung.dome_row_mm - margin_mm)
    fits &= canvas.column_mm * lung.side > habitus.out(0.28) + margin_mm * 0.5
    fits &= air.lung_mm[index] > 70
    options = np.argwhere(fits)
    if not len(options):
        raise ValueError("no aerated lung is left for this finding; lower the other pathologies' severity")
    pick = options[int(rng.integers(len(options)))] * canvas.pitch_mm
    return float(pick[0] + canvas.top_mm), float(pick[1] + canvas.left_mm)


def _nodule(
    air: Air, lung: Lung, index: int, severity: float, habitus: Habitus, canvas: Canvas, rng: np.random.Generator
) -> tuple[Air, Points]:
    radius = 5.5 + 9 * severity
    row, column = _place(air, lung, index, radius + 4, habitus, canvas, rng)
    down, right = canvas.row_mm - row, canvas.column_mm - column
    angle = np.arctan2(down, right)
    lobes = (
        1
        + 0.06 * np.cos(2 * angle + rng.uniform(0, 6))
        + 0.05 * np.cos(3 * angle + rng.uniform(0, 6))
        + 0.03 * np.cos(5 * angle)
    )
    inside = np.maximum(0, 1 - (np.hypot(down, right) / (radius * lobes)) ** 2)
    solid = (2.3 * radius * inside**0.6).astype(np.float32)
    reach = radius * 1.12
    points = np.array([[row - reach, column - reach], [row + reach, column + reach]])
    return _with_lung(air, index, np.maximum(air.lung_mm[index] - solid, 0)), points


def _consolidation(
    air: Air, lung: Lung, index: int, severity: float, habitus: Habitus, canvas: Canvas, rng: np.random.Generator
) -> tuple[Air, Points]:
    row, column = _place(air, lung, index, 24, habitus, canvas, rng)
    tall, wide = rng.uniform(26, 36) * (0.7 + 0.7 * severity), rng.uniform(24, 34) * (0.7 + 0.7 * severity)
    reach = ((canvas.row_mm - row) / tall) ** 2 + ((canvas.column_mm - column) / wide) ** 2
    patch = np.exp(-(reach**1.4)) * (1 + 0.38 * noise_field(rng, canvas, 30, octaves=4, persistence=0.5)) - 0.10
    cover = 0.78 * np.tanh(np.maximum(patch, 0) * (0.65 + 0.7 * severity)).astype(np.float32)
    whole = air.lung_mm[index]
    changed = _with_lung(air, index, whole * (1 - cover))
    bronchi = _air_bronchogram(row, column, lung.side, tall, canvas, rng) * (cover > 0.25)
    changed = replace(changed, extra=changed.extra - bronchi)
    return changed, _points_of((cover > 0.22) & (whole > 12) & (reach < 3), canvas)


def _air_bronchogram(
    row: float, column: float, side: int, size: float, canvas: Canvas, rng: np.random.Generator
) -> FloatMap:
    tubes = Projection(canvas)
    for _ in range(4):
        sway = rng.uniform(-0.6, 0.6, 3)
        points = [
            (row + (k - 1) * size * 0.5 * sway[0] + 6 * sway[k], column + side * (k - 1) * size * 0.75, 0.0)
            for k in range(3)
        ]
        tubes.add_tube(
            Tube(
                smooth_path(np.array(points), 40), np.linspace(1.6, 0.8, 40), np.linspace(1.6, 0.8, 40), 0.0, 0.02, 0.0
            )
        )
    return tubes.to_map()


_DRAW = {
    FindingName.PNEUMOTHORAX: _pneumothorax,
    FindingName.EFFUSION: _effusion,
    FindingName.NODULE: _nodule,
    FindingName.CONSOLIDATION: _consolidation,
}
