"""One durable commit for everything that concurrent receivers bring: whoever comes first commits for all who are waiting, the others wait for their own result.

A leader under a lock instead of a committer thread: nothing to start, stop or revive, and a leader that fails tells its followers so.
"""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

from wetread.domain.acting_from import acting_from
from wetread.domain.errors import TransientError

__all__ = ["GroupCommit"]


Item = TypeVar("Item")
Result = TypeVar("Result")


class _Ticket(Generic[Item, Result]):
    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.results: list[Result | Exception] | None = None


class GroupCommit(Generic[Item, Result]):
    """`commit` takes items and makes them durable in one transaction, or raises and changes nothing."""

    def __init__(self, commit: Callable[[Sequence[Item]], Sequence[Result]], *, limit: int = 64) -> None:
        self._commit = commit
        self._limit = limit
        self._waiting: deque[_Ticket[Item, Result]] = deque()
        self._turn = Lock()

    def submit(self, items: Sequence[Item]) -> list[Result | Exception]:
        """One result or error per item; no result is returned before its commit was durable."""
        ticket = _Ticket[Item, Result](items)
        self._waiting.append(ticket)
        with self._turn:
            while ticket.results is None:
                self._commit_for_all()
        return ticket.results

    def _commit_for_all(self) -> None:
        tickets = self._next_tickets()
        results: list[Result | Exception] = []
        try:
            with acting_from(""):  # for many, who came from many places
                results = self._commit_or_split([item for ticket in tickets for item in ticket.items])
        finally:
            for ticket in tickets:
                size = len(ticket.items)
                failed = [TransientError("the commit was interrupted: send again", code="interrupted")] * size
                ticket.results, results = (results[:size] or [*failed]), results[size:]

    def _next_tickets(self) -> list[_Ticket[Item, Result]]:
        tickets = [self._waiting.popleft()]
        room = self._limit - len(tickets[0].items)
        while self._waiting and len(self._waiting[0].items) <= room:
            tickets.append(self._waiting.popleft())
            room -= len(tickets[-1].items)
        return tickets

    def _commit_or_split(self, items: Sequence[Item]) -> list[Result | Exception]:
        """An error of one item must not fail its neighbours: halve until it stands alone. Transient trouble is everybody's."""
        if not items:
            return []
        try:
            return list(self._commit(items))
        except TransientError as error:
            return [error] * len(items)
        except Exception as error:  # noqa: BLE001  (the caller turns each error into that sender's refusal)
            if len(items) == 1:
                return [error]
            middle = len(items) // 2
            return self._commit_or_split(items[:middle]) + self._commit_or_split(items[middle:])
