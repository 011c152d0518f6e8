"""Area averaging is exact, whichever loop does it, and a film keeps its proportions."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from wetread.inference import resample
from wetread.inference.resample import area_average, average_with_numpy, fit_long_side
from wetread.ports.decoder import DecodedImage

_RNG = np.random.default_rng(3)
_LOOPS = [area_average, average_with_numpy]


def weights(length: int, out_length: int) -> NDArray[np.float64]:
    """(out, in): the share of each input element in each output element, straight from the definition."""
    edges = np.arange(out_length + 1) * length / out_length
    starts, ends = edges[:-1, None], edges[1:, None]
    index = np.arange(length)
    return np.asarray(np.clip(np.minimum(ends, index + 1) - np.maximum(starts, index), 0, None) * out_length / length)


def exact(
    stored: NDArray[np.uint16], display: NDArray[np.float32], out_rows: int, out_columns: int
) -> NDArray[np.float64]:
    rows, columns = stored.shape
    return np.asarray(weights(rows, out_rows) @ display[stored].astype(np.float64) @ weights(columns, out_columns).T)


def film(rows: int, columns: int, entries: int) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
    stored = _RNG.integers(0, entries, (rows, columns)).astype(np.uint8 if entries <= 256 else np.uint16)
    return stored, _RNG.random(entries).astype(np.float32)


@settings(deadline=None)
@given(
    rows=st.integers(1, 90),
    columns=st.integers(1, 90),
    out_rows=st.integers(1, 100),
    out_columns=st.integers(1, 100),
    entries=st.sampled_from([2, 256, 300, 4096, 65536]),
)
def test_both_loops_are_exact(rows: int, columns: int, out_rows: int, out_columns: int, entries: int) -> None:
    stored, display = film(rows, columns, entries)
    expected = exact(stored, display, out_rows, out_columns)
    for loop in _LOOPS:
        found = loop(stored, display, out_rows, out_columns)
        assert found.dtype == np.float32
        assert np.abs(found - expected).max() < 1e-5


def test_a_full_size_film_is_averaged_alike_by_both_loops() -> None:
    stored, display = film(1251, 1013, 4096)
    assert np.abs(area_average(stored, display, 224, 181) - average_with_numpy(stored, display, 224, 181)).max() < 1e-6


def test_averaging_keeps_the_mean() -> None:
    stored, display = film(331, 257, 4096)
    assert area_average(stored, display, 64, 48).mean(dtype=np.float64) == pytest.approx(
        display[stored].mean(dtype=np.float64), abs=1e-6
    )


def test_its_own_size_is_the_look_up() -> None:
    stored, display = film(40, 30, 256)
    assert np.allclose(area_average(stored, display, 40, 30), display[stored])


@pytest.mark.parametrize("loop", _LOOPS)
@pytest.mark.parametrize("entries", [255, 4095, 4000])
def test_a_value_without_an_entry_is_refused(loop, entries: int) -> None:  # type: ignore[no-untyped-def]
    stored = np.zeros((30, 20), np.uint8 if entries == 255 else np.uint16)
    stored[29, 19] = entries
    with pytest.raises(ValueError, match="display table"):
        loop(stored, np.zeros(entries, np.float32), 7, 5)


@pytest.mark.parametrize(("shape", "out"), [((0, 5), (2, 2)), ((5,), (2, 2)), ((5, 5), (0, 2)), ((5, 5), (2, -1))])
def test_an_impossible_size_is_refused(shape: tuple[int, ...], out: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="area_average"):
        area_average(np.zeros(shape, np.uint16), np.zeros(1, np.float32), *out)


def test_a_view_of_a_film_is_read_as_it_looks() -> None:
    stored, display = film(64, 64, 4096)
    view = stored[::2, ::-2]
    assert np.allclose(area_average(view, display, 8, 8), area_average(view.copy(), display, 8, 8))


def test_the_compiled_loop_believes_no_shape() -> None:
    """A wrong length must never become a read outside the film."""
    if resample._average_in_c is None:  # numpy alone: there is nothing that could read outside
        return
    stored, display, out = np.zeros(100, np.uint16), np.zeros(10, np.float32), np.zeros(100, np.float32)
    for item_size, rows, columns, out_rows, out_columns in [
        (2, 11, 10, 10, 10),
        (2, 10, 10, 11, 10),
        (1, 10, 10, 10, 10),
        (4, 5, 10, 10, 10),
        (2, 1 << 62, 4, 10, 10),
        (2, -10, -10, 10, 10),
        (2, 0, 10, 10, 10),
    ]:
        with pytest.raises(ValueError, match="buffer"):
            resample._average_in_c(stored, item_size, rows, columns, display, out, out_rows, out_columns)


def decoded(rows: int, columns: int, row_spacing: float = 1.0, column_spacing: float = 1.0) -> DecodedImage:
    return DecodedImage(
        np.full((rows, columns), 1, np.uint8),
        np.array([0.0, 1.0], np.float32),
        row_spacing,
        column_spacing,
        rows,
        columns,
    )


@pytest.mark.parametrize(
    ("image", "inside"),
    [
        (decoded(400, 200), (slice(0, 64), slice(16, 48))),
        (decoded(200, 400), (slice(16, 48), slice(0, 64))),
        (decoded(300, 300), (slice(0, 64), slice(0, 64))),
        (decoded(200, 200, row_spacing=0.2, column_spacing=0.1), (slice(0, 64), slice(16, 48))),
        (decoded(7, 5000), (slice(31, 32), slice(0, 64))),
    ],
)
def test_a_film_keeps_its_proportions_on_black(image: DecodedImage, inside: tuple[slice, slice]) -> None:
    square, _ = fit_long_side(image, 64)
    expected = np.zeros((64, 64), np.float32)
    expected[inside] = 1.0
    assert np.allclose(square, expected, atol=1e-6)


def test_the_extent_maps_the_square_back_to_the_film() -> None:
    _, tall = fit_long_side(decoded(400, 200), 64)
    assert (tall.row_start, tall.row_stop, tall.column_start, tall.column_stop) == (0, 400, -100, 300)
    _, stretched = fit_long_side(decoded(200, 200, row_spacing=0.2, column_spacing=0.1), 64)
    assert (stretched.row_start, stretched.row_stop) == (0, 200)
    assert (stretched.column_start, stretched.column_stop) == (-100, 300)


def test_a_reduced_film_is_placed_where_the_whole_one_is() -> None:
    whole = decoded(401, 203)
    reduced = replace(whole, stored=np.ones((101, 51), np.uint8))
    assert fit_long_side(reduced, 16)[1] == fit_long_side(whole, 16)[1]
    assert np.allclose(fit_long_side(reduced, 16)[0], fit_long_side(whole, 16)[0])


@settings(deadline=None)
@given(rows=st.integers(1, 600), columns=st.integers(1, 600), side=st.integers(1, 80))
def test_the_extent_covers_the_film(rows: int, columns: int, side: int) -> None:
    square, extent = fit_long_side(decoded(rows, columns), side)
    assert square.shape == (side, side)
    assert extent.row_start <= 0
    assert extent.column_start <= 0
    assert extent.row_stop >= rows
    assert extent.column_stop >= columns
