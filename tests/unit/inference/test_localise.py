import numpy as np
import pytest

from wetread.domain.analysis import Region
from wetread.inference.localise import hot_region, laterality

WHOLE = Region(0, 700, 0, 700)


def _cam(*cells: tuple[int, int], shape: tuple[int, int] = (7, 7)) -> np.ndarray:
    cam = np.zeros(shape, np.float32)
    for cell in cells:
        cam[cell] = 1.0
    return cam


def test_the_box_covers_the_hot_cells_in_image_coordinates() -> None:
    assert hot_region(_cam((1, 2), (2, 2)), WHOLE, 700, 700) == Region(100, 300, 200, 300)


def test_the_box_stays_with_the_peak() -> None:
    cam = _cam((1, 1), (5, 5))
    cam[1, 1] = 2.0
    assert hot_region(cam, WHOLE, 700, 700) == Region(100, 200, 100, 200)


def test_padding_is_clipped_away() -> None:
    extent = Region(0, 700, -150, 550)
    assert hot_region(_cam((3, 0), (3, 1), (3, 2)), extent, 700, 400) == Region(300, 400, 0, 150)


def test_a_peak_in_the_padding_is_no_place() -> None:
    assert hot_region(_cam((3, 0)), Region(0, 700, -100, 600), 700, 500) is None


@pytest.mark.parametrize(
    ("cells", "orientation", "side"),
    [
        ([(3, 6)], ("L", "F"), "left"),
        ([(3, 0)], ("L", "F"), "right"),
        ([(3, 6)], (), "left"),
        ([(3, 6)], ("R", "F"), "right"),
        ([(3, 0), (3, 6)], ("L", "F"), "bilateral"),
        ([], ("L", "F"), ""),
    ],
)
def test_the_side_is_the_patients(cells: list[tuple[int, int]], orientation: tuple[str, ...], side: str) -> None:
    assert laterality(_cam(*cells), orientation) == side
