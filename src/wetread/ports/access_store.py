"""What stands beside a password: second factors, and emergency accesses (`domain.second_factor`, `domain.emergency`)."""

from datetime import datetime
from typing import Protocol

from wetread.domain.emergency import EmergencyAccess
from wetread.domain.identifiers import StudyKey
from wetread.domain.second_factor import SecondFactor

__all__ = ["AccessStore"]


class AccessStore(Protocol):
    """Part of every unit of work."""

    def save_second_factor(self, factor: SecondFactor) -> None:
        """Insert or update by account."""
        ...

    def second_factor(self, actor_id: str) -> SecondFactor | None: ...
    def second_factors(self) -> tuple[SecondFactor, ...]:
        """By account."""
        ...

    def drop_second_factor(self, actor_id: str) -> None: ...

    def save_emergency(self, access: EmergencyAccess) -> None:
        """Insert or update by number."""
        ...

    def emergency(self, number: int) -> EmergencyAccess | None: ...
    def emergencies(self, limit: int = 200) -> tuple[EmergencyAccess, ...]:
        """Newest first."""
        ...

    def emergency_of(self, actor_id: str, study_key: StudyKey, now: datetime) -> EmergencyAccess | None:
        """The one that holds `now`, where there is one."""
        ...
