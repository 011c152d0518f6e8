"""Second factors and emergency accesses (`ports.access_store`), in memory."""

from datetime import datetime

from wetread.domain.emergency import EmergencyAccess
from wetread.domain.identifiers import StudyKey
from wetread.domain.second_factor import SecondFactor
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryAccessStore"]


class MemoryAccessStore(MemoryTransaction):
    def save_second_factor(self, factor: SecondFactor) -> None:
        self._changing.second_factors[factor.actor_id] = factor

    def second_factor(self, actor_id: str) -> SecondFactor | None:
        return self._visible.second_factors.get(actor_id)

    def second_factors(self) -> tuple[SecondFactor, ...]:
        return tuple(sorted(self._visible.second_factors.values(), key=lambda each: each.actor_id))

    def drop_second_factor(self, actor_id: str) -> None:
        self._changing.second_factors.pop(actor_id, None)

    def save_emergency(self, access: EmergencyAccess) -> None:
        self._changing.emergencies[access.number] = access

    def emergency(self, number: int) -> EmergencyAccess | None:
        return self._visible.emergencies.get(number)

    def emergencies(self, limit: int = 200) -> tuple[EmergencyAccess, ...]:
        return tuple(sorted(self._visible.emergencies.values(), key=lambda each: -each.number)[:limit])

    def emergency_of(self, actor_id: str, study_key: StudyKey, now: datetime) -> EmergencyAccess | None:
        mine = (each for each in self.emergencies() if (each.actor_id, each.study_key) == (actor_id, study_key))
        return next((each for each in mine if each.holds(now)), None)
