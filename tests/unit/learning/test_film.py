"""A film reaches the network as the exact mean of the areas its pixels cover."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wetread.learning.film import area_average, fit_long_side


def test_whole_factor_is_the_block_mean() -> None:
    image = np.arange(24, dtype=np.float32).reshape(4, 6)
    assert area_average(image, 2, 3) == pytest.approx(image.reshape(2, 2, 3, 2).mean((1, 3)))


def test_fractional_pixels_share_their_value() -> None:
    assert area_average(np.array([[0.0, 1.0, 0.0]], np.float32), 1, 2)[0] == pytest.approx([1 / 3, 1 / 3])


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 30), st.integers(1, 30))
def test_mean_brightness_is_kept(rows: int, columns: int, out_rows: int, out_columns: int) -> None:
    image = np.random.default_rng(rows * 41 + columns).random((rows, columns), np.float32)
    assert area_average(image, out_rows, out_columns).mean() == pytest.approx(image.mean(), abs=1e-5)


@pytest.mark.parametrize(("rows", "columns"), [(300, 200), (200, 300), (129, 128), (1000, 10)])
def test_long_side_fills_the_square_and_the_rest_is_black(rows: int, columns: int) -> None:
    square = fit_long_side(np.ones((rows, columns), np.float32), 128)
    used_rows, used_columns = (square.max(axis) > 0 for axis in (1, 0))
    assert (used_rows.sum(), used_columns.sum()) == (
        round(128 * rows / max(rows, columns)),
        round(128 * columns / max(rows, columns)),
    )
    assert square[used_rows][:, used_columns] == pytest.approx(1.0)
    assert abs(int(np.argmax(used_rows)) - int(np.argmax(used_rows[::-1]))) <= 1
