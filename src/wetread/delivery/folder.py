"""A folder as a sink: for sites without an archive, for integration engines that watch folders, and for looking."""

import os
from collections.abc import Mapping
from pathlib import Path

from wetread.delivery.plan import package_documents
from wetread.domain.errors import TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.process_name import process_name
from wetread.ports.sink import Encoder, ReportPackage

__all__ = ["FolderSink", "remove_documents"]


class FolderSink:
    """Writes `<study key>-v<version>.<suffix>`, one file per encoder, named by its suffix; a repeated delivery replaces the file by the same bytes.

    A file appears whole or not at all: it is written beside its place, flushed to disk and renamed. Only its owner may read it, as it names the patient.
    """

    def __init__(self, folder: Path, encoders: Mapping[str, Encoder], name: str = "folder") -> None:
        self.name = name
        self._folder = folder
        self._encoders = encoders

    def deliver(self, package: ReportPackage) -> str:
        documents = package_documents(package, self._encoders)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for suffix, document in documents.items():
                _write(self._folder / f"{package.study_key}-v{package.report.version}.{suffix}", document)
            _sync(self._folder)
        except OSError as error:
            raise TransientError(
                f"the folder of sink {self.name} cannot be written ({error.strerror}): make room or give access",
                code="folder_unwritable",
            ) from error
        return f"{len(documents)} files"


def _write(path: Path, document: bytes) -> None:
    partial = path.with_name(f".{path.name}.{process_name()}.part")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_documents(folder: Path, study_key: StudyKey) -> int:
    """Remove what a `FolderSink` wrote of a study, of every version, durably; how many files."""
    gone = [each for each in folder.glob(f"*{study_key}-v*") if each.is_file()] if folder.is_dir() else []
    for each in gone:
        each.unlink(missing_ok=True)
    if gone:
        _sync(folder)
    return len(gone)
