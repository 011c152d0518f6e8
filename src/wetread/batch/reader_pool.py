"""Readers side by side, whatever they are made of: who is starting, who has which film, what it means when one dies. Implements `ports.batch_engine.BatchEngine`."""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from wetread.batch.film_reading import task_text
from wetread.batch.row_text import outcome_of
from wetread.domain.batch import FilmRow, FilmTask, Unanswered
from wetread.domain.errors import PermanentError, TransientError

__all__ = ["KILLED", "ONE_THREAD", "Reader", "ReaderGone", "ReaderPool", "Readers"]

KILLED = "reader_killed"
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Of the environment of each reader: there are as many readers as cores."""
_DEATHS_AT_START = 3


class ReaderGone(Exception):
    """It died, or says nonsense."""


class Reader(Protocol):
    """One reader: it says a line when it is ready, and a line for each task."""

    def send(self, task: str) -> None:
        """Raises ReaderGone."""
        ...

    def receive(self) -> str:
        """Waits; raises ReaderGone."""
        ...

    def stop(self) -> None: ...


_R = TypeVar("_R", bound=Reader)


class Readers(Protocol[_R]):
    """Where readers come from."""

    def start(self) -> _R:
        """Does not wait for it to be ready."""
        ...

    def wait(self, readers: Sequence[_R]) -> _R:
        """The next of these that says something, or dies."""
        ...

    def close(self) -> None: ...


@dataclass(slots=True, eq=False)
class _Place(Generic[_R]):
    """`pid` 0: not ready yet."""

    reader: _R
    pid: int = 0
    task: FilmTask | None = None


class ReaderPool(Generic[_R]):
    """`size` readers; one that dies is replaced, and its film, if it had one, comes back unanswered. `model_sha256`: what each of them must have loaded."""

    def __init__(self, readers: Readers[_R], size: int, model_sha256: str) -> None:
        self._readers = readers
        self._model_sha256 = model_sha256
        self._waiting: deque[FilmTask] = deque()
        self._places = [_Place(readers.start()) for _ in range(size)]
        self._deaths_at_start = 0
        self._closed = False

    @property
    def capacity(self) -> int:
        return 2 * len(self._places)

    def pids(self) -> tuple[int, ...]:
        """Of the readers that are ready."""
        return tuple(place.pid for place in self._places if place.pid)

    def submit(self, task: FilmTask) -> None:
        self._waiting.append(task)
        self._hand_out()

    def next_outcome(self) -> FilmRow | Unanswered:
        if not self._waiting and all(place.task is None for place in self._places):
            raise LookupError("no film is out")
        while True:
            self._hand_out()
            speaking = {id(place.reader): place for place in self._places if place.task or not place.pid}
            place = speaking[id(self._readers.wait([each.reader for each in speaking.values()]))]
            outcome = self._hear(place)
            if outcome is not None:
                self._hand_out()
                return outcome

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for place in self._places:
            place.reader.stop()
        self._readers.close()

    def _hand_out(self) -> None:
        for place in self._places:
            if not self._waiting:
                return
            if place.pid and place.task is None:
                try:
                    place.reader.send(task_text(self._waiting[0]))
                except ReaderGone:  # it died with nothing in hand: no film is to blame
                    self._replace(place)
                else:
                    place.task = self._waiting.popleft()

    def _hear(self, place: _Place[_R]) -> FilmRow | Unanswered | None:
        """None: a reader came, or one died that had no film."""
        try:
            said = place.reader.receive()
            if not place.pid:
                self._welcome(place, said)
                return None
            outcome = outcome_of(said)
        except (ReaderGone, ValueError):
            return self._mourn(place)
        place.task = None
        return outcome

    def _welcome(self, place: _Place[_R], said: str) -> None:
        told = json.loads(said)
        if "code" in told:
            raise PermanentError(told["message"], code=told["code"])
        if told["model"] != self._model_sha256:
            raise PermanentError(
                "the model bundle was exchanged while it was in use: start again with another --out", code="bad_bundle"
            )
        place.pid, self._deaths_at_start = told["pid"], 0

    def _mourn(self, place: _Place[_R]) -> Unanswered | None:
        task, was_ready = place.task, bool(place.pid)
        self._replace(place)
        if not was_ready:
            self._deaths_at_start += 1
            if self._deaths_at_start >= _DEATHS_AT_START:
                raise TransientError(
                    "Readers die before they can read; check memory and process limits, or ask for fewer workers.",
                    code="reader_unavailable",
                )
        return Unanswered(task.number, KILLED, "Reading the film ended its reader.") if task else None

    def _replace(self, place: _Place[_R]) -> None:
        place.reader.stop()
        place.reader, place.pid, place.task = self._readers.start(), 0, None
