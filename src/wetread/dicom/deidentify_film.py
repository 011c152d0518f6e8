"""A stored film to a de-identified one: header by `deidentify`, pixels decoded in the sandbox, writing on them blacked out, all of it written anew.

Nothing of the stored file is passed on as bytes: neither preamble and file meta information nor encoded streams, whose comments nobody sees, nor bits above the stored ones.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wetread.dicom.confidentiality import Option
from wetread.dicom.data_set_writer import written
from wetread.dicom.deidentified_statement import BURNED_IN
from wetread.dicom.deidentified_values import first_value
from wetread.dicom.deidentify import Confidentiality, DataSet, deidentified
from wetread.dicom.explicit_encoding import element, file_head
from wetread.dicom.instance_forms import SandboxedForms
from wetread.dicom.transfer_syntax import EXPLICIT
from wetread.domain.errors import PermanentError, UnsuitableImage
from wetread.inference.burned_in import cover_writing
from wetread.ports.film_text import FilmTextReader
from wetread.ports.instance_forms import HeldBytes

if TYPE_CHECKING:
    from numpy import uint8, uint16
    from numpy.typing import NDArray

__all__ = ["DeidentifiedFilm", "FilmDeidentifier", "uid_of"]

_PIXELS = "7FE00010"
_CLASS, _INSTANCE, _FRAMES = "00080016", "00080018", "00280008"
_PHOTOMETRIC, _ROWS, _COLUMNS = "00280004", "00280010", "00280011"
_ALLOCATED, _STORED, _HIGH_BIT, _SIGNED = "00280100", "00280101", "00280102", "00280103"


@dataclass(frozen=True, slots=True)
class _Depth:
    """Where in a cell the value is (PS3.5 §8.1.1)."""

    allocated: int
    stored: int
    unused: int
    signed: bool

    def values(self, cells: "NDArray[Any]") -> "NDArray[Any]":
        """From 0 on, as `ports.decoder` has them; bits that are no part of the value are gone."""
        import numpy as np

        values = cells >> self.unused & ((1 << self.stored) - 1)
        return np.asarray(values ^ (1 << self.stored - 1) if self.signed else values, cells.dtype)

    def cells(self, values: "NDArray[Any]") -> "NDArray[Any]":
        import numpy as np

        whole = values.astype(np.int32) - (1 << self.stored - 1 if self.signed else 0)
        return np.asarray(whole << self.unused).astype(values.dtype)


@dataclass(frozen=True, slots=True)
class DeidentifiedFilm:
    """`cells` as PS3.5 §8.1.1 has them, little-endian; `covered`: how many places with writing were made black."""

    data_set: DataSet
    cells: "NDArray[uint8] | NDArray[uint16]"
    covered: int
    tables: Mapping[str, bytes]

    def pieces(self) -> Iterator[bytes | memoryview]:
        """The Part 10 file in explicit VR little endian."""
        yield file_head(uid_of(self.data_set, _CLASS), uid_of(self.data_set, _INSTANCE), EXPLICIT)
        yield from written(
            {tag: each for tag, each in self.data_set.items() if tag != _PIXELS}, self.tables.__getitem__
        )
        yield element(int(_PIXELS, 16), "OW" if self.cells.itemsize == 2 else "OB", self.cells.tobytes())


class FilmDeidentifier:
    """Films by way of `forms`, as `how` says; `film` needs a `reader` for CLEAN_PIXELS."""

    def __init__(self, forms: SandboxedForms, how: Confidentiality, reader: FilmTextReader | None) -> None:
        self._forms, self._how, self._reader = forms, how, reader

    def header(self, path: Path, subject: str = "") -> DataSet:
        """As `deidentify.deidentified`, which takes milliseconds; and UnsuitableImage for a film that is not one frame of greyscale ('photometric', 'many_frames')."""
        found = self._forms.metadata(path)
        if first_value(found, _PHOTOMETRIC) not in ("MONOCHROME1", "MONOCHROME2"):
            raise UnsuitableImage("Only greyscale films are de-identified; handle it by hand.", code="photometric")
        if first_value(found, _FRAMES) not in (None, 1):
            raise UnsuitableImage("Only films of one frame are de-identified; handle it by hand.", code="many_frames")
        return deidentified(found, self._how, subject)

    def film(self, path: Path, header: DataSet) -> DeidentifiedFilm:
        """The whole of it, `header` being what `header` gave; seconds where letters are read. Raises UnsuitableImage as `burned_in.cover_writing` and `ports.decoder`."""
        depth, cells = _cells(path, self._forms, header)
        values, covered = depth.values(cells), 0
        if Option.CLEAN_PIXELS in self._how.options:
            if self._reader is None:
                raise PermanentError("Pixels are cleaned only by who can read letters.", code="no_text_reader")
            inverted = first_value(header, _PHOTOMETRIC) == "MONOCHROME1"
            values, covers = cover_writing(values, self._reader, inverted=inverted)
            header, covered = header | {BURNED_IN: {"vr": "CS", "Value": ["NO"]}}, len(covers)
        return DeidentifiedFilm(header, depth.cells(values), covered, _tables(path, self._forms, header))


def uid_of(header: DataSet, tag: str = _INSTANCE) -> str:
    """Of the instance (00080018), series (0020000E) or study (0020000D), as it is now."""
    return str(first_value(header, tag) or "")


def _cells(path: Path, forms: SandboxedForms, data_set: DataSet) -> "tuple[_Depth, NDArray[Any]]":
    """uint8 or uint16 (row, column)."""
    import numpy as np

    rows, columns, allocated, stored = (
        int(first_value(data_set, tag)) for tag in (_ROWS, _COLUMNS, _ALLOCATED, _STORED)
    )
    depth = _Depth(
        allocated, stored, int(first_value(data_set, _HIGH_BIT)) + 1 - stored, bool(first_value(data_set, _SIGNED))
    )
    raw = _read(forms.frame(path, 1, stored=False))
    return depth, np.frombuffer(raw, f"<u{allocated // 8}").reshape(rows, columns)


def _read(held: HeldBytes) -> bytes:
    try:
        return b"".join(held.pieces())
    finally:
        held.close()


def _tables(path: Path, forms: SandboxedForms, data_set: DataSet) -> dict[str, bytes]:
    """What stands outside the JSON, by its place: look-up tables."""
    found = {}
    todo = [data_set]
    while todo:
        for tag, attribute in todo.pop().items():
            todo += attribute.get("Value", []) if attribute["vr"] == "SQ" else []
            if "BulkDataURI" in attribute and tag != _PIXELS:
                found[attribute["BulkDataURI"]] = _read(forms.value(path, attribute["BulkDataURI"]))
    return found
