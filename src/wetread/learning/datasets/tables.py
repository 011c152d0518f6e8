"""Reads a dataset's CSV tables (plain or gzip) row by row; what cannot be read is named by file, row and column, never by content."""

import csv
import gzip
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from wetread.learning.datasets.labelled_film import DatasetError

__all__ = ["Row", "find_table", "find_tables", "rows", "sex"]

_AGE = re.compile(r"([0-9]{1,4}(?:\.[0-9]+)?)([YMWD]?)")
_PER_YEAR = {"": 1, "Y": 1, "M": 12, "W": 52.18, "D": 365.25}
_OLDEST_YEARS = 120


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells by column name, and where it stands."""

    table: str
    number: int
    cells: dict[str, str]

    def malformed(self, column: str, expected: str) -> DatasetError:
        return DatasetError(
            f"{self.table}, row {self.number}, column '{column}': expected {expected}. Mend or remove the row, or fetch the file again."
        )

    def text(self, column: str) -> str:
        """The cell without surrounding blanks; empty where the table lacks this optional column."""
        return self.cells.get(column, "").strip()

    def given(self, column: str) -> str:
        """The cell, which must not be empty."""
        if value := self.text(column):
            return value
        raise self.malformed(column, "a value")

    def number_of(self, column: str) -> float:
        """The cell as a finite number."""
        try:
            value = float(self.text(column))
        except ValueError:
            raise self.malformed(column, "a number") from None
        if not math.isfinite(value):
            raise self.malformed(column, "a finite number")
        return value

    def optional_number(self, column: str) -> float | None:
        """The cell as a finite number, None where it is empty or absent."""
        return self.number_of(column) if self.text(column) else None

    def age_years(self, column: str) -> float | None:
        """An age as DICOM AS (`058Y`, `006M`) or in years; None where empty, 0 (how these datasets write unknown) or above 120."""
        if not (text := self.text(column)):
            return None
        if not (match := _AGE.fullmatch(text)):
            raise self.malformed(column, "an age such as 58 or 058Y")
        years = float(match[1]) / _PER_YEAR[match[2]]
        return years if 0 < years <= _OLDEST_YEARS else None

    def short_side_px(self, rows_column: str, columns_column: str) -> int:
        """The smaller of two pixel counts, 0 unless both are given."""
        sides = [self.optional_number(name) for name in (rows_column, columns_column)]
        return int(min(side or 0 for side in sides))


def sex(text: str) -> str:
    """DICOM Patient's Sex (0010,0040): M, F, O, or empty."""
    first = text.strip()[:1].upper()
    return first if first in ("M", "F", "O") else ""


def find_tables(root: Path, *patterns: str) -> list[Path]:
    """All files under the patterns, sorted, each also looked for with `.gz`."""
    found = {path for pattern in patterns for name in (pattern, pattern + ".gz") for path in root.glob(name)}
    return sorted(path for path in found if path.is_file())


def find_table(root: Path, *patterns: str) -> Path:
    """The first file under the patterns; raises DatasetError naming what was looked for."""
    if found := find_tables(root, *patterns):
        return found[0]
    raise DatasetError(
        f"No {' or '.join(patterns)} (plain or .gz) in the given folder. Pass the folder that holds it, or fetch the file from the publisher."
    )


def rows(path: Path, required: Sequence[str]) -> Iterator[Row]:
    """All rows of a table with a header; raises DatasetError for a missing column, a row of another width, or bytes that are no text."""
    try:
        with _opened(path) as stream:
            yield from _rows(csv.DictReader(stream), path.name, required)
    except (UnicodeDecodeError, csv.Error, OSError, EOFError) as error:
        raise DatasetError(
            f"{path.name} cannot be read as CSV in UTF-8 ({type(error).__name__}). Fetch the file again."
        ) from None


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _rows(reader: "csv.DictReader[str]", table: str, required: Sequence[str]) -> Iterator[Row]:
    if missing := [name for name in required if name not in (reader.fieldnames or ())]:
        raise DatasetError(
            f"{table} lacks the column(s) {', '.join(missing)}. Is it the publisher's file, with its header?"
        )
    for cells in reader:
        if None in cells or None in cells.values():
            raise DatasetError(
                f"{table}, row {reader.line_num}: not as many cells as the header. Mend or remove the row."
            )
        yield Row(table, reader.line_num, cells)
