"""What lies on a bedside patient: monitoring electrodes with their leads, sometimes a central line. Metal and plastic, drawn as tubes."""

import numpy as np

from wetread.testing.phantom.canvas import Canvas, FloatMap, Projection, Tube, smooth_path
from wetread.testing.phantom.habitus import Habitus

__all__ = ["draw_devices"]

_WIRE = 0.34


def draw_devices(habitus: Habitus, canvas: Canvas, rng: np.random.Generator) -> FloatMap:
    """Line integral of the devices; zero for an erect PA film and for some bedside ones."""
    projection = Projection(canvas)
    if not habitus.ap or rng.random() < 0.3:
        return projection.to_map()
    spots = [(0.12, -0.82), (0.10, 0.80), (0.86, -0.72), (0.80, 0.88)]
    leave = np.array([habitus.down(1.3), habitus.out(rng.choice([-1.3, 1.3]))])
    for down, out in spots[: int(rng.integers(3, 5))]:
        place = np.array([habitus.down(down), habitus.out(out)]) + rng.normal(0, 7, 2)
        _electrode(place, projection)
        projection.add_tube(_lead(place, leave + rng.normal(0, 12, 2), rng))
    if rng.random() < 0.4:
        projection.add_tube(_central_line(habitus, rng))
    return projection.to_map()


def _electrode(place: np.ndarray[tuple[int], np.dtype[np.float64]], projection: Projection) -> None:
    disc = np.column_stack([np.full(20, place[0]), place[1] + np.linspace(-4, 4, 20), np.zeros(20)])
    projection.add_tube(Tube(disc, 4.2 * np.sqrt(1 - np.linspace(-0.98, 0.98, 20) ** 2), 0.7, 0.0, _WIRE, 0.0))


def _lead(
    start: np.ndarray[tuple[int], np.dtype[np.float64]],
    stop: np.ndarray[tuple[int], np.dtype[np.float64]],
    rng: np.random.Generator,
) -> Tube:
    middle = [start + (stop - start) * share + rng.normal(0, 22, 2) for share in (0.3, 0.65)]
    points = np.column_stack([np.vstack([start, *middle, stop]), np.zeros(4)])
    return Tube(smooth_path(points, 140), 0.75, 0.75, 0.0, _WIRE, 0.0)


def _central_line(habitus: Habitus, rng: np.random.Generator) -> Tube:
    tip = habitus.down(0.45 + 0.03 * rng.normal())
    points = [(habitus.down(-0.22), -34, 0), (habitus.down(0.0), -27, 0), (habitus.down(0.2), -20, 0), (tip, -23, 0)]
    return Tube(smooth_path(np.array(points, float), 90), 0.95, 0.95, 0.0, 0.07, 0.0)
