"""One transaction of the database in memory: a copy of the state that becomes the state, or is dropped."""

from typing import Protocol

from wetread.domain.errors import PermanentError, WetreadError
from wetread.testing.memory_state import MemoryState

__all__ = ["HoldsState", "MemoryTransaction"]


class HoldsState(Protocol):
    """Where the last committed state is."""

    state: MemoryState


class MemoryTransaction:
    """Reads and writes until `commit`; afterwards it is closed."""

    def __init__(self, database: HoldsState, *, write: bool) -> None:
        self._database = database
        self._writes = write
        self._state = database.state.copy() if write else database.state
        self._refusal: WetreadError | None = None

    @property
    def _visible(self) -> MemoryState:
        if self._refusal:
            raise self._refusal
        return self._state

    @property
    def _changing(self) -> MemoryState:
        if not self._writes:
            raise PermanentError("this unit of work only reads", code="read_only")
        return self._visible

    def _refuse(self, error: WetreadError) -> WetreadError:
        """From now on this transaction answers everything, commit included, with `error`."""
        self._refusal = error
        return error

    def commit(self) -> None:
        state = self._visible
        if self._writes:
            state.check()
            self._database.state = state
        self._refuse(PermanentError("this unit of work is already committed", code="unit_closed"))
