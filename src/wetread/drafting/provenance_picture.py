"""The graph of a study as one self-contained SVG picture (SVG 1.1; no script, no style sheet, no address): it opens under the strictest content security policy.

Laid out in five columns, each stacked from the top; sources and findings stand in the order in which sentences cite them, so that arrows seldom cross.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from wetread.drafting.provenance import Arrow, Column, Node, Provenance

__all__ = ["draw"]

_WIDTHS = {Column.SOURCE: 230, Column.READING: 250, Column.SENTENCE: 430, Column.REPORT: 280, Column.DELIVERY: 230}
_TITLES = {
    Column.SOURCE: "Came in",
    Column.READING: "Was read",
    Column.SENTENCE: "Was drafted",
    Column.REPORT: "Was signed",
    Column.DELIVERY: "Was delivered",
}
_COLOURS = {"record": "#8fa3b8", "ai": "#b9a3ff", "rule": "#7fd4e6", "person": "#8fd694"}
_MAKERS = {
    "record": "came from outside",
    "ai": "said by the model",
    "rule": "written by a rule or composer",
    "person": "written or signed by a person",
}
_GAP_X, _GAP_Y, _PAD, _MARGIN = 84, 14, 10, 28
_TITLE_PX, _LINE_PX, _LEADING = 14, 12, 17
_EM = 0.56
"""Mean width of a character of a sans serif face, in its size; boxes are filled with a little room to spare."""


@dataclass(frozen=True, slots=True)
class _Box:
    """A node with its place (pixels) and its lines broken to its width."""

    node: Node
    x: int
    y: int
    width: int
    title: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def height(self) -> int:
        return 2 * _PAD + _LEADING * (len(self.title) + len(self.lines))


def draw(provenance: Provenance) -> str:
    """The picture, as text of an SVG document with a title and a description for those who cannot see it."""
    top = _MARGIN + _LEADING * (len(provenance.heading) + 2) + 24
    boxes = _placed(provenance, top)
    width = 2 * _MARGIN + sum(_WIDTHS.values()) + _GAP_X * (len(Column) - 1)
    height = max([box.y + box.height for box in boxes.values()], default=top) + 64
    parts = [
        *_head(provenance, width),
        *(_column_title(column, top) for column in Column),
        *(_arrow(each, boxes) for each in provenance.arrows),
        *(_box(each) for each in boxes.values()),
        *_legend(height),
    ]
    described = f"{len(provenance.nodes)} things and {len(provenance.arrows)} arrows: {_in_words(provenance)}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" font-family="system-ui, sans-serif">',
            f"<title>{_safe(provenance.heading[0])}</title><desc>{_safe(described)}</desc>",
            f'<rect width="{width}" height="{height}" fill="#0b0e12"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _placed(provenance: Provenance, top: int) -> dict[str, _Box]:
    """Sources that sentences cite past the model stand below what was read, so that their arrows run under it and not behind it."""
    columns = {column: _in_order(provenance, column) for column in Column}
    boxes = [box for column in Column if column is not Column.SOURCE for box in _stack(columns[column], column, top)]
    below = max([box.y + box.height for box in boxes if box.x == _left(Column.READING)], default=top)
    film = [each for each in columns[Column.SOURCE] if each.key == "film"]
    others = [each for each in columns[Column.SOURCE] if each.key != "film"]
    boxes += _stack(film, Column.SOURCE, top) + _stack(others, Column.SOURCE, below if film else top)
    return {box.node.key: box for box in boxes}


def _left(column: Column) -> int:
    return _MARGIN + sum(_WIDTHS[each] + _GAP_X for each in Column if each < column)


def _in_order(provenance: Provenance, column: Column) -> list[Node]:
    """Of the first two columns, what sentences cite first stands first; a report's own words stand after the draft."""
    nodes = [each for each in provenance.nodes if each.column is column]
    if column not in (Column.SOURCE, Column.READING):
        return nodes
    cited = [each.source for each in provenance.arrows if each.target.startswith("sentence:")]
    first = {key: n for n, key in reversed(list(enumerate(cited)))}
    start = {"film": -2, "analysis": -1}
    return sorted(nodes, key=lambda node: start.get(node.key, first.get(node.key, len(cited))))


def _stack(nodes: Sequence[Node], column: Column, top: int) -> list[_Box]:
    boxes, y = [], top + 18
    for node in nodes:
        room = _WIDTHS[column] - 2 * _PAD
        title = _broken(node.title, room, _TITLE_PX)
        lines = tuple(part for line in node.lines for part in _broken(line, room, _LINE_PX))
        boxes.append(_Box(node, _left(column), y, _WIDTHS[column], title, lines))
        y += boxes[-1].height + _GAP_Y
    return boxes


def _broken(text: str, room_px: int, size_px: int) -> tuple[str, ...]:
    """Lines that fit; at most eight, the last one cut with an ellipsis."""
    return tuple(textwrap.wrap(text, int(room_px / (size_px * _EM)), max_lines=8, placeholder=" …")) or ("",)


def _head(provenance: Provenance, width: int) -> list[str]:
    parts, y = [], _MARGIN + 4
    for n, line in enumerate(provenance.heading):
        (shown,) = _broken(line, width - 2 * _MARGIN, 15)[:1]
        parts.append(_text(_MARGIN, y, shown, 18 if n == 0 else 13, "#eef2f6" if n == 0 else "#b4bdc9", bold=n == 0))
        y += _LEADING + 4
    return [*parts, _text(_MARGIN, y, provenance.notice, 13, "#f0c97a")]


def _column_title(column: Column, top: int) -> str:
    return _text(_left(column), top, _TITLES[column].upper(), 12, "#8a96a3", bold=True)


def _arrow(arrow: Arrow, boxes: dict[str, _Box]) -> str:
    """From right edge to left edge: straight past the columns between, then bent. Within one column (the analysis and its findings) a bracket along the left."""
    source, target = boxes[arrow.source], boxes[arrow.target]
    start_y, end_y = source.y + source.height // 2, target.y + target.height // 2
    colour = _COLOURS[source.node.maker]
    if source.x == target.x:
        x, bend = source.x, source.x - 22
        path = f"M{x},{start_y} C{bend},{start_y} {bend},{end_y} {x},{end_y}"
    else:
        left, right = source.x + source.width, target.x
        straight, middle = max(left, right - _GAP_X), right - _GAP_X // 2
        path = f"M{left},{start_y} H{straight} C{middle},{start_y} {middle},{end_y} {right},{end_y}"
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-opacity="0.55" stroke-width="1.6"/>'


def _box(box: _Box) -> str:
    colour = _COLOURS[box.node.maker]
    x, y = box.x + _PAD, box.y + _PAD + _TITLE_PX - 2
    texts = [_text(x, y + n * _LEADING, line, _TITLE_PX, "#eef2f6") for n, line in enumerate(box.title)]
    y += len(box.title) * _LEADING
    texts += [_text(x, y + n * _LEADING, line, _LINE_PX, "#a7b2bf") for n, line in enumerate(box.lines)]
    frame = f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="6" fill="#141920" stroke="{colour}" stroke-opacity="0.7"/>'
    edge = f'<rect x="{box.x}" y="{box.y}" width="4" height="{box.height}" rx="2" fill="{colour}"/>'
    return "\n".join([frame, edge, *texts])


def _legend(height: int) -> list[str]:
    parts, x, y = [], _MARGIN, height - 22
    for maker, words in _MAKERS.items():
        parts.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" rx="2" fill="{_COLOURS[maker]}"/>')
        parts.append(_text(x + 18, y, words, 12, "#a7b2bf"))
        x += 40 + int(len(words) * 12 * _EM)
    return parts


def _in_words(provenance: Provenance) -> str:
    titles = {each.key: each.title for each in provenance.nodes}
    return "; ".join(f"{titles[each.source]} to {titles[each.target]}" for each in provenance.arrows)


def _text(x: int, y: int, words: str, size_px: int, colour: str, *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size_px}" fill="{colour}"{weight}>{_safe(words)}</text>'


def _safe(words: str) -> str:
    """Escaped, and without the control characters that XML 1.0 does not allow."""
    return escape("".join(each if each.isprintable() else " " for each in words))
