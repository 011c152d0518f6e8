"""A file of predictions with their labels, one row per study and finding, to columns that may enter a statistic. Ten million rows pass through one finding at a time.

CSV and Parquet by polars. What cannot be counted honestly is refused with the first rows that are wrong; what is left out is counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wetread.domain.errors import PermanentError
from wetread.evaluation.inputs import Flags, Floats
from wetread.evaluation.slices import age_band, bmi_band

__all__ = ["AXES", "LABELS", "REQUIRED", "FindingRows", "PredictionFile", "open_predictions", "select"]

REQUIRED = ("study", "finding", "probability", "label")
AXES = ("site", "manufacturer", "scanner", "view", "sex", "age", "ethnicity", "bmi")
"""Columns that become subgroups; age in years and BMI in kg/m^2 are cut into bands."""
_OPTIONAL = ("patient", "threshold", "date", "model", *AXES)
LABELS = {
    "positive": 1.0,
    "1": 1.0,
    "1.0": 1.0,
    "negative": 0.0,
    "0": 0.0,
    "0.0": 0.0,
    "uncertain": None,
    "-1": None,
    "-1.0": None,
    "": None,
    "not_mentioned": None,
}
_UNCERTAIN = ("uncertain", "-1", "-1.0")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class FindingRows:
    """One finding's cases, (n,) each, in the file's order: `truth` 0/1, `probability` 0..1, `threshold` NaN where none is given, `date` ISO text or "". `axes` holds group names.

    `uncertain` and `unlabelled` rows of this finding are not among the n.
    """

    finding: str
    studies: NDArray[np.str_]
    patients: NDArray[np.str_]
    truth: Floats
    probability: Floats
    threshold: Floats
    dates: NDArray[np.str_]
    axes: dict[str, NDArray[np.str_]]
    uncertain: int
    unlabelled: int


@dataclass(frozen=True, slots=True)
class PredictionFile:
    """An opened file: nothing is read before it is asked for. `ignored` columns are named in the report."""

    path: Path
    sha256: str
    rows: int
    findings: tuple[str, ...]
    models: tuple[str, ...]
    ignored: tuple[str, ...]
    has_patients: bool
    frame: pl.LazyFrame

    def rows_of(
        self, finding: str, model: str | None = None, uncertain_as: str = "ignore", *, unmentioned_as: str = "ignore"
    ) -> FindingRows:
        """The cases of a finding (and model). `uncertain_as`: "ignore", "positive" or "negative"; `unmentioned_as`: "ignore" or "negative" (an empty label is never counted).

        Raises PermanentError: 'bad_predictions' (a probability outside 0..1, an unknown label), 'duplicate_studies' (a study twice; its labels may even conflict).
        """
        chosen = self.frame.filter(pl.col("finding") == finding)
        if model is not None:
            chosen = chosen.filter(pl.col("model") == model)
        try:
            table = chosen.collect(engine="streaming")
        except pl.exceptions.PolarsError as error:  # a column that nothing asked for until now
            raise _no_table(self.path, error) from None
        _refuse_bad(table, finding)
        policy = dict.fromkeys(_UNCERTAIN, "uncertain" if uncertain_as == "ignore" else uncertain_as)
        if unmentioned_as != "ignore":
            policy["not_mentioned"] = unmentioned_as
        said = table["label"].replace(policy)
        truth = said.replace_strict(LABELS, return_dtype=pl.Float64)
        kept = truth.is_not_null()
        unsure = int(said.is_in(list(_UNCERTAIN)).sum())
        return _columns(finding, table.filter(kept), truth.filter(kept), unsure, len(table) - int(kept.sum()) - unsure)


def open_predictions(path: Path) -> PredictionFile:
    """Look at the columns, hash the bytes, count the rows. Raises PermanentError 'no_predictions' or 'bad_predictions'."""
    if not path.is_file():
        raise PermanentError(f"{path.name} is not there", code="no_predictions")
    try:
        raw = pl.scan_parquet(path) if path.suffix == ".parquet" else pl.scan_csv(path, infer_schema=False)
        columns = raw.collect_schema().names()
        missing = [each for each in REQUIRED if each not in columns]
        if missing:
            raise PermanentError(
                f"{path.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}: one row per study and finding, with {', '.join(REQUIRED)}",
                code="bad_predictions",
            )
        frame = raw.select(_typed(each, columns) for each in (*REQUIRED, *_OPTIONAL))
        counted = frame.select(
            pl.len().alias("rows"), pl.col("finding").unique().implode(), pl.col("model").unique().implode()
        ).collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        raise _no_table(path, error) from None
    findings, models = (tuple(sorted(counted[name][0].to_list())) for name in ("finding", "model"))
    if not counted["rows"][0]:
        raise PermanentError(f"{path.name} has no rows", code="bad_predictions")
    ignored = tuple(each for each in columns if each not in (*REQUIRED, *_OPTIONAL))
    return PredictionFile(
        path, _digest(path), int(counted["rows"][0]), findings, models, ignored, "patient" in columns, frame
    )


def _no_table(path: Path, error: pl.exceptions.PolarsError) -> PermanentError:
    return PermanentError(f"{path.name} cannot be read as a table: {type(error).__name__}", code="bad_predictions")


def _typed(name: str, columns: Sequence[str]) -> pl.Expr:
    if name in ("probability", "threshold", "age", "bmi"):
        column = pl.col(name) if name in columns else pl.lit(None)
        return column.cast(pl.Float64, strict=False).alias(name)
    column = pl.col(name) if name in columns else pl.lit("")
    text = column.cast(pl.String).fill_null("").str.strip_chars()
    return (text.str.to_lowercase() if name == "label" else text).alias(name)


def _refuse_bad(table: pl.DataFrame, finding: str) -> None:
    probability = table["probability"]
    outside = (probability.is_null() | probability.is_nan() | (probability < 0) | (probability > 1)).fill_null(True)
    if outside.any():
        raise _wrong(table, outside, f"{finding}: probability missing or outside 0..1 (is it a raw score?)")
    unknown = ~table["label"].is_in(list(LABELS))
    if unknown.any():
        raise _wrong(table, unknown, f"{finding}: a label is positive, negative, uncertain or empty")
    twice = table["study"].is_duplicated()
    if twice.any():
        conflict = table.filter(twice).group_by("study").agg(pl.col("label").n_unique().alias("labels"))["labels"].max()
        also = ", with labels that conflict" if isinstance(conflict, int) and conflict > 1 else ""
        raise _wrong(
            table,
            twice,
            f"{finding}: a study stands there more than once{also}; keep one row, or tell models apart by the column model",
            "duplicate_studies",
        )


def _wrong(table: pl.DataFrame, where: pl.Series, what: str, code: str = "bad_predictions") -> PermanentError:
    studies = table.filter(where)["study"].head(_SHOWN).to_list()
    more = f" and {int(where.sum()) - len(studies)} more" if int(where.sum()) > len(studies) else ""
    return PermanentError(f"{what}: study {', '.join(map(str, studies))}{more}", code=code)


def _columns(finding: str, table: pl.DataFrame, truth: pl.Series, uncertain: int, unlabelled: int) -> FindingRows:
    def text(name: str) -> NDArray[np.str_]:
        return table[name].to_numpy().astype(np.str_)

    patients = text("patient")
    studies = text("study")
    axes = {name: text(name) for name in AXES if name not in ("age", "bmi")}
    axes["age"] = _banded(table["age"], age_band)
    axes["bmi"] = _banded(table["bmi"], bmi_band)
    return FindingRows(
        finding=finding,
        studies=studies,
        patients=np.where(patients == "", np.char.add("study:", studies), patients),
        truth=truth.to_numpy().astype(np.float64),
        probability=table["probability"].to_numpy().astype(np.float64),
        threshold=table["threshold"].fill_null(float("nan")).to_numpy().astype(np.float64),
        dates=text("date"),
        axes={name: values for name, values in axes.items() if len(set(values.tolist())) > 1},
        uncertain=uncertain,
        unlabelled=unlabelled,
    )


def _banded(column: pl.Series, band: Callable[[float | None], str]) -> NDArray[np.str_]:
    """Each distinct value is named once: a million rows hold a hundred ages. A tenth is as fine as any cut."""
    values, place = np.unique(column.fill_null(float("nan")).to_numpy().round(1), return_inverse=True)
    return np.array([band(float(each)) for each in values], dtype=np.str_)[place]


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def select(rows: FindingRows, chosen: Flags) -> FindingRows:
    """Some of the cases."""
    return FindingRows(
        rows.finding,
        rows.studies[chosen],
        rows.patients[chosen],
        rows.truth[chosen],
        rows.probability[chosen],
        rows.threshold[chosen],
        rows.dates[chosen],
        {name: values[chosen] for name, values in rows.axes.items()},
        0,
        0,
    )
