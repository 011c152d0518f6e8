"""Saved triage policies (`ports.policy_store`), in memory."""

from wetread.domain.errors import PermanentError
from wetread.domain.policy_version import PolicyState, PolicyVersion
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryPolicyStore"]


class MemoryPolicyStore(MemoryTransaction):
    def save_policy(self, version: PolicyVersion) -> None:
        held = self._changing.policies.get(version.number)
        if held is not None and held.sha256 != version.sha256:
            return
        others = [each for each in self._changing.policies.values() if each.number != version.number]
        if version.state is PolicyState.ACTIVE and any(each.state is PolicyState.ACTIVE for each in others):
            raise PermanentError("the database refused: two policies would decide", code="database_refused")
        self._changing.policies[version.number] = version

    def policy(self, number: int) -> PolicyVersion | None:
        return self._visible.policies.get(number)

    def policies(self, limit: int = 50) -> tuple[PolicyVersion, ...]:
        return tuple(sorted(self._visible.policies.values(), key=lambda each: -each.number)[:limit])

    def active_policy(self) -> PolicyVersion | None:
        return next((each for each in self._visible.policies.values() if each.state is PolicyState.ACTIVE), None)
