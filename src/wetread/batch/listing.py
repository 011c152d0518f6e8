"""The list of a run whose source is long to list: it grows step by step, each step durable with its cursor, so that a killed listing goes on where it was."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from wetread.batch.durable import write_whole
from wetread.batch.film_list import ListedFilm, line_of
from wetread.storage.files import sync

__all__ = ["Listed", "ListedStep", "SteppedSource", "list_on"]


@dataclass(frozen=True, slots=True)
class ListedStep:
    """What a step found: `studies` asked about, their `films`, how many instances were left out by reason. `cursor`: where the next step begins; `share` 0..1: how far the whole listing is."""

    cursor: str
    films: tuple[ListedFilm, ...]
    studies: int
    left_out: Mapping[str, int]
    share: float


class SteppedSource(Protocol):
    def steps(self, cursor: str) -> Iterator[ListedStep]:
        """From `cursor` on; "": from the beginning. The same question finds the same films, but for what changed there meanwhile."""
        ...


@dataclass(slots=True)
class Listed:
    """How far a listing is; `size` is the list's, in bytes."""

    cursor: str = ""
    films: int = 0
    studies: int = 0
    size: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    whole: bool = False


def list_on(list_file: Path, source: SteppedSource, limit: int | None, told: Callable[[Listed, float], None]) -> Listed:
    """Appends to `list_file` until it is whole, or holds `limit` films. What a kill left behind the last step is cut off. `told`: after each step."""
    state = list_file.with_suffix(".state")
    listed = Listed(**json.loads(state.read_text("utf-8"))) if state.exists() else Listed()
    with list_file.open("ab") as out:
        out.truncate(listed.size)
        steps = iter(()) if listed.whole else source.steps(listed.cursor)
        for step in steps:
            room = len(step.films) if limit is None else limit - listed.films
            films = step.films[:room]
            out.write(b"".join(map(line_of, films)))
            out.flush()
            sync(list_file)
            _count(listed, step, len(films), out.tell())
            listed.whole = listed.films == limit
            write_whole(state, asdict(listed))
            told(listed, step.share)
            if listed.whole:
                return listed
        listed.whole = True
        write_whole(state, asdict(listed))
    return listed


def _count(listed: Listed, step: ListedStep, films: int, size: int) -> None:
    listed.cursor, listed.size = step.cursor, size
    listed.films, listed.studies = listed.films + films, listed.studies + step.studies
    listed.left_out = dict(Counter(listed.left_out) + Counter(step.left_out))
