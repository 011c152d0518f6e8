"""Where a de-identified film is put: by its new UIDs, whole or not at all."""

import os
from pathlib import Path

from wetread.dicom.deidentify import DataSet
from wetread.dicom.deidentify_film import DeidentifiedFilm, uid_of

__all__ = ["place_of", "put"]


def place_of(folder: Path, header: DataSet) -> Path:
    """FOLDER/study/instance.dcm; a UID is digits and dots, whatever the source called one."""
    study, instance = uid_of(header, "0020000D"), uid_of(header)
    return folder / _plain(study) / f"{_plain(instance)}.dcm"


def put(film: DeidentifiedFilm, place: Path) -> None:
    """Durable before it has its name."""
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_suffix(".partial")
    with partial.open("wb") as file:
        for piece in film.pieces():
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(place)


def _plain(uid: str) -> str:
    return "".join(letter for letter in uid if letter in "0123456789.").strip(".") or "0"
