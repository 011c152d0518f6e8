"""Which font shows which letter of a PDF: every one is embedded, and what no font can show is refused, never replaced.

Right-to-left and mark-carrying scripts need an engine that orders and joins their letters; without one they read wrong, so they are refused, too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import bidirectional, category, name, normalize

from wetread.domain.errors import PermanentError

if TYPE_CHECKING:
    from reportlab.pdfbase.ttfonts import TTFont

__all__ = ["Typeface", "Unshowable", "typeface"]

_OURS = (("fontpkg_noto_sans", "files/NotoSans[wdth,wght].ttf"), ("reportlab", "fonts/Vera.ttf"))
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "PDF", "PDI", "FSI"})


class Unshowable(Exception):
    """Letters that no font here shows; `scripts` names whose, never the letters themselves."""

    def __init__(self, letters: Iterable[str]) -> None:
        self.scripts = tuple(sorted({(name(each, "") or "unnamed").split()[0].capitalize() for each in letters}))
        super().__init__(", ".join(self.scripts))


@dataclass(frozen=True, slots=True)
class Typeface:
    """Fonts in the order in which they are asked for a letter."""

    fonts: tuple["TTFont", ...]

    def plain(self, text: str) -> str:
        """One line as it is shown: composed letters, no invisible ones. Raises Unshowable."""
        line = "".join(each for each in normalize("NFC", text) if category(each) != "Cf" or _turns(each))
        if wrong := {each for each in line if _turns(each) or self._font(each) is None}:
            raise Unshowable(wrong)
        return line

    def runs(self, line: str) -> Iterator[tuple[str, str]]:
        """(font name, text) of a line that `plain` gave."""
        for font, letters in groupby(line, lambda each: str(self._shown(each).fontName)):
            yield font, "".join(letters)

    def width(self, line: str, size: float) -> float:
        """In the unit of `size`."""
        return float(sum(self._shown(each).stringWidth(each, size) for each in line))

    def _font(self, letter: str) -> "TTFont | None":
        return next((font for font in self.fonts if ord(letter) in font.face.charToGlyph), None)

    def _shown(self, letter: str) -> "TTFont":
        return self._font(letter) or self.fonts[0]


def _turns(letter: str) -> bool:
    """Needs more than its own glyph at the next place."""
    return bidirectional(letter) in _RIGHT_TO_LEFT or category(letter).startswith("M")


@cache
def typeface(more: tuple[Path, ...] = ()) -> Typeface:
    """Noto Sans (Latin, Greek, Cyrillic), Bitstream Vera (signs that it lacks), then the site's TrueType files. Raises PermanentError 'bad_settings'."""
    ours = (str(files(package).joinpath(place)) for package, place in _OURS)
    return Typeface(tuple(_registered(path) for path in (*ours, *map(str, more))))


def _registered(path: str) -> "TTFont":
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    try:
        font = TTFont(f"F{sha256(path.encode()).hexdigest()[:12]}", path)
    except (TTFError, OSError) as error:
        raise PermanentError(
            f"{Path(path).name} of report_pdf_fonts cannot be used: it must be a TrueType file (.ttf)",
            code="bad_settings",
        ) from error
    registerFont(font)
    return font
