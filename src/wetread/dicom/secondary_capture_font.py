"""Capital letters drawn into pixels: a 5 x 7 bitmap font, so that no viewer setting can hide what a picture says about itself."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["GLYPH_COLUMNS", "GLYPH_ROWS", "draw_text"]

GLYPH_ROWS, GLYPH_COLUMNS = 9, 6
"""Size of one character cell at scale 1, spacing included."""

# Five bytes a glyph, one per column from the left; bit 0 is the top row.
_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,-%:/()+"
_COLUMNS = (
    "7E1111117E 7F49494936 3E41414122 7F4141221C 7F49494941 7F09090901 3E4149497A 7F0808087F 00417F4100 2040413F01 "
    "7F08142241 7F40404040 7F020C027F 7F0408107F 3E4141413E 7F09090906 3E4151215E 7F09192946 4649494931 01017F0101 "
    "3F4040403F 1F2040201F 3F4038403F 6314081463 0708700807 6151494543 3E5149453E 00427F4000 4261514946 2141454B31 "
    "1814127F10 2745454539 3C4A494930 0171090503 3649494936 064949291E 0060600000 0050300000 0808080808 2313086462 "
    "0036360000 2010080402 001C224100 0041221C00 08083E0808"
)
_GLYPHS = dict(zip(_CHARACTERS, map(bytes.fromhex, _COLUMNS.split()), strict=True))


def draw_text(
    pixels: "NDArray[np.uint8]", text: str, row: int, column: int, scale: int, colour: tuple[int, int, int]
) -> None:
    """Write `text` in capitals onto uint8 (row, column, 3) `pixels`, top left at (row, column); what does not fit is cut at the edge.

    Characters without a glyph leave a gap.
    """
    for position, character in enumerate(text.upper()):
        left = column + position * GLYPH_COLUMNS * scale
        for offset, bits in enumerate(_GLYPHS.get(character, b"")):
            for bit in range(7):
                if bits >> bit & 1:
                    top, side = row + bit * scale, left + offset * scale
                    pixels[max(top, 0) : max(top + scale, 0), max(side, 0) : max(side + scale, 0)] = colour
