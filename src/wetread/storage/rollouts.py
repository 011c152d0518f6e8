"""Rows of the model registry: versions, rollouts, what the gates said at each look, what shadows read."""

from dataclasses import replace

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.errors import PermanentError, StaleVersion
from wetread.domain.identifiers import StudyKey
from wetread.domain.model_version import ModelVersion
from wetread.domain.rollout import Rollout, RolloutDecision, ShadowRead
from wetread.storage import schema
from wetread.storage.codec import decode, encode
from wetread.storage.transaction import Transaction, replacing

__all__ = ["RolloutRows"]

_VERSIONS, _ROLLOUTS = schema.model_versions.c, schema.rollouts.c
_DECISIONS, _READS = schema.rollout_decisions.c, schema.shadow_reads.c

_ADD_VERSION = insert(schema.model_versions).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
_VERSION = select(_VERSIONS.body).where(_VERSIONS.model_key == bindparam("key"))
_ALL_VERSIONS = select(_VERSIONS.body).order_by(_VERSIONS.registered_at, _VERSIONS.model_key)

_ADD_ROLLOUT = insert(schema.rollouts).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
_UPDATE_ROLLOUT = update(schema.rollouts).where(
    _ROLLOUTS.model_key == bindparam("of_model"),
    _ROLLOUTS.site == bindparam("at_site"),
    _ROLLOUTS.etag == bindparam("expected_etag"),
)
_ALL_ROLLOUTS = select(_ROLLOUTS.body).order_by(_ROLLOUTS.model_key, _ROLLOUTS.site)
_ROLLOUT = select(_ROLLOUTS.body).where(
    _ROLLOUTS.model_key == bindparam("of_model"), _ROLLOUTS.site == bindparam("at_site")
)
_OF_SITE = _ALL_ROLLOUTS.where(_ROLLOUTS.site == bindparam("at_site"))
_OF_MODEL = _ALL_ROLLOUTS.where(_ROLLOUTS.model_key == bindparam("of_model"))

_ADD_DECISION = insert(schema.rollout_decisions).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
_NEWEST_DECISIONS = (
    select(_DECISIONS.body)
    .where(_DECISIONS.model_key == bindparam("of_model"), _DECISIONS.site == bindparam("at_site"))
    .order_by(_DECISIONS.look.desc())
    .limit(bindparam("most"))
)

_SAVE_READ = replacing(schema.shadow_reads)
_newest = (
    select(_READS.model_key, func.max(_READS.revision).label("revision"))
    .where(_READS.study_key == bindparam("of_study"))
    .group_by(_READS.model_key)
    .subquery()
)
_READS_OF = (
    select(_READS.body)
    .join(_newest, (_READS.model_key == _newest.c.model_key) & (_READS.revision == _newest.c.revision))
    .where(_READS.study_key == bindparam("of_study"))
    .order_by(_READS.model_key)
)


class RolloutRows(Transaction):
    def add_version(self, version: ModelVersion) -> bool:
        row = {"model_key": version.key, "registered_at": version.registered_at, "body": encode(version)}
        if self._write(_ADD_VERSION, row).rowcount == 1:
            return True
        held = self.version(version.key)
        if held is None or held.bundle_sha256 != version.bundle_sha256:
            raise PermanentError(
                f"another bundle is registered as {version.key}: give this one a new version", code="version_taken"
            )
        return False

    def version(self, model_key: str) -> ModelVersion | None:
        return self._one(ModelVersion, _VERSION, {"key": model_key})

    def versions(self) -> tuple[ModelVersion, ...]:
        return self._all(ModelVersion, _ALL_VERSIONS)

    def save_rollout(self, rollout: Rollout, *, expected_etag: int | None) -> Rollout:
        saved = replace(rollout, etag=(expected_etag or 0) + 1)
        place = {"model_key": saved.model_key, "site": saved.site}
        row = {**place, "etag": saved.etag, "body": encode(saved)}
        if expected_etag is None:
            written = self._write(_ADD_ROLLOUT, row)
        else:
            held = {"of_model": saved.model_key, "at_site": saved.site, "expected_etag": expected_etag}
            written = self._write(_UPDATE_ROLLOUT, {**row, **held})
        if written.rowcount != 1:
            raise StaleVersion("somebody else changed the rollout first: look at it again")
        return saved

    def rollout(self, model_key: str, site: str) -> Rollout | None:
        return self._one(Rollout, _ROLLOUT, {"of_model": model_key, "at_site": site})

    def rollouts(self, *, model_key: str | None = None, site: str | None = None) -> tuple[Rollout, ...]:
        statement = _ALL_ROLLOUTS if model_key is site is None else _OF_SITE if model_key is None else _OF_MODEL
        asked = {"of_model": model_key, "at_site": site}
        bodies = self._read(statement, {name: each for name, each in asked.items() if each is not None}).scalars()
        found = (decode(Rollout, body) for body in bodies)
        return tuple(each for each in found if site is None or each.site == site)

    def add_decision(self, decision: RolloutDecision) -> None:
        row = {
            "model_key": decision.model_key,
            "site": decision.site,
            "look": decision.look,
            "decided_at": decision.decided_at,
            "verdict": decision.verdict.value,
            "body": encode(decision),
        }
        if self._write(_ADD_DECISION, row).rowcount != 1:
            raise StaleVersion("this look was taken already: another process evaluated the rollout first")

    def decisions(self, model_key: str, site: str, *, limit: int = 500) -> tuple[RolloutDecision, ...]:
        asked = {"of_model": model_key, "at_site": site, "most": limit}
        return self._all(RolloutDecision, _NEWEST_DECISIONS, asked)

    def last_decision(self, model_key: str, site: str) -> RolloutDecision | None:
        return next(iter(self.decisions(model_key, site, limit=1)), None)

    def save_shadow_read(self, study_key: StudyKey, revision: int, read: ShadowRead) -> None:
        row = {"study_key": study_key, "revision": revision, "model_key": read.model_key, "body": encode(read)}
        self._write(_SAVE_READ, row)

    def shadow_reads(self, study_key: StudyKey) -> tuple[ShadowRead, ...]:
        return self._all(ShadowRead, _READS_OF, {"of_study": study_key})
