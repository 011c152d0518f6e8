"""A run over many films: what is handed out, what is tried again, when to stop. It holds no more films than the engine has out and the parts that are not complete."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wetread.batch.film_reading import digest_of
from wetread.batch.film_supply import FilmSupply, Numbered
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
    """`supply`: where the films are had from. `keep_going`: films without bytes are written down however many come in a row. `stopped`: asked before each film that is handed out. `told`: of each row, and of None for a film that was done before."""

    supply: FilmSupply
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
        self._missed: list[FilmRow] = []

    def over(self, films: Numbered) -> bool:
        wanted = self._wanted(films)
        supply = self._rules.supply
        stopped = False
        while True:
            stopped = stopped or self._rules.stopped()
            while not stopped and len(self._out) < self._engine.capacity:
                task = self._again.popleft() if self._again else supply.take(wanted, wait=not self._out)
                if task is None:
                    break
                if isinstance(task, FilmRow):
                    self._miss(task)
                else:
                    self._write_all(self._missed)
                    self._out[task.number] = task
                    self._engine.submit(task)
                stopped = self._rules.stopped()
            if not self._out:
                break
            self._take(self._engine.next_outcome())
        if stopped or self._rules.stopped():
            return False
        if self._missed and not supply.is_there():
            raise self._away(self._missed)
        self._write_all(self._missed)
        self._write_all(self._held)
        return True

    def _wanted(self, films: Numbered) -> Numbered:
        for number, film in films:
            if self._journal.wants(number, film):
                yield number, film
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
        self._rules.supply.settled(row.number)
        if row.code in _NO_BYTES:
            self._hold(row, self._held)
            return
        self._write_all(self._held)
        self._write(row)

    def _miss(self, row: FilmRow) -> None:
        """Films that could not be had wait for one that can: rows of films that came before prove nothing."""
        self._rules.supply.settled(row.number)
        self._hold(row, self._missed)

    def _hold(self, row: FilmRow, held: list[FilmRow]) -> None:
        if self._rules.keep_going:
            self._write(row)
            return
        held.append(row)
        if len(held) >= OUT_OF_REACH:
            raise self._away(held)

    def _away(self, held: list[FilmRow]) -> TransientError:
        return TransientError(
            f"{len(held)} {self._rules.supply.away} The last: {held[-1].code}, {held[-1].reason} "
            "None of them is written down. With --keep-going they are, as failed.",
            code="source_away",
        )

    def _write_all(self, held: list[FilmRow]) -> None:
        for row in held:
            self._write(row)
        held.clear()

    def _write(self, row: FilmRow) -> None:
        self._journal.record(row)
        self._rules.told(row)


def read_films(films: Numbered, engine: BatchEngine, journal: Journal, rules: RunRules) -> bool:
    """True when every film is written down, False when it was stopped before: films under way are finished first.

    Raises TransientError(code='source_away') when films cannot be had, one after the other, or at the end where the source does not answer; and what the engine raises.
    """
    return _Run(engine, journal, rules).over(films)
