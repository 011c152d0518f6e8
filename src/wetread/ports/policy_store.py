"""Triage policies that were saved (`domain.policy_version`)."""

from typing import Protocol

from wetread.domain.policy_version import PolicyVersion

__all__ = ["PolicyStore"]


class PolicyStore(Protocol):
    """Part of every unit of work."""

    def save_policy(self, version: PolicyVersion) -> None:
        """Insert, or update state, acts and `replaced` by number; the text of a number never changes. PermanentError where two would be active at once."""
        ...

    def policy(self, number: int) -> PolicyVersion | None: ...
    def policies(self, limit: int = 50) -> tuple[PolicyVersion, ...]:
        """Newest number first."""
        ...

    def active_policy(self) -> PolicyVersion | None: ...
