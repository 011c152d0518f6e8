"""A few films of a source, read to say how long all of them will take. Nothing is written."""

import time
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from wetread.batch.film_list import FilmSource
from wetread.batch.film_reading import row_of
from wetread.domain.batch import FilmRow, FilmTask, Unanswered
from wetread.reader import FilmReader

__all__ = ["Sample", "fate_of", "sampled"]

_TRIED = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """`size_bytes` is of all `films`; `seconds` of the `tried` ones, after the first has warmed its reader up. `fates`: "read", or fate and code, to how many."""

    films: int
    size_bytes: int
    tried: int
    seconds: float
    fates: Counter[str]


def sampled(source: FilmSource, limit: int | None, bundle: Path | None) -> Sample:
    """Films at even distances; the source is walked through twice."""
    films = size = 0
    for film in islice(source.films(), limit):
        films += 1
        size += _size(source.root / film.path)
    step = max(1, films // _TRIED)
    chosen = [source.root / film.path for film in islice(source.films(), 0, films, step)][:_TRIED]
    fates, seconds = Counter[str](), 0.0
    with FilmReader(bundle=bundle) as reader:
        for path in chosen[:1]:
            reader.read(path)
        for number, path in enumerate(chosen, 1):
            began_s = time.perf_counter()
            row = row_of(reader, FilmTask(number, str(path)))
            seconds += time.perf_counter() - began_s
            fates[fate_of(row)] += 1
    return Sample(films, size, len(chosen), seconds, fates)


def fate_of(row: FilmRow | Unanswered) -> str:
    """As it is counted: "read", or fate and code."""
    if isinstance(row, Unanswered):
        return row.code
    return f"{row.fate} ({row.code})" if row.code else str(row.fate)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
