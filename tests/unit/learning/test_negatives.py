"""What the gate is taught to refuse is what its classes say."""

import numpy as np
import pytest

from wetread.learning.negatives import GATE_CLASSES, not_frontal_chest, turned


def _film_with_a_marker() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """One film, bright in its upper left corner (the patient's right shoulder)."""
    film = np.zeros((1, 64, 64), np.uint8)
    film[0, :8, :8] = 255
    return film


@pytest.mark.parametrize(
    ("gate_class", "corner"),
    [("rotated_90", (0, -1)), ("rotated_180", (-1, -1)), ("rotated_270", (-1, 0)), ("frontal_chest", (0, 0))],
)
def test_turns_are_clockwise(gate_class: str, corner: tuple[int, int]) -> None:
    image = turned(_film_with_a_marker(), gate_class)[0]
    assert image[corner] == 255
    assert (image == 255).sum() == 64


def test_inverted_swaps_black_and_white() -> None:
    assert turned(_film_with_a_marker(), "inverted")[0, 0, 0] == 0


def test_negatives_are_many_kinds_and_reproducible() -> None:
    films = np.random.default_rng(1).integers(0, 256, (64, 64, 64), np.uint8)
    made = not_frontal_chest(films, np.random.default_rng(2))
    assert (made.shape, made.dtype) == (films.shape, np.uint8)
    assert np.array_equal(made, not_frontal_chest(films, np.random.default_rng(2)))
    assert len({image.tobytes() for image in made}) > 50
    assert not any(np.array_equal(image, film) for image, film in zip(made, films, strict=True))


def test_class_that_may_pass_comes_first_and_the_rest_last() -> None:
    assert (GATE_CLASSES[0], GATE_CLASSES[-1]) == ("frontal_chest", "not_frontal_chest")
