"""What a decoding child says of a film is believed only where it fits the memory it wrote."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from builders_web import grey_pixels

from wetread.dicom.film_answer import film_from_json, film_to_json
from wetread.ports.film_pixels import FilmPixels


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = os.memfd_create("film", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    film = grey_pixels()
    os.pwrite(descriptor, film.stored.tobytes(), 0)
    os.pwrite(descriptor, film.modality.tobytes(), 64)
    yield descriptor
    os.close(descriptor)


def an_answer() -> dict[str, Any]:
    answer = film_to_json(grey_pixels())
    answer["facts"]["windows"] = [dict(each) for each in answer["facts"]["windows"]]
    answer["facts"]["patient_orientation"] = list(answer["facts"]["patient_orientation"])
    return answer


def test_a_film_comes_back_as_it_went(memory: int) -> None:
    film, found = grey_pixels(), film_from_json(an_answer(), memory)
    assert isinstance(found, FilmPixels)
    assert found.facts == film.facts
    assert np.array_equal(found.stored, film.stored)
    assert np.array_equal(found.modality, film.modality)
    assert found.voi_lut is None


LIES: dict[str, tuple[str, object]] = {
    "more rows than memory": ("rows", 40),
    "no rows": ("rows", 0),
    "rows as text": ("rows", "4"),
    "fewer bits than values": ("bits_stored", 4),
    "more bits than a word": ("bits_stored", 17),
    "no window": ("windows", []),
    "too many windows": ("windows", [{"center": 1.0, "width": 1.0, "function": "LINEAR", "explanation": ""}] * 17),
    "a window of nothing": ("windows", [{"center": 1.0, "width": -1.0, "function": "LINEAR", "explanation": ""}]),
    "a window beyond numbers": ("windows", [{"center": float("nan"), "width": 1.0, "function": "LINEAR", "explanation": ""}]),
    "an unknown function": ("windows", [{"center": 1.0, "width": 1.0, "function": "eval", "explanation": ""}]),
    "a control character": ("view_position", "PA\u202e"),
    "a text without end": ("calibration_description", "x" * 65),
    "a spacing of nothing": ("pixel_spacing_mm", [0.0, 0.1]),
    "padding outside": ("padding", [0, 4096]),
    "a flag that is a number": ("inverted", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_not_believed(memory: int, name: str) -> None:
    field, value = LIES[name]
    answer = an_answer()
    answer["facts"][field] = value
    with pytest.raises((ValueError, TypeError, KeyError)):
        film_from_json(answer, memory)


def test_a_table_that_is_not_there_is_not_read(memory: int) -> None:
    with pytest.raises(ValueError, match="not a film"):
        film_from_json(an_answer() | {"has_voi_lut": True}, memory)
