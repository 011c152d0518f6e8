"""What the model registry keeps (`ports.rollout_store`), in memory."""

from dataclasses import replace

from wetread.domain.errors import PermanentError, StaleVersion
from wetread.domain.identifiers import StudyKey
from wetread.domain.model_version import ModelVersion
from wetread.domain.rollout import Rollout, RolloutDecision, ShadowRead
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryRolloutStore"]


class MemoryRolloutStore(MemoryTransaction):
    def add_version(self, version: ModelVersion) -> bool:
        held = self._changing.versions.setdefault(version.key, version)
        if held.bundle_sha256 != version.bundle_sha256:
            raise PermanentError(f"another bundle is registered as {version.key}", code="version_taken")
        return held is version

    def version(self, model_key: str) -> ModelVersion | None:
        return self._visible.versions.get(model_key)

    def versions(self) -> tuple[ModelVersion, ...]:
        return tuple(sorted(self._visible.versions.values(), key=lambda each: (each.registered_at, each.key)))

    def save_rollout(self, rollout: Rollout, *, expected_etag: int | None) -> Rollout:
        place = (rollout.model_key, rollout.site)
        held = self._changing.rollouts.get(place)
        if (held.etag if held else None) != expected_etag:
            raise StaleVersion("somebody else changed the rollout first: look at it again")
        saved = replace(rollout, etag=(expected_etag or 0) + 1)
        self._changing.rollouts[place] = saved
        return saved

    def rollout(self, model_key: str, site: str) -> Rollout | None:
        return self._visible.rollouts.get((model_key, site))

    def rollouts(self, *, model_key: str | None = None, site: str | None = None) -> tuple[Rollout, ...]:
        rows = sorted(self._visible.rollouts.items())
        return tuple(
            row for (of, at), row in rows if (model_key is None or of == model_key) and (site is None or at == site)
        )

    def add_decision(self, decision: RolloutDecision) -> None:
        key = (decision.model_key, decision.site, decision.look)
        if self._changing.rollout_decisions.setdefault(key, decision) is not decision:
            raise StaleVersion("this look was taken already: another process evaluated the rollout first")

    def decisions(self, model_key: str, site: str, *, limit: int = 500) -> tuple[RolloutDecision, ...]:
        mine = [row for (of, at, _), row in self._visible.rollout_decisions.items() if (of, at) == (model_key, site)]
        return tuple(sorted(mine, key=lambda each: -each.look)[:limit])

    def last_decision(self, model_key: str, site: str) -> RolloutDecision | None:
        return next(iter(self.decisions(model_key, site, limit=1)), None)

    def save_shadow_read(self, study_key: StudyKey, revision: int, read: ShadowRead) -> None:
        self._changing.shadow_reads[study_key, revision, read.model_key] = read

    def shadow_reads(self, study_key: StudyKey) -> tuple[ShadowRead, ...]:
        rows = sorted((key, row) for key, row in self._visible.shadow_reads.items() if key[0] == study_key)
        newest = {model: row for (_, _, model), row in rows}
        return tuple(newest[model] for model in sorted(newest))
