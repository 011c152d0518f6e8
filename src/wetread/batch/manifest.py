"""A table of films, CSV or Parquet: `file` (or `path`) and, where they are there, `study`, what `wetread evaluate` groups by, and a column of labels for each finding that bears its name."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from wetread.batch.film_list import ListedFilm
from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.scorecard.predictions import AXES, LABELS

__all__ = ["ManifestSource"]

_GROUPS = ("patient", "date", *AXES)
_SLICE = 10_000
_SHOWN = 3


class ManifestSource:
    """Paths are relative to the manifest's folder, or absolute. Raises PermanentError(code='bad_manifest')."""

    def __init__(self, path: Path) -> None:
        self.root = path.absolute().parent
        self._name = path.name
        self._frame = self._opened(path)
        columns = self._frame.columns
        self._file = next((each for each in ("file", "path") if each in columns), "")
        if not self._file:
            raise self._bad("it has no column `file` (or `path`)")
        self.groups = tuple(each for each in _GROUPS if each in columns)
        self._findings: list[str] = [each.value for each in FindingName if each.value in columns]
        known = {self._file, "study", *self.groups, *self._findings}
        self.ignored = tuple(each for each in columns if each not in known)
        self._check()

    def films(self) -> Iterator[ListedFilm]:
        for part in self._frame.iter_slices(_SLICE):
            for row in part.iter_rows(named=True):
                groups = {name: row[name] for name in self.groups}
                labels = {name: row[name] for name in self._findings}
                yield ListedFilm(row[self._file], row.get("study", ""), groups, labels)

    def _opened(self, path: Path) -> pl.DataFrame:
        """Text in every cell, trimmed; nothing is ""."""
        try:
            if path.suffix.lower() == ".parquet":
                frame = pl.read_parquet(path)
            else:
                frame = pl.read_csv(path, infer_schema=False)
            return frame.select(pl.all().cast(pl.String).fill_null("").str.strip_chars())
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._bad(f"it cannot be read as a table ({type(error).__name__})") from None

    def _check(self) -> None:
        self._refuse(pl.col(self._file) == "", f"no `{self._file}`")
        if "study" in self._frame.columns:
            self._refuse(pl.col("study") == "", "no `study`; leave the column out, and films are named by their bytes")
            self._refuse(pl.col("study").is_duplicated(), "a `study` that stands there twice; name each film")
        for name in self._findings:
            said = pl.col(name).str.to_lowercase().is_in(list(LABELS))
            self._refuse(~said, f"a label of {name} that is not positive, negative, uncertain or empty")

    def _refuse(self, wrong: pl.Expr, what: str) -> None:
        rows = self._frame.select(wrong.arg_true()).to_series()
        if len(rows):
            shown = ", ".join(str(row + 2) for row in rows.head(_SHOWN))
            raise self._bad(f"{len(rows)} rows have {what}; the first: line {shown}")

    def _bad(self, problem: str) -> PermanentError:
        return PermanentError(f"manifest {self._name}: {problem}", code="bad_manifest")
