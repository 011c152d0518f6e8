"""The display table is the standard's pipeline: compared with pydicom where pydicom has it, with the formulae where not."""

from struct import pack

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from wetread.dicom.greyscale import display_table
from wetread.dicom.part10 import DataSet, Element
from wetread.domain.errors import UnsuitableImage

_PADDING, _PADDING_LIMIT, _CENTER, _WIDTH = 0x00280120, 0x00280121, 0x00281050, 0x00281051
_INTERCEPT, _SLOPE, _FUNCTION, _MODALITY, _VOI = 0x00281052, 0x00281053, 0x00281056, 0x00283000, 0x00283010
_DESCRIPTOR, _DATA = 0x00283002, 0x00283006


def decimals(*values: float) -> Element:
    return Element("DS", "\\".join(f"{value:g}" for value in values).encode())


def lut(first: int, bits: int, entries: list[int], vr: str = "US") -> dict[int, Element]:
    descriptor = pack("<H", len(entries) % 65536) + pack("<h" if vr == "SS" else "<H", first) + pack("<H", bits)
    return {_DESCRIPTOR: Element(vr, descriptor), _DATA: Element("OW", np.array(entries, "<u2").tobytes())}


def table(data_set: DataSet, bits: int, *, signed: bool = False, inverted: bool = False) -> np.ndarray:
    ramp = np.arange(1 << bits, dtype=np.uint16).reshape(-1, 1 << (bits // 2))
    return display_table(data_set, ramp, bits_stored=bits, signed=signed, inverted=inverted)


@settings(deadline=None)
@given(
    bits=st.integers(8, 16),
    signed=st.booleans(),
    slope=st.sampled_from([1.0, 0.5, 2.25, -1.0]),
    intercept=st.sampled_from([0.0, -1024.0, 17.5]),
    center=st.integers(-2000, 5000),
    width=st.integers(2, 6000),
    function=st.sampled_from(["", "LINEAR", "LINEAR_EXACT", "SIGMOID"]),
)
def test_rescale_and_window_are_pydicoms(
    bits: int, signed: bool, slope: float, intercept: float, center: int, width: int, function: str
) -> None:
    values = {
        _SLOPE: decimals(slope),
        _INTERCEPT: decimals(intercept),
        _CENTER: decimals(center),
        _WIDTH: decimals(width),
    }
    reference = Dataset()
    reference.RescaleSlope, reference.RescaleIntercept = slope, intercept
    reference.WindowCenter, reference.WindowWidth = center, width
    reference.PhotometricInterpretation, reference.BitsStored, reference.PixelRepresentation = (
        "MONOCHROME2",
        bits,
        int(signed),
    )
    if function:
        values[_FUNCTION], reference.VOILUTFunction = Element("CS", function.encode()), function
    lowest = -(1 << bits - 1) if signed else 0
    stored = np.arange(lowest, lowest + (1 << bits), dtype=np.int16 if signed else np.uint16)
    with np.errstate(over="ignore"):
        shown = apply_voi_lut(apply_modality_lut(stored, reference).astype(np.float64), reference)
    low, high = (float(end) * slope + intercept for end in (stored[0], stored[-1]))  # pydicom scales into this range
    expected = (shown - low) / (high - low)
    found = table(DataSet(values), bits, signed=signed)
    assert np.abs(found - expected).max() < 1e-6


@pytest.mark.parametrize(("first", "vr"), [(0, "US"), (100, "US"), (-200, "SS")])
def test_look_up_tables_are_pydicoms(first: int, vr: str) -> None:
    entries = [int(value) for value in np.sqrt(np.arange(3000)) * 70]
    reference = Dataset()
    item = Dataset()
    item.add_new(_DESCRIPTOR, vr, [3000, first, 12])
    item.add_new(_DATA, "US", entries)
    reference.VOILUTSequence = [item]
    reference.PixelRepresentation = int(vr == "SS")
    signed = vr == "SS"
    stored = np.arange(-2048, 2048, dtype=np.int16) if signed else np.arange(4096, dtype=np.uint16)
    expected = apply_voi_lut(stored, reference) / 4095
    found = table(DataSet(first_items={_VOI: lut(first, 12, entries, vr)}), 12, signed=signed)
    assert np.abs(found - expected).max() < 1e-6


def test_a_modality_table_replaces_the_rescale() -> None:
    data_set = DataSet(
        {_SLOPE: decimals(9), _CENTER: decimals(2048), _WIDTH: decimals(4096)},
        {_MODALITY: lut(0, 12, list(range(4095, -1, -1)))},
    )
    plain = table(DataSet({_CENTER: decimals(2048), _WIDTH: decimals(4096)}), 12)
    assert np.array_equal(table(data_set, 12), plain[::-1])


def test_a_voi_table_is_preferred_to_a_window() -> None:
    data_set = DataSet({_CENTER: decimals(1), _WIDTH: decimals(1)}, {_VOI: lut(0, 8, [0, 255])})
    assert table(data_set, 8)[:3].tolist() == [0.0, 1.0, 1.0]


def test_inverting_happens_once() -> None:
    data_set = DataSet({_CENTER: decimals(500), _WIDTH: decimals(300)})
    assert np.allclose(table(data_set, 12, inverted=True), 1.0 - table(data_set, 12))


def test_padding_is_black_whatever_the_photometric_interpretation() -> None:
    one = DataSet({_PADDING: Element("US", pack("<H", 4000))})
    several = DataSet({_PADDING: Element("US", pack("<H", 4000)), _PADDING_LIMIT: Element("US", pack("<H", 3990))})
    for inverted in (False, True):
        assert np.flatnonzero(table(one, 12, inverted=inverted)[3980:4010] == 0.0).tolist() == [20]
        assert np.flatnonzero(table(several, 12, inverted=inverted)[3980:4010] == 0.0).tolist() == list(range(10, 21))


@pytest.mark.parametrize("vr", ["SS", "US", ""])
def test_signed_padding_is_found(vr: str) -> None:
    data_set = DataSet({_PADDING: Element(vr, pack("<h", -2000))})
    assert table(data_set, 12, signed=True, inverted=True)[48] == 0.0


def test_an_eight_bit_film_without_a_window_is_shown_as_it_is() -> None:
    assert np.allclose(table(DataSet(), 8), np.arange(256) / 255)


def test_a_deeper_film_without_a_window_is_stretched_over_what_it_holds() -> None:
    stored = np.random.default_rng(0).integers(1000, 2000, (512, 512)).astype(np.uint16)
    stored[0, 0] = 4095  # a hot pixel does not darken the film
    found = display_table(DataSet(), stored, bits_stored=12, signed=False, inverted=False)
    assert found[1000] < 0.01
    assert found[1999] > 0.99
    assert found[1500] == pytest.approx(0.5, abs=0.01)
    assert np.all(np.diff(found) >= 0)


def test_padding_does_not_take_part_in_the_stretch() -> None:
    stored = np.random.default_rng(0).integers(1000, 2000, (512, 512)).astype(np.uint16)
    stored[:200] = 0
    data_set = DataSet({_PADDING: Element("US", pack("<H", 0))})
    found = display_table(data_set, stored, bits_stored=12, signed=False, inverted=False)
    assert found[1500] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    "data_set",
    [
        DataSet({_SLOPE: decimals(0)}),
        DataSet({_SLOPE: decimals(1e300)}),
        DataSet(first_items={_VOI: {_DESCRIPTOR: Element("US", bytes(6))}}),
        DataSet(first_items={_VOI: {_DESCRIPTOR: Element("US", b"\0\0\0\0\x10\0"), _DATA: Element("OW", bytes(10))}}),
        DataSet(first_items={_VOI: {_DESCRIPTOR: Element("US", b"\2\0\0\0\x63\0"), _DATA: Element("OW", bytes(4))}}),
    ],
    ids=["slope 0", "slope huge", "no data", "short data", "99 bits"],
)
def test_a_damaged_table_is_refused(data_set: DataSet) -> None:
    with pytest.raises(UnsuitableImage) as caught:
        table(data_set, 12)
    assert caught.value.code == "bad_lut"


@settings(deadline=None)
@given(
    center=st.floats(allow_nan=False, allow_infinity=False, width=32),
    width=st.floats(allow_nan=False, allow_infinity=False, width=32),
    function=st.sampled_from([b"LINEAR", b"LINEAR_EXACT", b"SIGMOID", b"junk"]),
    inverted=st.booleans(),
)
def test_every_table_is_finite_and_between_black_and_white(
    center: float, width: float, function: bytes, inverted: bool
) -> None:
    data_set = DataSet({_CENTER: decimals(center), _WIDTH: decimals(width), _FUNCTION: Element("CS", function)})
    found = table(data_set, 10, inverted=inverted)
    assert found.dtype == np.float32
    assert found.min() >= 0.0
    assert found.max() <= 1.0
