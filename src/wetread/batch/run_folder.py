"""Where a run writes: its tables and their summary, and until they are there a working folder for its owner alone, with the list of films and what is done of it."""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from wetread import __version__
from wetread.batch.film_list import FilmList, FilmSource, FolderSource
from wetread.batch.tables import Counts, TableForm, Tables
from wetread.domain.errors import PermanentError
from wetread.storage.files import sync

__all__ = ["RunFolder", "RunTerms"]

_WORK, _SUMMARY, _TERMS = "unfinished", "summary.json", "run.json"


@dataclass(frozen=True, slots=True)
class RunTerms:
    """What must be the same for a run to go on: whence the films come, how many at most (None: all), and the form of its tables."""

    source: str
    limit: int | None
    form: TableForm


class RunFolder:
    """Open it by `opened`. `films` is the number of films of the run, `began` false when it goes on."""

    def __init__(self, out: Path, terms: RunTerms, source: FilmSource) -> None:
        self.work = out / _WORK
        self._out, self._terms = out, terms
        self.list = FilmList(self.work / "films.jsonl")
        self.tables = Tables(self.work, terms.form)
        known = self._known()
        self.began = known is None
        self.films = self._begin(source) if known is None else known

    @classmethod
    @contextmanager
    def opened(cls, out: Path, terms: RunTerms, source: FilmSource) -> Iterator["RunFolder"]:
        """Lists the films where nobody has. Raises PermanentError: 'run_finished', 'folder_in_use', 'other_run' (its terms were others), 'no_films', 'bad_source'."""
        work = out / _WORK
        if (out / _SUMMARY).exists():
            shutil.rmtree(work, ignore_errors=True)
            raise PermanentError(f"{out} holds a finished run; name another folder with --out", code="run_finished")
        if out.is_dir() and not work.is_dir() and any(out.iterdir()):
            raise PermanentError(f"{out} holds other things; name a new folder with --out", code="folder_in_use")
        if isinstance(source, FolderSource) and out.resolve().is_relative_to(source.root.resolve()):
            raise PermanentError(f"{out} lies in the source; name a folder outside it", code="folder_in_use")
        try:
            work.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (work / "lock").open("w")
        except OSError as error:
            raise PermanentError(f"{out} cannot be written ({error.strerror})", code="file_unwritable") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise PermanentError(f"another run writes to {out} at this moment", code="folder_in_use") from None
            yield cls(out, terms, source)

    def finish(self, parts: int) -> Counts:
        """Tables and summary in the folder, the working folder gone."""
        counts = self.tables.put_together(parts, self._out)
        told = {
            "films": self.films,
            "fates": [{"fate": fate, "code": code, "films": n} for (fate, code), n in counts.fates.items()],
            "same_bytes_as_an_earlier_film": counts.repeated,
            "model": asdict(self._terms.form.model),
            "wetread": __version__,
        }
        _write_whole(self._out / _SUMMARY, told)
        shutil.rmtree(self.work)
        return counts

    def _known(self) -> int | None:
        """How many films the run has that is to go on."""
        terms = self.work / _TERMS
        if not terms.exists():
            return None
        told = json.loads(terms.read_text("utf-8"))
        films = int(told.pop("films"))
        here = self._told()
        if told != here:
            other = ", ".join(sorted(name for name in here if told.get(name) != here[name]))
            raise PermanentError(
                f"{self._out} holds an unfinished run with another {other}; name another folder with --out, or say the same again",
                code="other_run",
            )
        return films

    def _begin(self, source: FilmSource) -> int:
        films = self.list.write(islice(source.films(), self._terms.limit))
        if not films:
            shutil.rmtree(self.work)
            raise PermanentError("the source holds no file", code="no_films")
        _write_whole(self.work / _TERMS, self._told() | {"films": films})
        return films

    def _told(self) -> dict[str, object]:
        form = self._terms.form
        model = f"{form.model.name} {form.model.version} {form.model.sha256}"
        shape = {"model": model, "columns": [*form.findings, *form.groups], "keep_paths": form.keep_paths}
        return {"source": self._terms.source, "limit": self._terms.limit, **shape}


def _write_whole(place: Path, told: dict[str, object]) -> None:
    """There whole or not at all."""
    unfinished = place.with_suffix(".part")
    unfinished.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    sync(unfinished)
    unfinished.replace(place)
    sync(place.parent)
