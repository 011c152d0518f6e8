"""Doubts about who a study is of (`ports.hold_store`), in memory."""

from collections.abc import Collection

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import IdentityHold, Resolution
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryHoldStore"]


class MemoryHoldStore(MemoryTransaction):
    def open_hold(self, hold: IdentityHold) -> bool:
        return self._changing.holds.setdefault(hold.hold_key, hold) is hold

    def save_hold(self, hold: IdentityHold) -> None:
        if hold.hold_key not in self._changing.holds:
            raise PermanentError("no such question about a patient was ever open", code="no_hold")
        self._changing.holds[hold.hold_key] = hold

    def hold(self, hold_key: str) -> IdentityHold | None:
        return self._visible.holds.get(hold_key)

    def holds_of(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, tuple[IdentityHold, ...]]:
        found: dict[StudyKey, tuple[IdentityHold, ...]] = {}
        for each in self._oldest_first():
            if each.study_key in study_keys:
                found[each.study_key] = (*found.get(each.study_key, ()), each)
        return found

    def open_holds(self, limit: int = 500) -> tuple[IdentityHold, ...]:
        return tuple(each for each in self._oldest_first() if each.is_open)[:limit]

    def wrong_patients(self, limit: int = 500) -> tuple[IdentityHold, ...]:
        found = (each for each in self._oldest_first() if each.resolution is Resolution.WRONG_PATIENT)
        return tuple(found)[:limit]

    def _oldest_first(self) -> list[IdentityHold]:
        return sorted(self._visible.holds.values(), key=lambda each: (each.opened_at, each.hold_key))
