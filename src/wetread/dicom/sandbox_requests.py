"""Translates one request to the decoding child into its answer: what is asked, what went wrong, and whether the process is fit for another.

Nothing here touches the process itself; `sandbox_child` is the program around it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from wetread.dicom.byte_source import FileSource
from wetread.dicom.header import HEADER_ITEMS, HEADER_TAGS, header_of
from wetread.dicom.header_json import header_to_json
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import read_part10
from wetread.dicom.sandbox_answers import aligned
from wetread.domain.errors import HostileInput, PermanentError, UnsuitableImage

if TYPE_CHECKING:
    from wetread.dicom.frame import Frame

__all__ = ["answer_request"]


def answer_request(request: dict[str, Any], descriptors: list[int], limits: Limits) -> dict[str, Any]:
    """JSON for the parent: `ok`, or `error` with code and message, or `crash`; with `retire` the process should not go on. Never raises."""
    try:
        return {"ok": _answer(request, descriptors, limits)}
    except PermanentError as error:
        return _error(error)
    except MemoryError:
        advice = "Reading the file needs more memory than it may use; read the film without AI."
        kind = HostileInput if request["operation"] == "inspect" else UnsuitableImage
        return _error(kind(advice, code="image_too_large")) | {"retire": True}
    except BaseException as error:  # noqa: BLE001 - pyo3's panics and their like are no Exception
        return {"crash": type(error).__name__, "retire": True}


def _error(error: PermanentError) -> dict[str, Any]:
    kind = "hostile" if isinstance(error, HostileInput) else "unsuitable"
    return {"error": kind, "code": error.code, "message": str(error)}


def _answer(request: dict[str, Any], descriptors: list[int], limits: Limits) -> Any:
    if request["operation"] == "inspect":
        file = read_part10(FileSource(descriptors[0]), HEADER_TAGS, HEADER_ITEMS, limits)
        return header_to_json(header_of(file))
    if request["operation"] == "film":
        return _film(descriptors, limits)
    if "needed_side_px" not in request:
        return _form(request, descriptors, limits)
    frame = _frame(descriptors[0], limits, request["needed_side_px"])
    if request["operation"] == "decode":
        return _write_frame(frame, descriptors[1])
    from wetread.dicom.render import png_of

    return {"bytes": _write(descriptors[1], 0, png_of(frame, max_side_px=request["needed_side_px"]))}


def _form(request: dict[str, Any], descriptors: list[int], limits: Limits) -> dict[str, int]:
    from wetread.dicom.form_requests import answer_form

    with _accepted_once():
        return answer_form(request, descriptors, limits)


def _frame(descriptor: int, limits: Limits, needed_side_px: int) -> "Frame":
    from wetread.dicom.frame import FRAME_ITEMS, FRAME_TAGS, read_frame

    with _accepted_once():
        file = read_part10(FileSource(descriptor), FRAME_TAGS, FRAME_ITEMS, limits)
        return read_frame(file, limits, needed_side_px=needed_side_px)


@contextmanager
def _accepted_once() -> Iterator[None]:
    """A file that is hostile now was not when it was stored: its bytes, or our limits, have changed since."""
    try:
        yield
    except HostileInput as error:
        raise UnsuitableImage(f"The stored file can no longer be read ({error.code}).", code="damaged_file") from error


def _film(descriptors: list[int], limits: Limits) -> dict[str, Any]:
    from wetread.dicom.film_answer import film_to_json
    from wetread.dicom.film_facts import FILM_ITEMS, FILM_TAGS, read_film

    with _accepted_once():
        film = read_film(read_part10(FileSource(descriptors[0]), FILM_TAGS, FILM_ITEMS, limits), limits)
    blocks = [each for each in (film.stored, film.modality, film.voi_lut) if each is not None]
    end = 0
    for block in blocks:
        start = aligned(end)
        end = start + _write(descriptors[1], start, block.data.cast("B"))
    return film_to_json(film)


def _write_frame(frame: "Frame", descriptor: int) -> dict[str, Any]:
    stored_bytes = _write(descriptor, 0, frame.stored.data.cast("B"))
    display_offset = aligned(stored_bytes)
    _write(descriptor, display_offset, frame.display.data.cast("B"))
    return {
        "rows": frame.rows,
        "columns": frame.columns,
        "stored_rows": frame.stored.shape[0],
        "stored_columns": frame.stored.shape[1],
        "bytes_per_pixel": frame.stored.dtype.itemsize,
        "display_offset": display_offset,
        "display_entries": len(frame.display),
        "row_spacing": frame.row_spacing,
        "column_spacing": frame.column_spacing,
    }


def _write(descriptor: int, offset: int, data: bytes | memoryview) -> int:
    view, done = memoryview(data), 0
    while done < len(view):
        done += os.pwrite(descriptor, view[done:], offset + done)
    return done
