"""Phantom films with letters burned into them: any text, size, typeface, contrast and place."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import get_data_path
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from wetread.testing.phantom import PhantomPatient, PhantomSpec, render

TYPEFACES = {"sans": "", "serif": "DejaVuSerif.ttf", "mono": "DejaVuSansMono.ttf", "bold": "DejaVuSans-Bold.ttf"}
HEADER = ("PHANTOM HOSPITAL", "Texta, Phantom  F  75 y", "ID 4471-0083", "2026-11-29 02:14")
MARKERS = ("L", "R", "AP", "PA", "AP SUPINE", "PORTABLE", "R  AP", "ERECT", "L  PORTABLE", "TV 12")


@dataclass(frozen=True, slots=True)
class Lettering:
    """`height_px` of the letters; `contrast`, share of the film's range by which they are brighter (darker where negative); upper left corner at column, row."""

    height_px: int
    typeface: str = "sans"
    contrast: float = 1.0
    column: int = 30
    row: int = 24


@cache
def bare_film(seed: int = 3) -> NDArray[np.uint16]:
    """uint16 (1024, 832), a frontal chest without writing."""
    patient = PhantomPatient("Phantom^Text", "PHANTOM-0001", date(1951, 3, 8), "F", 75, 24.0)
    return render(PhantomSpec(patient, rows=1024, columns=832, seed=seed))[0].astype(np.uint16)


def written(lines: tuple[str, ...], how: Lettering, seed: int = 3) -> NDArray[np.uint16]:
    """The bare film with lines of text on it, clipped to its range."""
    film = bare_film(seed)
    mask = Image.new("L", film.shape[::-1])
    for number, line in enumerate(lines):
        place = how.column, how.row + number * round(1.4 * how.height_px)
        ImageDraw.Draw(mask).text(place, line, 255, _face(how))
    top = int(film.max())
    return np.clip(np.rint(film + np.asarray(mask) / 255 * how.contrast * top), 0, top).astype(np.uint16)


def _face(how: Lettering) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    name = TYPEFACES[how.typeface]
    if not name:
        return ImageFont.load_default(how.height_px)
    return ImageFont.truetype(str(Path(get_data_path()) / "fonts/ttf" / name), how.height_px)
