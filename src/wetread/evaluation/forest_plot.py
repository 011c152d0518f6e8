"""Estimates with their intervals as one inline SVG (a forest plot): a point, a line, the numbers beside it; colours come from the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Row", "forest_plot"]

_WIDTH, _ROW, _TOP = 860, 26, 30
_LEFT, _RIGHT = 330, 700  # where the scale begins and ends


@dataclass(frozen=True, slots=True)
class Row:
    """One estimate and its 95 % interval, None where nothing is claimed; `count` says how many cases. Without `count` it heads a group.

    Source: Lewis & Clarke (2001), BMJ 322:1479.
    """

    label: str
    count: str
    value: float | None = None
    low: float | None = None
    high: float | None = None


def forest_plot(title: str, rows: Sequence[Row], scale: tuple[float, float], marked: float) -> str:
    """SVG text. `scale`: values at the ends of the axis; `marked`: where the dashed line of "nothing" or of comparison stands.

    Source: Lewis & Clarke (2001), BMJ 322:1479.
    """
    height = _TOP + _ROW * len(rows) + 34
    body = "".join(_row(row, _TOP + _ROW * place + _ROW / 2, scale) for place, row in enumerate(rows))
    axis = _axis(scale, marked, _TOP + _ROW * len(rows))
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}" class="forest">'
        f'<text x="0" y="16" class="title">{escape(title)}</text>{axis}{body}</svg>'
    )


def _axis(scale: tuple[float, float], marked: float, bottom: float) -> str:
    low, high = scale
    step = 0.1 if high - low < 0.7 else 0.2
    ticks = [low + step * place for place in range(round((high - low) / step) + 1)]
    lines = "".join(
        f'<line x1="{_at(tick, scale):.1f}" x2="{_at(tick, scale):.1f}" y1="{_TOP}" y2="{bottom}" class="grid"/>'
        f'<text x="{_at(tick, scale):.1f}" y="{bottom + 18}" text-anchor="middle">{tick:.2f}</text>'
        for tick in ticks
    )
    place = _at(marked, scale)
    return f'{lines}<line x1="{place:.1f}" x2="{place:.1f}" y1="{_TOP}" y2="{bottom}" class="marked"/>'


def _row(row: Row, middle: float, scale: tuple[float, float]) -> str:
    text = middle + 4
    if not row.count:
        return f'<text x="0" y="{text}" class="group">{escape(row.label)}</text>'
    named = f'<text x="12" y="{text}">{escape(row.label)}</text><text x="{_LEFT - 14}" y="{text}" text-anchor="end" class="quiet">{escape(row.count)}</text>'
    if row.value is None or row.low is None or row.high is None:
        return f'{named}<text x="{_WIDTH}" y="{text}" text-anchor="end" class="quiet">not estimable</text>'
    left, right = _at(row.low, scale), _at(row.high, scale)
    numbers = f"{row.value:.3f} ({row.low:.3f}-{row.high:.3f})"
    return (
        f'{named}<line x1="{left:.1f}" x2="{right:.1f}" y1="{middle}" y2="{middle}" class="interval"/>'
        f'<circle cx="{_at(row.value, scale):.1f}" cy="{middle}" r="4.5" class="point"/>'
        f'<text x="{_WIDTH}" y="{text}" text-anchor="end">{numbers}</text>'
    )


def _at(value: float, scale: tuple[float, float]) -> float:
    """The place of a value; values beyond the axis stand at its end."""
    share = (value - scale[0]) / (scale[1] - scale[0])
    return _LEFT + (_RIGHT - _LEFT) * min(max(share, 0.0), 1.0)
