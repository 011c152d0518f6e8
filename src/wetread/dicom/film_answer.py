"""Translates a `FilmPixels` to plain JSON beside a memory file and back, trusting nothing on the way back: the child may have been taken over.

The memory file holds `stored`, `modality` and, where there is one, `voi_lut`, each where `aligned` has it begin.
"""

import mmap
from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Any

from wetread.dicom.sandbox_answers import aligned, count_of, sealed_size
from wetread.ports.film_pixels import FilmFacts, FilmPixels, Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["film_from_json", "film_to_json"]

_LONGEST, _MOST = 64, 16
_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
_TEXTS = (
    "photometric_interpretation", "voi_lut_explanation", "calibration_type", "calibration_description",
    "burned_in_annotation", "view_position", "image_laterality",
)  # fmt: skip
_FLAGS = ("signed", "inverted", "windows_stated", "lossy")


def film_to_json(film: FilmPixels) -> dict[str, Any]:
    facts = asdict(film.facts)
    return {"facts": facts, "bytes_per_pixel": film.stored.dtype.itemsize, "has_voi_lut": film.voi_lut is not None}


def film_from_json(answer: Any, memory: int) -> FilmPixels:
    """Raises ValueError (KeyError, TypeError) for anything that is not exactly a film of this memory file, which is sealed first."""
    import numpy as np

    facts = _facts(answer["facts"])
    width, entries = answer["bytes_per_pixel"], 1 << facts.bits_stored
    size = sealed_size(memory)
    modality_at = aligned(facts.rows * facts.columns * width)
    lut_at = aligned(modality_at + 4 * entries)
    end = lut_at + 4 * entries if answer["has_voi_lut"] is True else modality_at + 4 * entries
    if width not in (1, 2) or facts.bits_stored > 8 * width or end != size:
        raise ValueError("not a film")
    view = mmap.mmap(memory, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
    pixels = facts.rows * facts.columns
    flat = np.frombuffer(view, np.uint8, pixels) if width == 1 else np.frombuffer(view, np.uint16, pixels)
    modality = _table(np.frombuffer(view, np.float32, entries, modality_at))
    lut = _table(np.frombuffer(view, np.float32, entries, lut_at)) if end > lut_at else None
    if int(flat.max()) >= entries:
        raise ValueError("not a film")
    return FilmPixels(facts, flat.reshape(facts.rows, facts.columns), modality, lut)


def _table(values: "NDArray[np.float32]") -> "NDArray[np.float32]":
    import numpy as np

    if not np.isfinite(values).all():
        raise ValueError("not a table")
    return values


def _facts(data: dict[str, Any]) -> FilmFacts:
    bits, padding = count_of(data["bits_stored"]), data["padding"]
    if bits > 16:
        raise ValueError("not a depth")
    windows = tuple(map(_window, _few(data["windows"])))
    if not windows:
        raise ValueError("no window")
    texts: dict[str, Any] = {name: _text(data[name]) for name in _TEXTS}
    flags: dict[str, Any] = {name: _flag(data[name]) for name in _FLAGS}
    magnification = data["magnification"]
    return FilmFacts(
        rows=count_of(data["rows"]),
        columns=count_of(data["columns"]),
        bits_stored=bits,
        padding=None if padding is None else (_stored(padding[0], bits), _stored(padding[1], bits)),
        windows=windows,
        pixel_spacing_mm=_pair(data["pixel_spacing_mm"]),
        imager_pixel_spacing_mm=_pair(data["imager_pixel_spacing_mm"]),
        magnification=None if magnification is None else _positive(magnification),
        patient_orientation=tuple(_text(each) for each in _few(data["patient_orientation"])),
        **texts,
        **flags,
    )


def _window(data: dict[str, Any]) -> Window:
    center, width, function = data["center"], data["width"], data["function"]
    if type(center) is not float or not isfinite(center) or type(width) is not float or not 0 <= width < 1e12:
        raise ValueError("not a window")
    if function not in _FUNCTIONS:
        raise ValueError("not a window")
    return Window(center, width, function, _text(data["explanation"]))


def _few(values: Any) -> Any:
    if not isinstance(values, list) or len(values) > _MOST:
        raise ValueError("not a short list")
    return values


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > _LONGEST or not value.isprintable():
        raise ValueError("not a text")
    return value


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("not a flag")
    return value


def _stored(value: Any, bits: int) -> int:
    if type(value) is not int or not 0 <= value < 1 << bits:
        raise ValueError("not a stored value")
    return value


def _pair(values: Any) -> tuple[float, float] | None:
    return None if values is None else (_positive(values[0]), _positive(values[1]))


def _positive(value: Any) -> float:
    if type(value) is not float or not 0.0 < value < 1e6:
        raise ValueError("not a length")
    return value
