"""What is done, written down film by film, so that a run that was killed goes on where it was: no film is read twice, none is missing.

Films belong to parts by their numbers. A part's rows are lines of a file as they come, in any order; when all are there the part becomes a table, in order, and its lines go. Lines survive
the end of this process; what power loss takes of them is read again. Deaths of readers are lines, too: a film that kills its readers is not tried anew by each run.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from wetread.batch.film_list import ListedFilm
from wetread.batch.row_text import outcome_of, text_of
from wetread.batch.tables import Tables
from wetread.domain.batch import FilmRow

__all__ = ["PART", "Journal"]

PART = 256
"""Films of a part."""


@dataclass(slots=True)
class _Open:
    lines: BinaryIO
    rows: dict[int, FilmRow] = field(default_factory=dict)
    films: dict[int, ListedFilm] = field(default_factory=dict)
    deaths: Counter[int] = field(default_factory=Counter)


class Journal:
    """Of a run over `films` films, in `folder`. Use it from one thread; who else writes there has been kept out."""

    def __init__(self, folder: Path, tables: Tables, films: int) -> None:
        self._folder, self._tables, self._films = folder, tables, films
        self.parts = -(-films // PART)
        self._open: dict[int, _Open] = {}
        self._complete: set[int] = set()

    def wants(self, number: int, film: ListedFilm) -> bool:
        """False when the film is done. Ask for every film, in order: a part is finished when all of its films were named here."""
        part = (number - 1) // PART
        if part in self._complete:
            return False
        if part not in self._open and self._tables.has(part):
            self._place(part).unlink(missing_ok=True)  # it ended between the table and this
            self._complete.add(part)
            return False
        opened = self._opened(part)
        opened.films[number] = film
        done = number in opened.rows
        if done:
            self._finish(part)
        return not done

    def record(self, row: FilmRow) -> None:
        part = (row.number - 1) // PART
        opened = self._opened(part)
        self._say(opened, text_of(row))
        opened.rows[row.number] = row
        self._finish(part)

    def record_death(self, number: int) -> None:
        """A reader died of it."""
        opened = self._opened((number - 1) // PART)
        opened.deaths[number] += 1
        self._say(opened, json.dumps({"died_of": number}))

    def deaths(self, number: int) -> int:
        """Of readers, by this film, in all runs."""
        return self._opened((number - 1) // PART).deaths[number]

    def close(self) -> None:
        for opened in self._open.values():
            opened.lines.close()
        self._open.clear()

    def _finish(self, part: int) -> None:
        opened = self._open[part]
        expected = min(PART, self._films - part * PART)
        if len(opened.rows) < expected or len(opened.films) < expected:
            return
        self._tables.write(part, [(opened.films[number], opened.rows[number]) for number in sorted(opened.rows)])
        opened.lines.close()
        del self._open[part]
        self._place(part).unlink()

    def _opened(self, part: int) -> _Open:
        if part not in self._open:
            self._open[part] = self._read(part)
        return self._open[part]

    def _read(self, part: int) -> _Open:
        """Up to the first line that is not whole: what follows it is read again."""
        lines = self._place(part).open("a+b", buffering=0)
        opened = _Open(lines)
        lines.seek(0)
        kept = 0
        for line in lines.read().splitlines(keepends=True):
            if not line.endswith(b"\n") or not _take(line, opened):
                break
            kept += len(line)
        lines.truncate(kept)
        return opened

    @staticmethod
    def _say(opened: _Open, text: str) -> None:
        opened.lines.write(text.encode("ascii") + b"\n")

    def _place(self, part: int) -> Path:
        return self._folder / f"open-{part:07d}.jsonl"


def _take(line: bytes, opened: _Open) -> bool:
    try:
        told = json.loads(line)
        if "died_of" in told:
            opened.deaths[int(told["died_of"])] += 1
            return True
        outcome = outcome_of(line)
    except (ValueError, TypeError):
        return False
    if not isinstance(outcome, FilmRow):
        return False
    opened.rows[outcome.number] = outcome
    return True
