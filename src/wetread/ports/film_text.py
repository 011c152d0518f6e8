"""Letters on a film, read: where they stand and what they say. Only ever used to cover them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

__all__ = ["FilmTextReader", "ReadText"]


@dataclass(frozen=True, slots=True)
class ReadText:
    """Half-open ranges in pixels. `text` may name a patient: it goes nowhere but into the decision what is covered."""

    text: str
    row: int
    row_stop: int
    column: int
    column_stop: int


class FilmTextReader(Protocol):
    def read(self, grey: "NDArray[uint8]") -> tuple[ReadText, ...]:
        """Everything that looks like writing on a film of uint8 (row, column)."""
        ...
