"""What the network made of each film, as one vector, for finding films that look alike. No text and no identity, in the snippet database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from wetread.domain.identifiers import StudyKey

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

__all__ = ["Case", "CaseStore", "NearCase"]


@dataclass(frozen=True, slots=True)
class Case:
    """One study's film as one model sees it: `vector` is float32 (features,), kept in 8 bits a dimension and of length 1."""

    study_key: StudyKey
    model_sha256: str
    added_at: datetime
    vector: "NDArray[float32]" = field(compare=False)


@dataclass(frozen=True, slots=True)
class NearCase:
    """`distance` is 1 - cosine: 0 for the same direction, at most 2."""

    study_key: StudyKey
    distance: float


class CaseStore(Protocol):
    def keep(self, case: Case) -> None:
        """In one durable commit; the study's earlier vector of that model is replaced, doing it twice changes nothing."""
        ...

    def nearest(self, study_key: StudyKey, *, model_sha256: str, limit: int) -> tuple[NearCase, ...]:
        """The other studies that this model sees most alike, nearest first: an exact scan of all of that model's.

        Raises StudyNotFound when the study has no vector of this model.
        """
        ...

    def vectors(self, model_sha256: str, study_keys: Sequence[StudyKey]) -> "dict[StudyKey, NDArray[float32]]":
        """Those of at most 500 studies that have a vector of this model: float32 (features,) of length 1 (zeros stay zeros), as 8 bits a dimension hold it."""
        ...

    def count(self, model_sha256: str) -> int:
        """How many studies have a vector of this model."""
        ...

    def erase_study(self, study_key: StudyKey) -> int:
        """Remove the study's vectors of every model so that no byte of them remains in the database's files; returns how many."""
        ...
