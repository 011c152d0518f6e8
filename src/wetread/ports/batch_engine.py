"""What we ask of whoever reads many films side by side: take this film, tell me of the next that is done."""

from typing import Protocol

from wetread.domain.batch import FilmRow, FilmTask, Unanswered

__all__ = ["BatchEngine"]


class BatchEngine(Protocol):
    """Every film that is handed in is answered for once, in whatever order. Nothing is tried again here, and nothing kept: who asks decides."""

    @property
    def capacity(self) -> int:
        """So many films may be out at once: enough that no reader waits, and no more."""
        ...

    def submit(self, task: FilmTask) -> None:
        """Raises TransientError(code='reader_unavailable') when readers die before they can read."""
        ...

    def next_outcome(self) -> FilmRow | Unanswered:
        """Waits for a film that is out; raises LookupError when none is, TransientError(code='reader_unavailable') as `submit`, PermanentError(code='bad_bundle') when readers have another model than was asked for."""
        ...

    def close(self) -> None:
        """Ends the readers at once, whatever they have in hand; harmless a second time."""
        ...
