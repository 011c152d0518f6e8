"""Where a class-activation map counts as hot: one rule for the box, the side and the segment made of it."""

from collections.abc import Sequence
from statistics import median

__all__ = ["hot_cells", "hot_from"]

_HOT_FRACTION = 0.5
"""A cell is hot when it holds at least this fraction of the map's peak above its median (0 = median, 1 = peak)."""


def hot_from(low: float, peak: float) -> float:
    """The value from which a cell of a map with this median and peak is hot."""
    return low + _HOT_FRACTION * (peak - low)


def hot_cells(cam: Sequence[Sequence[float]]) -> frozenset[tuple[int, int]]:
    """(row, column) of the 4-connected hot cells that hold the peak. The grid is a few dozen cells, so a plain walk is enough."""
    cells = [(value, (row, column)) for row, line in enumerate(cam) for column, value in enumerate(line)]
    values = [value for value, _ in cells]
    peak = max(values)
    threshold = hot_from(float(median(values)), peak)
    hot = {place for value, place in cells if value >= threshold}
    member: set[tuple[int, int]] = set()
    todo = [next(place for value, place in cells if value == peak)]
    while todo:
        row, column = place = todo.pop()
        if place in hot and place not in member:
            member.add(place)
            todo += [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    return frozenset(member)
