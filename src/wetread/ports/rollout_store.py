"""What the model registry keeps, in the same transaction as everything else: versions, rollouts, what the gates said, what shadows read."""

from typing import Protocol

from wetread.domain.identifiers import StudyKey
from wetread.domain.model_version import ModelVersion
from wetread.domain.rollout import Rollout, RolloutDecision, ShadowRead

__all__ = ["RolloutStore"]


class RolloutStore(Protocol):
    """Part of every unit of work."""

    def add_version(self, version: ModelVersion) -> bool:
        """False when this very bundle is registered under this key already; raises PermanentError(code='version_taken') when another one is: a version never changes."""
        ...

    def version(self, model_key: str) -> ModelVersion | None: ...
    def versions(self) -> tuple[ModelVersion, ...]:
        """In the order they were registered."""
        ...

    def save_rollout(self, rollout: Rollout, *, expected_etag: int | None) -> Rollout:
        """Insert (expected_etag None) or update by version and site; returns it with its new etag (first is 1). Raises StaleVersion."""
        ...

    def rollout(self, model_key: str, site: str) -> Rollout | None: ...
    def rollouts(self, *, model_key: str | None = None, site: str | None = None) -> tuple[Rollout, ...]:
        """By version, then site."""
        ...

    def add_decision(self, decision: RolloutDecision) -> None:
        """Append; raises StaleVersion when this look was taken already. No decision is ever changed."""
        ...

    def decisions(self, model_key: str, site: str, *, limit: int = 500) -> tuple[RolloutDecision, ...]:
        """Newest first."""
        ...

    def last_decision(self, model_key: str, site: str) -> RolloutDecision | None: ...

    def save_shadow_read(self, study_key: StudyKey, revision: int, read: ShadowRead) -> None:
        """Insert or replace by study, revision and version."""
        ...

    def shadow_reads(self, study_key: StudyKey) -> tuple[ShadowRead, ...]:
        """The newest revision's of each version, by version."""
        ...
