"""Where a de-identified film is put: by its new UIDs, whole or not at all."""

import hashlib
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from wetread.dicom.deidentified_statement import STATED
from wetread.dicom.deidentify import DataSet
from wetread.dicom.deidentify_film import DeidentifiedFilm, FilmDeidentifier, uid_of
from wetread.dicom.pseudonyms import Pseudonyms
from wetread.domain.errors import PermanentError
from wetread.ports.film_export import ExportedFilm

__all__ = ["FolderExporter", "names_one_of", "place_of", "put"]


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


def names_one_of(header: DataSet, words: Collection[str]) -> bool:
    """True where a text of the header says one of `words` by itself, not as a part of a longer number or word."""
    if not words:
        return False
    anywhere = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, words))})(?![\w.])", re.IGNORECASE)
    return any(anywhere.search(text) for text in _texts([each for tag, each in header.items() if tag not in STATED]))


def _texts(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict | list):
        for each in told.values() if isinstance(told, dict) else told:
            yield from _texts(each)


def _plain(uid: str) -> str:
    return "".join(letter for letter in uid if letter in "0123456789.").strip(".") or "0"


class FolderExporter:
    """`ports.film_export.FilmExporter`: into `folder`, by `deidentifier`, whose pseudonyms are `pseudonyms`."""

    def __init__(self, folder: Path, deidentifier: FilmDeidentifier, pseudonyms: Pseudonyms) -> None:
        self._folder, self._deidentifier, self._pseudonyms = folder, deidentifier, pseudonyms

    def patient(self, subject: str) -> str:
        return self._pseudonyms.patient(subject)

    def study_uid(self, original: str) -> str:
        return self._pseudonyms.uid(original)

    def write(self, film: Path, subject: str, forbidden: Collection[str]) -> ExportedFilm:
        header = self._deidentifier.header(film, subject)
        if names_one_of(header, forbidden):
            raise PermanentError("The header still names the patient; handle the film by hand.", code="identity_left")
        place, covered = place_of(self._folder, header), None
        if not place.exists():
            made = self._deidentifier.film(film, header)
            covered = made.covered
            put(made, place)
        with place.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return ExportedFilm(place.relative_to(self._folder), digest, covered)
