"""Decides whether somebody wrote on the film: lines of letters burned into the pixels, bright, dark or faint.

It finds writing, it does not read it. A side or position marker ("L", "AP", "PORTABLE SUPINE") is writing too, so only more of it than markers have counts. Letters are
small things of one height in a row with clear edges; what a body and its tubes show is not. The film is looked at in steps of at most `_LONGEST_SIDE_PX` samples, at
three scales, in a few milliseconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wetread.domain.analysis import QualityFlag

if TYPE_CHECKING:
    from numpy import bool_, float32, float64, int16, int64, uint8, uint16
    from numpy.typing import NDArray

__all__ = ["TEXT_IN_IMAGE", "Writing", "WrittenLine", "find_writing", "writing_flags", "writing_lines"]

TEXT_IN_IMAGE = "text_in_image"
"""The code of the quality flag that says so."""

_LONGEST_SIDE_PX = 1280
"""Letters of less than about a 180th of the film's long side are not seen."""

_SCALES = (1, 2, 4)
_CELL = (4, 16)
"""Rows and columns in which clear edges are counted; every second row is looked at."""

_EDGES_IN_CELL = 6
_NOISE_MULTIPLE, _SHARE_OF_RANGE = 4.5, 0.008
"""A clear edge is so many times the film's usual step between neighbours, and so much of the film's range."""

_TILE = (32, 64)
"""Rows (of every second) and columns in which what is a usual step is measured."""

_FEWEST_EDGES = 22
"""Along a row through a line of letters that counts: nearly two for each."""

_LOWEST_PX, _HIGHEST_PX = 5, 26
_AROUND = 20
"""Pixels on each side whose mean is what ink stands out from."""

_INK_SHARE = 0.45
_FEWEST_IN_LINE, _EVENNESS = 4, 0.6
_MOST_IN_BAND = 2000
"""Pieces of ink of one band that are looked at: a film full of them would take seconds, and is beyond markers anyway."""

_WORD, _MARKER_LINE, _MARKERS = 6, 13, 22
"""As many letters in one line, or on the whole film in lines of a word at least, and it is more than markers: ribs and wires make lines of four or five."""


_Blob = tuple[int, ...]
"""A piece of ink: row, row stop, column, column stop."""


@dataclass(frozen=True, slots=True)
class Writing:
    """Lines of at least four letters: how many letters each has, about, longest first; empty where there is hardly any."""

    letters: tuple[int, ...]

    @property
    def beyond_markers(self) -> bool:
        """True when it is more than the side and position markers of a film."""
        words = [letters for letters in self.letters if letters >= _WORD]
        return max(words, default=0) >= _MARKER_LINE or sum(words) >= _MARKERS


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """Half-open ranges in pixels, and how many letters stand there, about."""

    row: int
    row_stop: int
    column: int
    column_stop: int
    letters: int = 0

    def times(self, scale: int) -> "WrittenLine":
        rows, columns = (self.row * scale, self.row_stop * scale), (self.column * scale, self.column_stop * scale)
        return WrittenLine(*rows, *columns, self.letters)

    def moved(self, rows: int, columns: int) -> "WrittenLine":
        vertical, horizontal = (
            (self.row + rows, self.row_stop + rows),
            (self.column + columns, self.column_stop + columns),
        )
        return WrittenLine(*vertical, *horizontal, self.letters)

    def same_place(self, other: "WrittenLine") -> bool:
        rows = min(self.row_stop, other.row_stop) - max(self.row, other.row)
        columns = min(self.column_stop, other.column_stop) - max(self.column, other.column)
        return 2 * rows > min(self.row_stop - self.row, other.row_stop - other.row) and columns > 0


def writing_flags(stored: "NDArray[uint8] | NDArray[uint16]") -> tuple[QualityFlag, ...]:
    """`text_in_image` where there is more writing on the film than markers; `stored` as of `ports.decoder`."""
    writing = find_writing(stored)
    if not writing.beyond_markers:
        return ()
    message = (
        f"writing on the film (about {sum(writing.letters)} letters): it was not read and counts for nothing here; "
        "see whether it names a person before the picture leaves"
    )
    return (QualityFlag(TEXT_IN_IMAGE, message),)


def find_writing(stored: "NDArray[uint8] | NDArray[uint16]") -> Writing:
    """`stored` (row, column), any grey scale, either polarity."""
    return Writing(tuple(sorted((line.letters for line in writing_lines(stored)), reverse=True)))


def writing_lines(stored: "NDArray[uint8] | NDArray[uint16]") -> tuple[WrittenLine, ...]:
    """Where the lines are, in pixels of `stored`, as of `find_writing`. Ribs and wires make lines of four or five letters too."""
    import numpy as np

    step = max(1, -(-max(stored.shape) // _LONGEST_SIDE_PX))
    seen = stored[::step, ::step]
    excess_bits = max(0, int(seen.max()).bit_length() - 15)
    film = np.ascontiguousarray(seen >> excess_bits if excess_bits else seen).astype(np.int16)
    lines: list[WrittenLine] = []
    for scale in _SCALES:
        for line in _lines(film[::scale, ::scale]):
            _keep_longer(lines, line.times(scale))
    return tuple(line.times(step) for line in lines)


def _keep_longer(lines: list[WrittenLine], new: WrittenLine) -> None:
    """A line seen at two scales is one: the look that saw more letters counts."""
    rivals = [line for line in lines if line.same_place(new)]
    if all(line.letters < new.letters for line in rivals):
        lines[:] = [line for line in lines if line not in rivals] + [new]


def _lines(film: "NDArray[int16]") -> Iterator[WrittenLine]:
    if min(film.shape) < 2 * _CELL[1]:
        return
    dense, clear, edge = _dense_cells(film)
    cells = _bands(dense)
    if sum(_most_edges(clear, band) for band in cells) < _FEWEST_EDGES:
        return
    bands = [_in_pixels(band, film.shape) for band in cells]
    inks = [_inks(film, band, edge) for band in bands]
    bright, dark = ([list(_rows_of(letters)) for letters in _lettered([ink[side] for ink in inks])] for side in (0, 1))
    for band, *either in zip(bands, bright, dark, strict=True):
        for line in max(either, key=lambda lines: sum(line.letters for line in lines)):
            yield line.moved(band.row, band.column)


def _in_pixels(band: WrittenLine, shape: tuple[int, ...]) -> WrittenLine:
    """A band of cells with what may hang out of it."""
    row, column = max(0, band.row * _CELL[0] - 8), max(0, band.column * _CELL[1] - 48)
    row_stop, column_stop = band.row_stop * _CELL[0] + 8, band.column_stop * _CELL[1] + 48
    return WrittenLine(row, min(shape[0], row_stop), column, min(shape[1], column_stop))


def _dense_cells(film: "NDArray[int16]") -> tuple["NDArray[bool_]", "NDArray[uint8]", float]:
    """Where clear edges stand close together along the rows, by cell; where they are, in every second row; and what counts as one."""
    import numpy as np

    steps = np.diff(film[::2], axis=1)
    np.abs(steps, out=steps)
    spread = float(int(film[::2].max()) - int(film[::2].min()))
    least = max(_SHARE_OF_RANGE * spread, 1.0)
    edges = np.maximum(_NOISE_MULTIPLE * _usual(steps), least)
    limit = np.repeat(np.repeat(edges, _TILE[0], 0), _TILE[1], 1)
    clear = (steps > limit[: steps.shape[0], : steps.shape[1]]).view(np.uint8)
    rows, columns = clear.shape[0] // 2 * 2, clear.shape[1] // _CELL[1] * _CELL[1]
    pairs = clear[0:rows:2, :columns] + clear[1:rows:2, :columns]
    counts = pairs.reshape(rows // 2, -1, _CELL[1]).sum(axis=2, dtype=np.uint8)
    return counts >= _EDGES_IN_CELL, clear, least


def _usual(steps: "NDArray[int16]") -> "NDArray[float64]":
    """Of each tile, the usual step between neighbours there, or on the whole film where that is less: letters themselves make steps."""
    import numpy as np

    padding = [(0, -steps.shape[axis] % _TILE[axis]) for axis in (0, 1)]
    whole = np.pad(steps, padding, mode="edge")[::4, ::2]
    tiles = whole.reshape(whole.shape[0] // (_TILE[0] // 4), _TILE[0] // 4, -1, _TILE[1] // 2)
    each = tiles.swapaxes(1, 2).reshape(*tiles.shape[0:3:2], -1)
    return np.asarray(1.4826 * np.minimum(np.median(each, axis=2), np.median(steps[::4, ::3])), np.float64)


def _most_edges(clear: "NDArray[uint8]", band: WrittenLine) -> int:
    """Of the rows of a band."""
    rows = clear[band.row * _CELL[0] // 2 : band.row_stop * _CELL[0] // 2]
    return int(rows[:, band.column * _CELL[1] : band.column_stop * _CELL[1]].sum(axis=1).max())


def _bands(dense: "NDArray[bool_]") -> list[WrittenLine]:
    """Runs of three dense cells or more, joined with those of the rows above; in cells."""
    import numpy as np

    rows, columns = np.nonzero(dense)
    bands: list[WrittenLine] = []
    for row, first, stop in _runs(rows.tolist(), columns.tolist()):
        for place, band in enumerate(bands):
            if row - band.row_stop <= 1 and first <= band.column_stop + 2 and stop >= band.column - 2:
                bands[place] = WrittenLine(band.row, row + 1, min(band.column, first), max(band.column_stop, stop))
                break
        else:
            bands.append(WrittenLine(row, row + 1, first, stop))
    return bands


def _runs(rows: list[int], columns: list[int]) -> Iterator[tuple[int, int, int]]:
    """(row, column, column stop) of at least three cells, with gaps of up to two; `rows` ascend, and `columns` within one."""
    start = 0
    for at in range(1, len(rows) + 1):
        if at < len(rows) and rows[at] == rows[start] and columns[at] - columns[at - 1] <= 3:
            continue
        if columns[at - 1] - columns[start] >= 2:
            yield rows[start], columns[start], columns[at - 1] + 1
        start = at


def _inks(film: "NDArray[int16]", band: WrittenLine, edge: float) -> tuple["NDArray[bool_]", "NDArray[bool_]"]:
    """What is bright and what is dark against its surroundings, inside a band."""
    import numpy as np

    cut = film[band.row : band.row_stop, band.column : band.column_stop].astype(np.float32)
    cut -= _surroundings(cut)
    low, high = np.percentile(cut, (3, 97))
    return cut > max(edge, _INK_SHARE * high), cut < min(-edge, _INK_SHARE * low)


def _surroundings(cut: "NDArray[float32]") -> "NDArray[float32]":
    """Mean of a square around each pixel, as far as the band reaches."""
    import numpy as np

    sums = np.zeros((cut.shape[0] + 1, cut.shape[1] + 1), np.float64)
    np.cumsum(np.cumsum(cut, axis=0, dtype=np.float64), axis=1, out=sums[1:, 1:])
    rows, columns = (np.arange(size) for size in cut.shape)
    top, bottom = np.maximum(rows - _AROUND, 0), np.minimum(rows + _AROUND + 1, cut.shape[0])
    left, right = np.maximum(columns - _AROUND, 0), np.minimum(columns + _AROUND + 1, cut.shape[1])
    area = (bottom - top)[:, None] * (right - left)
    total = sums[bottom][:, right] - sums[top][:, right] - sums[bottom][:, left] + sums[top][:, left]
    return np.asarray(total / area, np.float32)


def _lettered(inks: "list[NDArray[bool_]]") -> "list[NDArray[int64]]":
    """For each band its 8-connected pieces of ink that may be letters: int64 (piece, 4) of row, row stop, column, column stop, from left to right.

    All bands are looked at as one picture, one below the other.
    """
    import numpy as np

    tops = np.cumsum([0, *(ink.shape[0] + 1 for ink in inks)])
    sheet = np.zeros((int(tops[-1]), max(ink.shape[1] for ink in inks)), np.bool_)
    for top, ink in zip(tops.tolist(), inks, strict=False):
        sheet[top : top + ink.shape[0], : ink.shape[1]] = ink
    boxes = _letters_of(sheet)
    whose = np.searchsorted(tops, boxes[:, 0], "right") - 1
    boxes[:, :2] -= tops[whose][:, None]
    return [boxes[whose == band] for band in range(len(inks))]


def _letters_of(ink: "NDArray[bool_]") -> "NDArray[int64]":
    import numpy as np

    rows, starts, stops = _ink_runs(ink)
    if not len(rows):
        return np.zeros((0, 4), np.int64)
    piece = _pieces(rows, starts, stops, ink.shape[1] + 2)
    count = int(piece.max()) + 1
    boxes = np.zeros((count, 4), np.int64)
    boxes[:, [0, 2]] = ink.size
    np.minimum.at(boxes[:, 0], piece, rows)
    np.maximum.at(boxes[:, 1], piece, rows + 1)
    np.minimum.at(boxes[:, 2], piece, starts)
    np.maximum.at(boxes[:, 3], piece, stops)
    height, width = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]
    pixels = np.bincount(piece, stops - starts, count)
    fit = (height >= _LOWEST_PX) & (height <= _HIGHEST_PX) & (width <= 2.5 * height + 4) & (pixels > _LOWEST_PX)
    return boxes[fit][np.argsort(boxes[fit][:, 2], kind="stable")]


def _ink_runs(ink: "NDArray[bool_]") -> tuple["NDArray[int64]", "NDArray[int64]", "NDArray[int64]"]:
    """(row, column, column stop) of the runs of ink, from the top."""
    import numpy as np

    turns = np.zeros((ink.shape[0], ink.shape[1] + 1), np.bool_)
    turns[:, 1:-1] = ink[:, 1:] != ink[:, :-1]
    turns[:, 0], turns[:, -1] = ink[:, 0], ink[:, -1]
    rows, columns = np.nonzero(turns)
    return rows[::2], columns[::2], columns[1::2]


def _pieces(rows: "NDArray[int64]", starts: "NDArray[int64]", stops: "NDArray[int64]", stride: int) -> "NDArray[int64]":
    """For each run the number of its piece: runs of neighbouring rows that touch, at a corner too, are one."""
    import numpy as np

    above = (rows - 1) * stride
    first = np.searchsorted(rows * stride + stops, above + starts, "left")
    last = np.searchsorted(rows * stride + starts, above + stops, "right")
    touching = np.maximum(last - first, 0)
    below = np.repeat(np.arange(len(rows)), touching)
    up = np.repeat(first, touching) + np.arange(touching.sum()) - np.repeat(np.cumsum(touching) - touching, touching)
    label = np.arange(len(rows))
    while True:
        least = np.minimum(label[below], label[up])
        joined = label.copy()
        np.minimum.at(joined, label[below], least)
        np.minimum.at(joined, label[up], least)
        joined = joined[joined]
        if np.array_equal(joined, label):
            return np.unique(label, return_inverse=True)[1]
        label = joined


def _rows_of(blobs: "NDArray[int64]") -> Iterator[WrittenLine]:
    """Lines among letters: of one height, on one line, close together."""
    highest = sorted(map(tuple, blobs.tolist()))[:_MOST_IN_BAND]
    letters: list[_Blob] = sorted(highest, key=lambda blob: blob[2])
    left = set(letters)
    for tallest in sorted(letters, key=lambda blob: blob[0] - blob[1]):
        if len(left) < _FEWEST_IN_LINE:
            return
        if tallest not in left:
            continue
        line = _along(tallest, [blob for blob in letters if blob in left])
        left.difference_update(line)
        heights = sorted(blob[1] - blob[0] for blob in line)
        middle = heights[len(heights) // 2]
        even = sum(abs(height - middle) <= max(1.5, 0.22 * middle) for height in heights)
        if len(line) >= _FEWEST_IN_LINE and even >= _EVENNESS * len(line):
            yield WrittenLine(tallest[0], tallest[1], line[0][2], line[-1][3], len(line))


def _along(tallest: "_Blob", letters: "list[_Blob]") -> "list[_Blob]":
    """Those on the line of the tallest, left and right of it without a wide gap."""
    height = tallest[1] - tallest[0]
    slack, middle = 0.35 * height, (tallest[0] + tallest[1]) / 2
    level = [
        blob
        for blob in letters
        if blob[0] <= middle <= blob[1]
        and blob[1] - blob[0] >= 0.55 * height
        and tallest[0] - slack <= blob[0]
        and blob[1] <= tallest[1] + slack
    ]
    first = last = level.index(tallest)
    while first and level[first][2] - level[first - 1][3] <= 2.2 * height:
        first -= 1
    while last + 1 < len(level) and level[last + 1][2] - level[last][3] <= 2.2 * height:
        last += 1
    return level[first : last + 1]
