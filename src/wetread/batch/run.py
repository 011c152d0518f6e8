"""A run over many films: what is handed out, what is tried again, when to stop. It holds no more films than the engine has out and the parts that are not complete."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wetread.batch.film_list import ListedFilm
from wetread.batch.film_reading import digest_of
from wetread.batch.journal import Journal
from wetread.batch.reader_pool import KILLED
from wetread.domain.batch import FilmFate, FilmRow, FilmTask, Unanswered
from wetread.domain.errors import TransientError
from wetread.ports.batch_engine import BatchEngine

__all__ = ["ATTEMPTS", "OUT_OF_REACH", "RunRules", "read_films"]

ATTEMPTS = 3
OUT_OF_REACH = 16
_NO_BYTES = ("bytes_missing", "unreadable_file")


@dataclass(frozen=True, slots=True)
class RunRules:
    """`keep_going`: films without bytes are written down however many come in a row. `stopped`: asked before each film that is handed out. `told`: of each row, and of None for a film that was done before."""

    root: Path
    keep_going: bool
    stopped: Callable[[], bool]
    told: Callable[[FilmRow | None], None]


class _Run:
    def __init__(self, engine: BatchEngine, journal: Journal, rules: RunRules) -> None:
        self._engine, self._journal, self._rules = engine, journal, rules
        self._out: dict[int, FilmTask] = {}
        self._again: deque[FilmTask] = deque()
        self._short_of: Counter[int] = Counter()
        self._held: list[FilmRow] = []

    def over(self, films: Iterator[tuple[int, ListedFilm]]) -> bool:
        tasks = self._tasks(films)
        stopped = False
        while True:
            stopped = stopped or self._rules.stopped()
            while not stopped and len(self._out) < self._engine.capacity:
                task = self._again.popleft() if self._again else next(tasks, None)
                if task is None:
                    break
                self._out[task.number] = task
                self._engine.submit(task)
                stopped = self._rules.stopped()
            if not self._out:
                break
            self._take(self._engine.next_outcome())
        if not stopped:
            self._write_held()
        return not stopped

    def _tasks(self, films: Iterator[tuple[int, ListedFilm]]) -> Iterator[FilmTask]:
        for number, film in films:
            if self._journal.wants(number, film):
                yield FilmTask(number, str(self._rules.root / film.path))
            else:
                self._rules.told(None)

    def _take(self, outcome: FilmRow | Unanswered) -> None:
        task = self._out.pop(outcome.number)
        if isinstance(outcome, FilmRow):
            self._settle(outcome)
        elif self._may_try_again(outcome):
            self._again.append(task)
        else:
            reason = f"{outcome.reason} Tried {ATTEMPTS} times."
            digest = digest_of(Path(task.path))
            self._settle(FilmRow(outcome.number, FilmFate.FAILED, outcome.code, reason, digest))

    def _may_try_again(self, outcome: Unanswered) -> bool:
        if outcome.code == KILLED:
            self._journal.record_death(outcome.number)
            return self._journal.deaths(outcome.number) < ATTEMPTS
        self._short_of[outcome.number] += 1
        return self._short_of[outcome.number] < ATTEMPTS

    def _settle(self, row: FilmRow) -> None:
        """Films without bytes wait for one that has some: where none comes for long, it is the source that is away, not the films."""
        self._short_of.pop(row.number, None)
        if row.code in _NO_BYTES and not self._rules.keep_going:
            self._held.append(row)
            if len(self._held) >= OUT_OF_REACH:
                raise TransientError(
                    f"{OUT_OF_REACH} files in a row could not be opened: is the source mounted, are the manifest's paths right? "
                    "None of them is written down. With --keep-going they are, as failed.",
                    code="source_away",
                )
            return
        self._write_held()
        self._write(row)

    def _write_held(self) -> None:
        for row in self._held:
            self._write(row)
        self._held.clear()

    def _write(self, row: FilmRow) -> None:
        self._journal.record(row)
        self._rules.told(row)


def read_films(films: Iterator[tuple[int, ListedFilm]], engine: BatchEngine, journal: Journal, rules: RunRules) -> bool:
    """True when every film is written down, False when it was stopped before: films under way are finished first.

    Raises TransientError(code='source_away') when files cannot be opened, one after the other, and what the engine raises.
    """
    return _Run(engine, journal, rules).over(films)
