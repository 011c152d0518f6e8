"""A batch engine (`ports.batch_engine`) in this process: films are read when their outcome is asked for, first in, first out."""

from collections import Counter, deque
from collections.abc import Callable

from wetread.domain.batch import FilmRow, FilmTask, Unanswered

__all__ = ["InProcessEngine"]


class InProcessEngine:
    """`read` is what a reader does. `kills`: {number: so many times its reader dies of it}; `submitted` says how often each film was handed in."""

    def __init__(self, read: Callable[[FilmTask], FilmRow | Unanswered], size: int = 1) -> None:
        self._read, self._size = read, size
        self._waiting: deque[FilmTask] = deque()
        self._dies_next = False
        self.kills: Counter[int] = Counter()
        self.submitted: Counter[int] = Counter()
        self.most_out = 0
        self.closed = False

    @property
    def capacity(self) -> int:
        return 2 * self._size

    def kill_a_reader(self) -> None:
        """The one that has the next film in hand."""
        self._dies_next = True

    def submit(self, task: FilmTask) -> None:
        self.submitted[task.number] += 1
        self._waiting.append(task)
        self.most_out = max(self.most_out, len(self._waiting))

    def next_outcome(self) -> FilmRow | Unanswered:
        if not self._waiting:
            raise LookupError("no film is out")
        task = self._waiting.popleft()
        if self._dies_next or self.kills[task.number] > 0:
            self._dies_next = False
            self.kills[task.number] -= 1
            return Unanswered(task.number, "reader_killed", "Reading the film ended its reader.")
        return self._read(task)

    def close(self) -> None:
        self.closed = True
