"""The case store in memory."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wetread.domain.errors import StudyNotFound
from wetread.domain.identifiers import StudyKey
from wetread.ports.case_store import Case, NearCase

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

__all__ = ["MemoryCaseStore"]


class MemoryCaseStore:
    """`ports.case_store.CaseStore` for tests."""

    def __init__(self) -> None:
        self.held: dict[tuple[StudyKey, str], Case] = {}

    def keep(self, case: Case) -> None:
        self.held[case.study_key, case.model_sha256] = case

    def nearest(self, study_key: StudyKey, *, model_sha256: str, limit: int) -> tuple[NearCase, ...]:
        import numpy as np

        if (study_key, model_sha256) not in self.held:
            raise StudyNotFound("no vector of this study and model is kept")
        asked = self.held[study_key, model_sha256].vector
        found = []
        for (other, model), case in self.held.items():
            if model == model_sha256 and other != study_key:
                lengths = float(np.linalg.norm(asked) * np.linalg.norm(case.vector)) or 1.0
                found.append(NearCase(other, 1 - float(asked @ case.vector) / lengths))
        return tuple(sorted(found, key=lambda near: (near.distance, near.study_key))[:limit])

    def vectors(self, model_sha256: str, study_keys: Sequence[StudyKey]) -> "dict[StudyKey, NDArray[float32]]":
        import numpy as np

        there = {key: self.held.get((key, model_sha256)) for key in study_keys}
        return {
            key: (case.vector / (float(np.linalg.norm(case.vector)) or 1.0)).astype(np.float32)
            for key, case in there.items()
            if case is not None
        }

    def count(self, model_sha256: str) -> int:
        return sum(model == model_sha256 for _, model in self.held)

    def erase_study(self, study_key: StudyKey) -> int:
        mine = [key for key in self.held if key[0] == study_key]
        for key in mine:
            del self.held[key]
        return len(mine)
