"""Decides what of a film's writing is covered before the film may leave without a name: everything, except markers of side, projection and position that are read as such.

Two looks are joined: `text_in_image` finds lines of letters, faint ones too, and reads none; a reader of letters (`ports.film_text`) tells markers from all else. What neither of them
sees stays on the film.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wetread.domain.errors import UnsuitableImage
from wetread.inference.text_in_image import WrittenLine, writing_lines

if TYPE_CHECKING:
    from numpy import uint8, uint16
    from numpy.typing import NDArray

    from wetread.ports.film_text import FilmTextReader, ReadText

__all__ = ["Cover", "cover_writing", "is_marker"]

_ROUNDS = 5
_WORD = 8
"""Fewer letters in a line may be ribs (no collected film shows a line of eight without writing): they count only beside other writing."""

_NAME = 3
"""Fewer letters and digits that are read may be a side marker read wrong, or a rib: they, too, count only beside other writing."""

_TALLEST = 0.125
"""Of the film's long side: what is read as taller is anatomy."""

_BESIDE, _ABOVE, _ALONG = 2.5, 0.35, 1.5
"""Of a line's height: how near "beside" is, and what is covered above and below, left and right of a line: a reader loses first letters."""

_LONGEST_READ_PX = 1280
_SIDES = "L R LT RT LEFT RIGHT LI RE LINKS RECHTS G D GAUCHE DROITE"
_VIEWS = "AP PA A.P. P.A. AP. PA. LAT LATERAL LL RL LPO RPO LAO RAO OBL OBLIQUE LORDOTIC APICAL DECUB DECUBITUS CXR CHEST THORAX"
_POSITIONS = "SUPINE PRONE ERECT UPRIGHT STANDING SITTING SEMI SEMIERECT SEMI-ERECT SEMIUPRIGHT SEMI-UPRIGHT SITZEND LIEGEND STEHEND"
_HOW = "PORTABLE MOBILE PORT BED BEDSIDE INSP INSP. EXP EXP. INSPIRATION EXPIRATION GRID"
_FIRST_LETTER_LOST = "RECT UPINE PRIGHT ORTABLE ATERAL"
"""As a reader gives them now and then; nobody is called so."""

_MARKERS = frozenset(" ".join((_SIDES, _VIEWS, _POSITIONS, _HOW, _FIRST_LETTER_LOST)).split())
_WORDS = "|".join(re.escape(word) for word in sorted(_MARKERS, key=len, reverse=True) if len(word) > 1)
_JOINED = re.compile(f"[LRDG]?(?:{_WORDS})+")
_JOINED_MEASURE = re.compile(rf"(?:{_WORDS})\d{{1,3}}(?:[.,]\d)?(?:IN|INCH|CM|KV|KVP|MA|MAS)")
_UNMISTAKABLE = tuple(word for word in _MARKERS if len(word) >= 5)
_MEASURES = re.compile(r"(?:\d{1,3}(?:[.,]\d)?)?(?:IN|INCH|CM|KV|KVP|MA|MAS|°|\")|\d{2,3}")
_MOST_WORDS = 4
_LONG = 8


@dataclass(frozen=True, slots=True)
class Cover:
    """Half-open ranges in pixels of what is made black."""

    row: int
    row_stop: int
    column: int
    column_stop: int


def is_marker(text: str) -> bool:
    """True for up to four words that are all of a marker: "L", "AP SUPINE", "APSUPINE", "AP 72in". A bare number is one only beside a word."""
    words = text.upper().replace("/", " ").split()
    plain = [word.strip("()[]:") for word in words]
    named = [_is_named(word) for word in plain]
    return (
        any(named)
        and len(words) <= _MOST_WORDS
        and all(n or _MEASURES.fullmatch(w) for n, w in zip(named, plain, strict=True))
    )


def _is_named(word: str) -> bool:
    """A reader loses spaces: words of a marker in one are one, where a long word or a measure is among them ("LIRE" may be a name). It takes a letter for another: eight and more with one wrong are one."""
    joined = _JOINED.fullmatch(word) and any(each in word for each in _UNMISTAKABLE)
    misread = len(word) >= _LONG and any(_one_wrong(word, each) for each in _MARKERS)
    return word in _MARKERS or bool(joined or _JOINED_MEASURE.fullmatch(word) or misread)


def _one_wrong(word: str, marker: str) -> bool:
    return len(word) == len(marker) and sum(a != b for a, b in zip(word, marker, strict=True)) == 1


def cover_writing(
    stored: "NDArray[uint8] | NDArray[uint16]", reader: "FilmTextReader", *, inverted: bool
) -> tuple["NDArray[Any]", tuple[Cover, ...]]:
    """A copy of `stored` (row, column; unsigned) with its writing covered in what shows as black (`inverted`: the greatest value), and where.

    It is looked at again until nothing more is found; raises UnsuitableImage('writing_left') for a film that does not come to an end.
    """
    black = stored.max() if inverted else stored.min()
    film = stored.copy()
    covers: list[Cover] = []
    for _ in range(_ROUNDS):
        found = _outermost([_within(cover, film.shape) for cover in _to_cover(film, reader)])
        if not found:
            return film, tuple(covers)
        covers += found
        for cover in found:
            film[cover.row : cover.row_stop, cover.column : cover.column_stop] = black
    raise UnsuitableImage("Writing on the film could not all be covered; handle it by hand.", code="writing_left")


def _to_cover(film: "NDArray[Any]", reader: "FilmTextReader") -> list[Cover]:
    read = [each for each in _read(film, reader) if each.row_stop - each.row <= _TALLEST * max(film.shape)]
    markers = [_cover(each) for each in read if is_marker(each.text)]
    found = [(_cover(each), sum(map(str.isalnum, each.text)) >= _NAME) for each in read if not is_marker(each.text)]
    lines = [(_cover(line), line.letters >= _WORD) for line in writing_lines(film)]
    found += [line for line in lines if not any(_meet(line[0], marker) for marker in markers)]
    sure = [cover for cover, certain in found if certain]
    return sure + [cover for cover, certain in found if not certain and any(_beside(cover, each) for each in sure)]


def _read(film: "NDArray[Any]", reader: "FilmTextReader") -> "Iterable[ReadText]":
    """What the reader says of the film's whole range in 8 bits, at most `_LONGEST_READ_PX` long, in pixels of `film`."""
    import numpy as np

    step = max(1, -(-max(film.shape) // _LONGEST_READ_PX))
    rows, columns = (size // step * step for size in film.shape)
    small = film[:rows, :columns].reshape(rows // step, step, columns // step, step).mean(axis=(1, 3), dtype=np.float32)
    low, high = float(small.min()), float(small.max())
    grey = ((small - low) * (255 / max(high - low, 1.0))).astype(np.uint8)
    for each in reader.read(grey):
        yield replace(
            each,
            row=each.row * step,
            row_stop=each.row_stop * step,
            column=each.column * step,
            column_stop=each.column_stop * step,
        )


def _cover(found: "ReadText | WrittenLine") -> Cover:
    return Cover(found.row, found.row_stop, found.column, found.column_stop)


def _within(cover: Cover, shape: tuple[int, ...]) -> Cover:
    height = cover.row_stop - cover.row
    above, along = round(_ABOVE * height) + 1, round(_ALONG * height) + 1
    rows = max(0, cover.row - above), min(shape[0], cover.row_stop + above)
    return Cover(*rows, max(0, cover.column - along), min(shape[1], cover.column_stop + along))


def _outermost(covers: list[Cover]) -> list[Cover]:
    """Without those inside an earlier one: both looks find most lines."""
    kept: list[Cover] = []
    for each in covers:
        if not any(
            other.row <= each.row
            and each.row_stop <= other.row_stop
            and other.column <= each.column
            and each.column_stop <= other.column_stop
            for other in kept
        ):
            kept.append(each)
    return kept


def _meet(one: Cover, other: Cover) -> bool:
    return (
        one.row < other.row_stop
        and other.row < one.row_stop
        and one.column < other.column_stop
        and other.column < one.column_stop
    )


def _beside(one: Cover, other: Cover) -> bool:
    """Within so many heights of the other line, above, below or along it."""
    near = round(_BESIDE * (other.row_stop - other.row))
    return _meet(one, Cover(other.row - near, other.row_stop + near, other.column - near, other.column_stop + near))
