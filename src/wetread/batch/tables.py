"""Rows to tables: `films`, one row a film, and `predictions`, one row a film and finding, as `wetread evaluate` reads it. Parquet and CSV, the same in both."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from wetread.batch.film_list import ListedFilm
from wetread.domain.analysis import ModelIdentity
from wetread.domain.batch import FilmRow, FindingScore
from wetread.storage.files import sync

__all__ = ["Counts", "TableForm", "Tables"]

_TEXT, _REAL = pl.String, pl.Float64
_HEADER = ("view", "manufacturer", "scanner")


@dataclass(frozen=True, slots=True)
class TableForm:
    """What decides the columns of a run's tables: the model and its `findings`, the manifest's `groups`, and whether paths stand in them."""

    model: ModelIdentity
    findings: tuple[str, ...]
    groups: tuple[str, ...]
    keep_paths: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of all films: (fate, code) to how many; `repeated`: of them, files with the same bytes as an earlier one."""

    fates: dict[tuple[str, str], int]
    repeated: int


class Tables:
    """Parts of a run in `folder`, each of some films in the order of the list, and what they are put together to."""

    def __init__(self, folder: Path, form: TableForm) -> None:
        self._folder = folder
        self._form = form

    def has(self, part: int) -> bool:
        return self._place("films", part).exists()

    def write(self, part: int, rows: Sequence[tuple[ListedFilm, FilmRow]]) -> None:
        """Durable, and there whole or not at all: `films` last, which says that the part is there."""
        scores = [self._prediction(film, row, score) for film, row in rows for score in row.findings]
        calibrated = [each for each in scores if each["probability"] is not None]
        for name, table, schema in (
            ("predictions", calibrated, self._prediction_schema()),
            ("films", [self._film(*each) for each in rows], self._film_schema()),
        ):
            unfinished = self._folder / f"{name}.unfinished"
            pl.DataFrame(table, schema=schema).write_parquet(unfinished)
            sync(unfinished)
            unfinished.replace(self._place(name, part))
        sync(self._folder)

    def put_together(self, parts: int, out: Path) -> Counts:
        """films and predictions, .parquet and .csv, in `out`. Of films with the same name only the first has predictions: a study stands once per finding."""
        films, predictions = (self._scan(name, parts) for name in ("films", "predictions"))
        twins, namesakes = (_repeats(films, column) for column in ("file_sha256", "study"))
        same_as = pl.col("number").replace_strict(twins, default=None, return_dtype=pl.Int64)
        films = films.with_columns(same_as.alias("same_as"))
        predictions = predictions.filter(~pl.col("number").is_in(list(namesakes)))
        for name, frame in (("films", films), ("predictions", predictions)):
            self._sink(frame, out / name)
        counted = films.group_by("fate", "code").len().sort("fate", "code").collect()
        return Counts({(fate, code): count for fate, code, count in counted.iter_rows()}, len(twins))

    def _sink(self, frame: pl.LazyFrame, place: Path) -> None:
        """The CSV is made of the Parquet, so that both hold the same."""
        whole = place.with_suffix(".parquet")
        unfinished = self._folder / "table.unfinished"
        frame.sink_parquet(unfinished)
        sync(unfinished)
        unfinished.replace(whole)
        pl.scan_parquet(whole).sink_csv(unfinished)
        sync(unfinished)
        unfinished.replace(place.with_suffix(".csv"))

    def _scan(self, name: str, parts: int) -> pl.LazyFrame:
        return pl.scan_parquet([self._place(name, part) for part in range(parts)])

    def _place(self, name: str, part: int) -> Path:
        return self._folder / f"{name}-{part:07d}.parquet"

    def _film_schema(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        path = {"path": _TEXT} if self._form.keep_paths else {}
        head = dict.fromkeys(("study", *path, "fate", "code", "reason", "file_sha256"), _TEXT)
        model = dict.fromkeys(("model", "model_version", "model_sha256", "input_sha256", *_HEADER, "flags"), _TEXT)
        far = {"ood_score": _REAL, "ood_p_value": _REAL}
        numbers = {f"{what}_{name}": _REAL for name in self._form.findings for what in ("raw_score", "probability")}
        return {"number": pl.Int64, **head, **model, **far, **numbers}

    def _film(self, film: ListedFilm, row: FilmRow) -> dict[str, object]:
        model = self._form.model
        told: dict[str, object] = {
            "number": row.number,
            "study": _name(film, row),
            "fate": row.fate.value,
            "code": row.code,
            "reason": row.reason,
            "file_sha256": row.file_sha256,
            "model": model.name,
            "model_version": model.version,
            "model_sha256": model.sha256,
            "input_sha256": row.input_sha256,
            "flags": " ".join(row.flags),
            "ood_score": row.ood_score,
            "ood_p_value": row.ood_p_value,
            **{name: getattr(row, name) for name in _HEADER},
        }
        if self._form.keep_paths:
            told["path"] = film.path.encode("utf-8", "backslashreplace").decode("utf-8")
        for each in row.findings:
            told |= {f"raw_score_{each.finding}": each.raw_score, f"probability_{each.finding}": each.probability}
        return told

    def _prediction_schema(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        groups = dict.fromkeys((*self._form.groups, *_HEADER), _TEXT)
        numbers = {"raw_score": _REAL, "called": pl.Boolean, "laterality": _TEXT, "input_sha256": _TEXT}
        return {
            "study": _TEXT, "finding": _TEXT, "probability": _REAL, "label": _TEXT, "threshold": _REAL, "model": _TEXT,
            **groups, **numbers, "number": pl.Int64,
        }  # fmt: skip

    def _prediction(self, film: ListedFilm, row: FilmRow, score: FindingScore) -> dict[str, object]:
        return {
            "study": _name(film, row),
            "finding": score.finding,
            "probability": score.probability,
            "label": film.labels.get(score.finding, ""),
            "threshold": score.threshold,
            "model": f"{self._form.model.name} {self._form.model.version}",
            **{name: getattr(row, name) for name in _HEADER},
            **film.groups,
            "raw_score": score.raw_score,
            "called": score.called,
            "laterality": score.laterality,
            "input_sha256": row.input_sha256,
            "number": row.number,
        }


def _name(film: ListedFilm, row: FilmRow) -> str:
    """The manifest's own, else its bytes'; of a film without either, its place in the list."""
    return film.study or row.file_sha256 or f"film-{row.number}"


def _repeats(films: pl.LazyFrame, column: str) -> dict[int, int]:
    """{number of a film: number of the first with the same value there}."""
    told = films.filter(pl.col(column) != "").select("number", first=pl.col("number").min().over(column))
    return dict(told.filter(pl.col("number") != pl.col("first")).collect().iter_rows())
