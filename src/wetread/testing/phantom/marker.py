"""Lead letters in the pixels: the side marker, the view, and the word SYNTHETIC on every film (an own 5 x 7 font)."""

import numpy as np

from wetread.testing.phantom.canvas import FloatMap
from wetread.testing.phantom.spec import PhantomSpec

__all__ = ["draw_markers", "text_bitmap"]

_GLYPHS = {
    "A": "01110 10001 10001 11111 10001 10001 10001",
    "C": "01111 10000 10000 10000 10000 10000 01111",
    "E": "11111 10000 10000 11110 10000 10000 11111",
    "H": "10001 10001 10001 11111 10001 10001 10001",
    "I": "01110 00100 00100 00100 00100 00100 01110",
    "L": "10000 10000 10000 10000 10000 10000 11111",
    "N": "10001 11001 11001 10101 10011 10011 10001",
    "P": "11110 10001 10001 11110 10000 10000 10000",
    "R": "11110 10001 10001 11110 10100 10010 10001",
    "S": "01111 10000 10000 01110 00001 00001 11110",
    "T": "11111 00100 00100 00100 00100 00100 00100",
    "Y": "10001 10001 01010 00100 00100 00100 00100",
    " ": "00000 00000 00000 00000 00000 00000 00000",
}


def text_bitmap(text: str, scale: int) -> FloatMap:
    """0/1 float32 bitmap of capital letters, 7 x scale rows; raises KeyError for a letter the font lacks."""
    letters = [np.array([[int(bit) for bit in row] for row in _GLYPHS[letter].split()]) for letter in text]
    line = np.hstack([np.pad(letter, ((0, 0), (0, 1))) for letter in letters])[:, :-1]
    return np.kron(line, np.ones((scale, scale))).astype(np.float32)


def _stamp(film: FloatMap, bitmap: FloatMap, row: int, column: int) -> None:
    """Raises film values to near white where the bitmap is set; in place, clipped to the film."""
    target = film[row : row + bitmap.shape[0], column : column + bitmap.shape[1]]
    lead = bitmap[: target.shape[0], : target.shape[1]] * np.float32(0.96)
    np.maximum(target, lead, out=target)


def draw_markers(film: FloatMap, spec: PhantomSpec, rng: np.random.Generator) -> None:
    """Draws the markers into a 0..1 display-polarity film, in place. Patient's left is on the image right."""
    rows, columns = film.shape
    unit = max(1, round(min(rows, columns) / 300))
    letter = "L" if rng.random() < 0.6 else "R"
    side = text_bitmap(letter, 2 * unit)
    inset, top = round(columns * rng.uniform(0.035, 0.07)), round(rows * rng.uniform(0.03, 0.07))
    column = columns - inset - side.shape[1] if letter == "L" else inset
    _stamp(film, side, top, column)
    if spec.view_position == "AP":
        view = text_bitmap("AP", unit)
        _stamp(film, view, top + side.shape[0] + 3 * unit, column if letter == "R" else columns - inset - view.shape[1])
    word = text_bitmap("SYNTHETIC", max(1, unit))
    margin = max(3, round(min(rows, columns) * 0.012))
    _stamp(film, word, rows - margin - word.shape[0], columns - margin - word.shape[1])
