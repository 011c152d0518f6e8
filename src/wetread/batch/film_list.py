"""Which films a run reads, in which order: listed once, before the first is read, so that a run that goes on later means the same films by the same numbers.

The list holds paths, and a path may say who the patient is: it lies in the run's working folder, which is for its owner alone and goes when the run is complete.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from wetread.domain.errors import PermanentError

__all__ = ["FilmList", "FilmSource", "FolderSource", "ListedFilm", "line_of", "source_of"]


@dataclass(frozen=True, slots=True)
class ListedFilm:
    """`path` is below the source's root; of an archive, the UIDs of study, series and instance. `study` is the manifest's own name of it, "": none, it gets its bytes' hash. `groups` and `labels` are the manifest's columns, by name and by finding."""

    path: str
    study: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class FilmSource(Protocol):
    root: Path
    groups: tuple[str, ...]
    """What every film's `groups` holds."""
    ignored: tuple[str, ...]
    """Columns that mean nothing here."""

    def films(self) -> Iterator[ListedFilm]:
        """The same order each time."""
        ...


class FolderSource:
    """Every file below a folder, folder by folder, each by name. A linked folder is not entered."""

    groups: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def films(self) -> Iterator[ListedFilm]:
        for folder, below, files in os.walk(self.root, onerror=_refuse):
            below.sort()
            for name in sorted(files):
                yield ListedFilm(str((Path(folder) / name).relative_to(self.root)))


def _refuse(error: OSError) -> None:
    raise PermanentError(f"a folder of the source cannot be listed ({error.strerror})", code="bad_source") from error


def source_of(path: Path) -> FilmSource:
    """A folder, or a manifest by its name's end. Raises PermanentError(code='bad_source' or 'bad_manifest')."""
    if path.is_dir():
        return FolderSource(path)
    if not path.is_file():
        raise PermanentError(f"{path} is not there: name a folder, or a manifest (CSV, Parquet)", code="bad_source")
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise PermanentError(f"{path}: a manifest ends in .csv or .parquet", code="bad_source")
    from wetread.batch.manifest import ManifestSource

    return ManifestSource(path)


def line_of(film: ListedFilm) -> bytes:
    """As it stands in the list."""
    return json.dumps(asdict(film), separators=(",", ":")).encode("ascii") + b"\n"


class FilmList:
    """The list on disk, one film a line."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def write(self, films: Iterator[ListedFilm]) -> int:
        """How many there are. A list that was broken off is written anew."""
        count = 0
        with self.file.open("wb") as out:
            for count, film in enumerate(films, 1):  # noqa: B007 - the last one is the answer
                out.write(line_of(film))
        return count

    def numbered(self) -> Iterator[tuple[int, ListedFilm]]:
        """From 1."""
        with self.file.open(encoding="ascii") as lines:
            for number, line in enumerate(lines, 1):
                yield number, ListedFilm(**json.loads(line))
