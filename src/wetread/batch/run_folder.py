"""Where a run writes: its tables and their summary, and until they are there a working folder for its owner alone, with the list of films and what is done of it."""

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from wetread import __version__
from wetread.batch.durable import write_whole
from wetread.batch.film_list import FilmList, FilmSource, FolderSource
from wetread.batch.listing import Listed, SteppedSource, list_on
from wetread.batch.tables import Counts, TableForm, Tables
from wetread.domain.errors import PermanentError

__all__ = ["RunFolder", "RunTerms"]

Told = Callable[[Listed, float], None]
_WORK, _SUMMARY, _TERMS = "unfinished", "summary.json", "run.json"


@dataclass(frozen=True, slots=True)
class RunTerms:
    """What must be the same for a run to go on: whence the films come, how many at most (None: all), and the form of its tables."""

    source: str
    limit: int | None
    form: TableForm


class RunFolder:
    """Open it by `opened`. `films` is the number of films of the run, `began` false when it goes on; `listed` what the list of a SteppedSource left out."""

    def __init__(self, out: Path, terms: RunTerms, source: FilmSource | SteppedSource, told: Told) -> None:
        self.work = out / _WORK
        self._out, self._terms = out, terms
        self.list = FilmList(self.work / "films.jsonl")
        self.tables = Tables(self.work, terms.form)
        self.began = not (self.work / _TERMS).exists()
        known = None if self.began else self._known()
        self.listed = Listed() if isinstance(source, FilmSource) else self._list_on(source, told)
        self.films = known or self._begin(source)

    @classmethod
    @contextmanager
    def opened(
        cls, out: Path, terms: RunTerms, source: FilmSource | SteppedSource, told: Told = lambda listed, share: None
    ) -> Iterator["RunFolder"]:
        """Lists the films where nobody has, or goes on with that; `told`: after each step of it. Raises PermanentError: 'run_finished', 'folder_in_use', 'other_run' (its terms were others), 'no_films', 'bad_source'."""
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
            yield cls(out, terms, source, told)

    def finish(self, parts: int) -> Counts:
        """Tables and summary in the folder, the working folder gone."""
        counts = self.tables.put_together(parts, self._out)
        told = {
            "films": self.films,
            "fates": [{"fate": fate, "code": code, "films": n} for (fate, code), n in counts.fates.items()],
            "same_bytes_as_an_earlier_film": counts.repeated,
            **({"studies": self.listed.studies, "left_out": self.listed.left_out} if self.listed.whole else {}),
            "model": asdict(self._terms.form.model),
            "wetread": __version__,
        }
        write_whole(self._out / _SUMMARY, told)
        shutil.rmtree(self.work)
        return counts

    def _known(self) -> int | None:
        """How many films the run has that is to go on; None where they are still being listed."""
        told = json.loads((self.work / _TERMS).read_text("utf-8"))
        films: int | None = told.pop("films")
        here = self._told()
        if told != here:
            other = ", ".join(sorted(name for name in here if told.get(name) != here[name]))
            raise PermanentError(
                f"{self._out} holds an unfinished run with another {other}; name another folder with --out, or say the same again",
                code="other_run",
            )
        return films

    def _list_on(self, source: SteppedSource, told: Told) -> Listed:
        if self.began:
            write_whole(self.work / _TERMS, self._told() | {"films": None})
        return list_on(self.list.file, source, self._terms.limit, told)

    def _begin(self, source: FilmSource | SteppedSource) -> int:
        films = self.listed.films
        if isinstance(source, FilmSource):
            films = self.list.write(islice(source.films(), self._terms.limit))
        if not films:
            shutil.rmtree(self.work)
            left_out = ", ".join(f"{count} {reason}" for reason, count in self.listed.left_out.items())
            raise PermanentError(
                "the source holds no film" + (f" that was asked for ({left_out})" if left_out else ""), code="no_films"
            )
        write_whole(self.work / _TERMS, self._told() | {"films": films})
        return films

    def _told(self) -> dict[str, object]:
        form = self._terms.form
        model = f"{form.model.name} {form.model.version} {form.model.sha256}"
        shape = {"model": model, "columns": [*form.findings, *form.groups], "keep_paths": form.keep_paths}
        return {"source": self._terms.source, "limit": self._terms.limit, **shape}
