"""Waking workers: a hint that a job is due. The job itself is a row of the working database and nowhere else (ADR-0001)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["DispatchState", "Dispatcher", "Wake"]


@dataclass(frozen=True, slots=True)
class Wake:
    """A job became due: its number and rank (-1 to 3, larger is sooner), nothing of the study (law 4). `receipt` is the dispatcher's own."""

    job_id: int
    priority: int
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class DispatchState:
    """`waiting`: hints that no worker has taken; `pending`: taken, and their work not over. Both None while it is not `up`, and where each process has its own."""

    name: str
    up: bool
    waiting: int | None = None
    pending: int | None = None


class Dispatcher(Protocol):
    """May forget, repeat and reorder: who is woken asks the database what is to be done, and asks it every `poll_s` seconds anyway. No method raises, whatever the network does."""

    @property
    def poll_s(self) -> float:
        """How long an idle worker waits at most before it looks by itself, at most 1."""
        ...

    def announce(self, wakes: Sequence[Wake]) -> None:
        """These jobs are committed and due."""
        ...

    def wait(self, timeout_s: float) -> Sequence[Wake]:
        """Until something is announced, the most urgent first; nothing after `timeout_s` (0: at once), or at most a second later where the network hangs."""
        ...

    def done(self, wakes: Sequence[Wake]) -> None:
        """The worker that took these has looked, and worked on what it found. What is never done is handed to another worker."""
        ...

    def state(self) -> DispatchState: ...
    def close(self) -> None: ...
