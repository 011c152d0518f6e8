"""One film, read as `wetread read` reads it, to a row without identity. This is all that a reader does, in whatever process it stands."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from stat import S_ISREG

from wetread.batch.row_text import text_of
from wetread.domain.analysis import Analysis, Finding
from wetread.domain.batch import FilmFate, FilmRow, FilmTask, FindingScore, Unanswered
from wetread.domain.errors import HostileInput, TransientError, UnsuitableImage, WetreadError
from wetread.reader import FilmReader, ReadResult
from wetread.storage.files import sha256_of

__all__ = ["ReadingDesk", "digest_of", "row_of", "task_text"]

_OTHER = "The archive sent another instance than was asked for; ask who runs it."


class ReadingDesk:
    """A reader that is spoken to in text: first `ready`, then a task at a time."""

    def __init__(self, bundle: Path | None) -> None:
        self._bundle = bundle
        self._reader: FilmReader | None = None

    def ready(self) -> str:
        """{"model": sha256 of the network, "pid"}, or {"code", "message"} when the bundle cannot be used."""
        try:
            self._reader = FilmReader(bundle=self._bundle)
        except WetreadError as error:
            return json.dumps({"code": error.code, "message": str(error)})
        return json.dumps({"model": self._reader.bundle.identity.sha256, "pid": os.getpid()})

    def read(self, task: str) -> str:
        """`task` as `task_text` wrote it; the row as `text_of` writes it. Call `ready` first."""
        if self._reader is None:
            raise RuntimeError("not ready")
        return text_of(row_of(self._reader, FilmTask(**json.loads(task))))

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()


def task_text(task: FilmTask) -> str:
    return json.dumps(asdict(task))


def row_of(reader: FilmReader, task: FilmTask) -> FilmRow | Unanswered:
    """What became of the film. It is Unanswered only where the machine was short of something for the moment."""
    path = Path(task.path)
    result = reader.read(path)
    if isinstance(result.error, TransientError):
        return Unanswered(task.number, result.code, result.reason)
    digest = digest_of(path)
    if result.header and task.sop_instance_uid not in ("", result.header.sop_instance_uid):
        return FilmRow(task.number, FilmFate.FAILED, "other_instance", _OTHER, digest)
    if result.analysis is None:
        return _made_by(result, FilmRow(task.number, _fate(result), result.code, result.reason, digest))
    return _made_by(result, _read(task.number, digest, result.analysis))


def _fate(result: ReadResult) -> FilmFate:
    return FilmFate.REFUSED if isinstance(result.error, UnsuitableImage | HostileInput) else FilmFate.FAILED


def _read(number: int, digest: str, analysis: Analysis) -> FilmRow:
    return FilmRow(
        number,
        FilmFate.READ,
        file_sha256=digest,
        input_sha256=analysis.input_sha256,
        ood_score=analysis.ood_score,
        ood_p_value=analysis.ood_p_value,
        flags=tuple(flag.code for flag in analysis.quality),
        findings=tuple(_score(each) for each in analysis.findings),
    )


def _made_by(result: ReadResult, row: FilmRow) -> FilmRow:
    """With what the header says of the film, where there is one."""
    if result.header is None:
        return row
    traits = result.header.traits
    return replace(
        row, view=traits.view_position, manufacturer=traits.manufacturer, scanner=traits.manufacturer_model_name
    )


def _score(finding: Finding) -> FindingScore:
    point = finding.operating_point.threshold
    return FindingScore(
        finding.name.value, finding.raw_score, finding.probability, point, finding.called, finding.laterality
    )


def digest_of(path: Path) -> str:
    """sha256 of a regular file; "" where there is none: a pipe would keep its reader waiting."""
    try:
        if not S_ISREG(path.lstat().st_mode):
            return ""
        return sha256_of(path)
    except OSError:
        return ""
