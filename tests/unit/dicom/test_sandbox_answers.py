"""The parent believes nothing: an answer that does not fit its memory file, or the rules, is nonsense."""

import os
from collections.abc import Iterator
from pathlib import Path
from struct import pack

import pytest
from tests.hostile import film

from wetread.dicom.limits import Limits
from wetread.dicom.sandbox_answers import error_of, image_of, picture_of
from wetread.dicom.sandbox_requests import answer_request
from wetread.domain.errors import HostileInput, UnsuitableImage

_TRUE = {
    "rows": 2,
    "columns": 3,
    "stored_rows": 2,
    "stored_columns": 3,
    "bytes_per_pixel": 2,
    "display_offset": 64,
    "display_entries": 8,
    "row_spacing": 1.0,
    "column_spacing": 1.0,
}


@pytest.fixture
def memory() -> Iterator[int]:
    """Six pixels 0..5 and eight table entries."""
    descriptor = os.memfd_create("test", os.MFD_ALLOW_SEALING)
    os.pwrite(descriptor, pack("<6H", *range(6)), 0)
    os.pwrite(descriptor, pack("<8f", *(value / 8 for value in range(8))), 64)
    yield descriptor
    os.close(descriptor)


def test_a_true_answer_is_an_image(memory: int) -> None:
    image = image_of(_TRUE, memory)
    assert image.stored.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert image.display[5] == 0.625
    assert not image.stored.flags.writeable


@pytest.mark.parametrize("size", [(3, 5), (4, 6), (13, 21), (16, 24)])
def test_a_reduced_image_is_a_power_of_two_smaller_than_the_film(memory: int, size: tuple[int, int]) -> None:
    image = image_of(_TRUE | {"rows": size[0], "columns": size[1]}, memory)
    assert (image.rows, image.columns) == size
    assert image.stored.shape == (2, 3)


def test_the_child_can_change_the_memory_no_more(memory: int) -> None:
    image_of(_TRUE, memory)
    with pytest.raises(PermissionError):
        os.pwrite(memory, b"\xff", 0)
    with pytest.raises(PermissionError):
        os.ftruncate(memory, 0)


@pytest.mark.parametrize(
    "lie",
    [
        {"rows": 1 << 30},
        {"rows": 0},
        {"rows": -2},
        {"rows": True},
        {"rows": "2"},
        {"columns": 33},
        {"rows": 5},
        {"rows": 4, "columns": 3},
        {"rows": 1, "columns": 1},
        {"stored_columns": 33, "columns": 33},
        {"bytes_per_pixel": 4},
        {"display_entries": 5, "display_offset": 76},
        {"display_entries": 9},
        {"display_entries": 1 << 50},
        {"display_offset": 63},
        {"display_offset": 4},
        {"row_spacing": float("nan")},
        {"row_spacing": 0.0},
        {"column_spacing": "1"},
    ],
    ids=str,
)
def test_a_lying_answer_is_nonsense(memory: int, lie: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError means nonsense
        image_of(_TRUE | lie, memory)


def test_a_value_without_a_table_entry_is_nonsense(memory: int) -> None:
    os.pwrite(memory, pack("<H", 8), 0)
    with pytest.raises(ValueError, match="image"):
        image_of(_TRUE, memory)


def test_a_table_that_is_not_finite_is_nonsense(memory: int) -> None:
    os.pwrite(memory, pack("<f", float("inf")), 68)
    with pytest.raises(ValueError, match="image"):
        image_of(_TRUE, memory)


@pytest.mark.parametrize("answer", [{}, {"bytes": 0}, {"bytes": 5}, {"bytes": "96"}, {"bytes": 96}])
def test_a_picture_that_is_none_is_nonsense(memory: int, answer: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError)):
        picture_of(answer, memory)


def test_refusals_keep_their_kind_code_and_words() -> None:
    refused = error_of({"error": "hostile", "code": "bad_uid", "message": "The UID is none."})
    assert (type(refused), refused.code, str(refused)) == (HostileInput, "bad_uid", "The UID is none.")
    assert type(error_of({"error": "unsuitable", "code": "no_pixels", "message": "x"})) is UnsuitableImage


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "hostile", "code": "../x", "message": "x"},
        {"error": "hostile", "code": "x", "message": "line\nbreak"},
        {"error": "hostile", "code": "x", "message": "x" * 301},
        {"error": "hostile", "code": "x"},
    ],
)
def test_a_bent_refusal_is_nonsense(answer: dict[str, str]) -> None:
    with pytest.raises((ValueError, KeyError)):
        error_of(answer)


class _Panic(BaseException):
    """As pyo3's PanicException: no `Exception`."""


class _Panicking(list[int]):
    def __getitem__(self, index: object) -> int:  # type: ignore[override]
        raise _Panic


class _Exhausting(list[int]):
    def __getitem__(self, index: object) -> int:  # type: ignore[override]
        raise MemoryError


def test_a_panic_is_answered_and_ends_the_child() -> None:
    answer = answer_request({"operation": "inspect"}, _Panicking(), Limits())
    assert "crash" in answer
    assert answer["retire"]


@pytest.mark.parametrize(("operation", "kind"), [("inspect", HostileInput), ("decode", UnsuitableImage)])
def test_running_out_of_memory_is_answered_and_ends_the_child(operation: str, kind: type) -> None:
    answer = answer_request({"operation": operation, "needed_side_px": 0}, _Exhausting(), Limits())
    assert type(error_of(answer)) is kind
    assert answer["retire"]


def test_a_stored_file_that_rotted_is_unsuitable_not_hostile(tmp_path: Path) -> None:
    path = tmp_path / "rotten.dcm"
    path.write_bytes(film()[:-100])
    with path.open("rb") as file:
        refused = error_of(answer_request({"operation": "decode", "needed_side_px": 0}, [file.fileno(), 0], Limits()))
    assert (type(refused), refused.code) == (UnsuitableImage, "damaged_file")
