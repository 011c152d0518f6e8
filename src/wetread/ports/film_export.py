"""A film written without names to a folder."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["ExportedFilm", "FilmExporter"]


@dataclass(frozen=True, slots=True)
class ExportedFilm:
    """`place` is relative to the export's folder; `covered`: places of writing that were made black; None where the file was there already."""

    place: Path
    sha256: str
    covered: int | None


class FilmExporter(Protocol):
    def patient(self, subject: str) -> str:
        """The pseudonym of whoever `subject` names."""
        ...

    def study_uid(self, original: str) -> str: ...

    def write(self, film: Path, subject: str, forbidden: Collection[str]) -> ExportedFilm:
        """Raises PermanentError with a stable code for a film that cannot be written without names: 'identity_left' where one of `forbidden` is still in its header."""
        ...
