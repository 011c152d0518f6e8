"""Decides what grey each stored value is shown as: one table for modality LUT, VOI LUT or window, presentation and padding (PS3.4 §N.2, PS3.3 §C.11).

Where a film has no window: up to 8 bits are shown as they are (its maker windowed it); more are stretched between the 0.1 and 99.9 percentile of its pixels,
so that one hot pixel or burnt-in marker cannot darken the film and nothing larger than a thousandth of it is lost.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wetread.dicom.header import decimals_of, number_of, term_of
from wetread.dicom.part10 import DataSet, Element
from wetread.domain.errors import UnsuitableImage
from wetread.ports.film_pixels import Window

__all__ = ["GREYSCALE_ITEMS", "GREYSCALE_TAGS", "ViewerTables", "display_table", "viewer_tables", "window"]

_PADDING, _PADDING_LIMIT = 0x00280120, 0x00280121
_CENTER, _WIDTH, _INTERCEPT, _SLOPE, _FUNCTION = 0x00281050, 0x00281051, 0x00281052, 0x00281053, 0x00281056
_MODALITY_LUT, _VOI_LUT = 0x00283000, 0x00283010
_LUT_DESCRIPTOR, _LUT_DATA = 0x00283002, 0x00283006
GREYSCALE_TAGS = frozenset({_PADDING, _PADDING_LIMIT, _CENTER, _WIDTH, _INTERCEPT, _SLOPE, _FUNCTION})
GREYSCALE_ITEMS = frozenset({_MODALITY_LUT, _VOI_LUT})
_STRETCH = (0.001, 0.999)

_Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ViewerTables:
    """As of `ports.film_pixels`; `stretch` is the window that `display_table` uses where the file has none."""

    modality: NDArray[np.float32]
    voi_lut: NDArray[np.float32] | None
    stretch: Window
    padding: tuple[int, int] | None


def viewer_tables(data_set: DataSet, stored: NDArray[Any], *, bits_stored: int, signed: bool) -> ViewerTables:
    """What `display_table` puts into one table, each part by itself. Raises UnsuitableImage('bad_lut')."""
    values = _values(bits_stored, signed)
    padded = _padding(data_set, values, signed)
    modality = _modality(data_set, values, signed)
    low, high = _ends(modality) if bits_stored <= 8 else _stretch_ends(modality, stored, padded)
    lut = _voi_lut(data_set, modality)
    at = np.flatnonzero(padded)
    return ViewerTables(
        modality.astype(np.float32),
        None if lut is None else np.clip(lut, 0.0, 1.0).astype(np.float32),
        Window((low + high) / 2, high - low, "LINEAR_EXACT", ""),
        (int(at[0]), int(at[-1])) if len(at) else None,
    )


def display_table(
    data_set: DataSet,
    stored: NDArray[Any],
    *,
    bits_stored: int,
    signed: bool,
    inverted: bool,
    chosen: Window | None = None,
) -> NDArray[np.float32]:
    """float32 (2**bits_stored,), 0 black .. 1 white, for `stored` (row, column) shifted so that its smallest possible value is 0.

    `inverted` is whether the greatest value is black (MONOCHROME1, or presentation LUT shape INVERSE); `chosen` stands in for the file's own VOI LUT and window. Raises UnsuitableImage('bad_lut').
    """
    values = _values(bits_stored, signed)
    padded = _padding(data_set, values, signed)
    modality = _modality(data_set, values, signed)
    shown = (
        _voi(data_set, modality) if chosen is None else window(modality, chosen.center, chosen.width, chosen.function)
    )
    if shown is None:
        shown = _ramp(modality) if bits_stored <= 8 else _stretched(modality, stored, padded)
    shown = np.clip(1.0 - shown if inverted else shown, 0.0, 1.0)
    shown[padded] = 0.0
    return shown.astype(np.float32)


def window(values: _Values, center: float, width: float, function: str) -> _Values:
    """PS3.3 §C.11.2.1.2: `values` through LINEAR, LINEAR_EXACT or SIGMOID to 0..1."""
    if function == "SIGMOID":
        return np.asarray(1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - center) / width, -700.0, 700.0))))
    if function == "LINEAR_EXACT":
        return np.clip((values - center) / width + 0.5, 0.0, 1.0)
    if width <= 1.0:
        return (values > center - 0.5).astype(np.float64)
    return np.clip((values - (center - 0.5)) / (width - 1.0) + 0.5, 0.0, 1.0)


def _values(bits_stored: int, signed: bool) -> _Values:
    """What the stored values mean before the modality LUT, the smallest first."""
    return np.arange(1 << bits_stored, dtype=np.float64) - (1 << bits_stored - 1 if signed else 0)


def _padding(data_set: DataSet, values: _Values, signed: bool) -> NDArray[np.bool_]:
    first = number_of(data_set.values.get(_PADDING), signed=signed)
    if first is None:
        return np.zeros(values.shape, np.bool_)
    last = number_of(data_set.values.get(_PADDING_LIMIT), signed=signed)
    ends = [_as_signed(end) if signed else end for end in (first, first if last is None else last)]
    return np.asarray((values >= min(ends)) & (values <= max(ends)))


def _as_signed(value: int) -> int:
    return value - 0x10000 if value > 0x7FFF else value


def _modality(data_set: DataSet, values: _Values, signed: bool) -> _Values:
    items = data_set.first_items.get(_MODALITY_LUT)
    if items:
        return _lut(items, signed)(values)
    slope = decimals_of(data_set.values.get(_SLOPE)) or (1.0,)
    intercept = decimals_of(data_set.values.get(_INTERCEPT)) or (0.0,)
    if slope[0] == 0.0 or max(abs(slope[0]), abs(intercept[0])) > 1e9:
        raise UnsuitableImage("The rescale slope or intercept cannot be right.", code="bad_lut")
    return values * slope[0] + intercept[0]


def _voi(data_set: DataSet, modality: _Values) -> _Values | None:
    """Through the first VOI LUT, else the first window; None where there is neither."""
    table = _voi_lut(data_set, modality)
    if table is not None:
        return table
    center = decimals_of(data_set.values.get(_CENTER))
    width = decimals_of(data_set.values.get(_WIDTH))
    if not center or not width or width[0] <= 0.0:
        return None
    return window(modality, center[0], width[0], term_of(data_set.values.get(_FUNCTION)))


def _voi_lut(data_set: DataSet, modality: _Values) -> _Values | None:
    items = data_set.first_items.get(_VOI_LUT)
    if not items:
        return None
    lut = _lut(items, bool(modality.min() < 0))
    return lut(modality) / ((1 << lut.bits) - 1)


def _ends(values: _Values) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _ramp(values: _Values) -> _Values:
    low, high = _ends(values)
    return np.asarray((values - low) / (high - low) if high > low else np.zeros_like(values))


def _stretched(modality: _Values, stored: NDArray[Any], padded: NDArray[np.bool_]) -> _Values:
    low, high = _stretch_ends(modality, stored, padded)
    return np.asarray((modality - low) / (high - low) if high > low else modality > low, np.float64)


def _stretch_ends(modality: _Values, stored: NDArray[Any], padded: NDArray[np.bool_]) -> tuple[float, float]:
    """Where the stretch begins and ends; the greatest value twice, in a film that is all padding."""
    step = max(1, min(stored.shape) // 512)
    counts = np.bincount(stored[::step, ::step].ravel(), minlength=len(modality))
    counts[padded] = 0
    order = np.argsort(modality, kind="stable")
    share = np.cumsum(counts[order], dtype=np.float64)
    if not share[-1]:
        return float(modality.max()), float(modality.max())
    low, high = (float(modality[order[np.searchsorted(share, end * share[-1])]]) for end in _STRETCH)
    return low, high


@dataclass(frozen=True, slots=True)
class _Lut:
    """`values` for inputs from `first` on, clamped at both ends (PS3.3 §C.11.1.1); `bits` is the depth of its entries."""

    first: int
    bits: int
    values: _Values

    def __call__(self, inputs: _Values) -> _Values:
        index = np.clip(np.floor(inputs) - self.first, 0, len(self.values) - 1)
        return np.asarray(self.values[index.astype(np.int64)])


def _lut(item: dict[int, Element], signed: bool) -> _Lut:
    descriptor, data = item.get(_LUT_DESCRIPTOR), item.get(_LUT_DATA)
    if descriptor is None or data is None or len(descriptor.value) != 6 or descriptor.vr not in ("", "US", "SS"):
        raise _bad_lut()
    order = ">" if descriptor.big_endian else "<"
    entries, first, bits = (int(word) for word in np.frombuffer(descriptor.value, order + "u2"))
    entries = entries or 65536
    if descriptor.vr == "SS" or (descriptor.vr == "" and signed):
        first = _as_signed(first)
    if not 1 <= bits <= 16:
        raise _bad_lut()
    wide = len(data.value) >= 2 * entries
    if not wide and (bits > 8 or len(data.value) < entries):
        raise _bad_lut()
    words = np.frombuffer(data.value, order + "u2" if wide else "u1")
    return _Lut(first, bits, words[:entries].astype(np.float64))


def _bad_lut() -> UnsuitableImage:
    return UnsuitableImage("A look-up table of the image is damaged.", code="bad_lut")
