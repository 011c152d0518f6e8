"""Rows of studies and their instances."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select

from wetread.domain.errors import StudyNotFound
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.priority import Priority
from wetread.domain.study import ImageTraits, Instance, Sex, Study, StudyTraits
from wetread.domain.study_state import StudyState
from wetread.ports.database import AdmissionOutcome, WorklistOrder
from wetread.storage import schema
from wetread.storage.codec import column_text, decode, encode
from wetread.storage.transaction import Row, Transaction, batches, replacing

__all__ = ["IS_OURS", "FilmRows", "StudyRows"]

_STUDIES, _INSTANCES = schema.studies.c, schema.instances.c
_SAVE = replacing(schema.studies)
_FIND = select(schema.studies).where(_STUDIES.study_key.in_(bindparam("keys", expanding=True)))
_STATES = select(_STUDIES.study_key, _STUDIES.state).where(_STUDIES.study_key.in_(bindparam("keys", expanding=True)))
_SITES = select(_STUDIES.study_key, _STUDIES.site).where(_STUDIES.study_key.in_(bindparam("keys", expanding=True)))
IS_OURS = _STUDIES.state != StudyState.FETCHED.value
"""Not a copy that was fetched to compare with."""
_FILMS_OF = select(_INSTANCES.content_sha256).where(_INSTANCES.study_key == bindparam("key")).distinct()
_ALSO_IN_OTHERS = select(_INSTANCES.content_sha256).where(
    _INSTANCES.content_sha256.in_(bindparam("films", expanding=True)), _INSTANCES.study_key != bindparam("key")
)
_WORKLIST = select(schema.studies).order_by(_STUDIES.urgency_rank, _STUDIES.received_at, _STUDIES.study_key)
_OLDEST = select(schema.studies).order_by(_STUDIES.received_at, _STUDIES.study_key)
_NEWEST = select(schema.studies).order_by(_STUDIES.received_at.desc(), _STUDIES.study_key.desc())
_ORDERS = {"urgency": _WORKLIST, "oldest": _OLDEST, "newest": _NEWEST}
_ADMIT = insert(schema.instances)
_HELD = select(_INSTANCES.instance_key, _INSTANCES.content_sha256).where(
    _INSTANCES.instance_key.in_(bindparam("keys", expanding=True))
)
_LAST_ARRIVALS = (
    select(_INSTANCES.study_key, func.max(_INSTANCES.received_at))
    .where(_INSTANCES.study_key.in_(bindparam("keys", expanding=True)))
    .group_by(_INSTANCES.study_key)
)
_TRAITS = select(_INSTANCES.study_key, _INSTANCES.traits).where(
    _INSTANCES.study_key.in_(bindparam("keys", expanding=True))
)
_OF_STUDY = (
    select(schema.instances)
    .where(_INSTANCES.study_key == bindparam("key"))
    .order_by(_INSTANCES.received_at, _INSTANCES.instance_key)
)

_RECEIVED_BYTES = (
    select(func.coalesce(func.sum(_INSTANCES.size_bytes), 0))
    .join(schema.studies, _STUDIES.study_key == _INSTANCES.study_key)
    .where(_STUDIES.received_at >= bindparam("since"))
)


class FilmRows(Transaction):
    def films_of_it_alone(self, study_key: StudyKey) -> tuple[str, ...]:
        """Its own are looked for among the others': to take all of theirs away from its own sorts every film that is here, with the write lock held."""
        mine = sorted(self._read(_FILMS_OF, {"key": study_key}).scalars())
        asked = ({"key": study_key, "films": batch} for batch in batches(mine))
        shared = {each for some in asked for each in self._read(_ALSO_IN_OTHERS, some).scalars()}
        return tuple(each for each in mine if each not in shared)


class StudyRows(Transaction):
    def study(self, study_key: StudyKey) -> Study:
        study = self.find_study(study_key)
        if study is None:
            raise StudyNotFound("no such study: it was never admitted here, or the key is of another installation")
        return study

    def find_study(self, study_key: StudyKey) -> Study | None:
        return self.find_studies([study_key]).get(study_key)

    def find_studies(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, Study]:
        return {StudyKey(row.study_key): _study(row) for row in self._of_keys(_FIND, study_keys)}

    def study_states(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, StudyState]:
        return {StudyKey(row.study_key): StudyState(row.state) for row in self._of_keys(_STATES, study_keys)}

    def sites_of(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, str]:
        return {StudyKey(row.study_key): row.site for row in self._of_keys(_SITES, study_keys)}

    def save_study(self, study: Study) -> None:
        self.save_studies([study])

    def save_studies(self, studies: Sequence[Study]) -> None:
        if studies:
            self._write(_SAVE, list(map(_study_row, studies)))

    def worklist(
        self, *, states: frozenset[StudyState] | None = None, limit: int = 500, by: WorklistOrder = "urgency"
    ) -> tuple[Study, ...]:
        query = _ORDERS[by].limit(limit)
        query = query.where(IS_OURS if states is None else _STUDIES.state.in_(sorted(states)))
        return tuple(_study(row) for row in self._read(query))

    def studies(
        self, *, since: datetime | None = None, older_than: Study | None = None, limit: int = 500
    ) -> tuple[Study, ...]:
        query, received, key = _NEWEST.where(IS_OURS).limit(limit), _STUDIES.received_at, _STUDIES.study_key
        if since is not None:
            query = query.where(received >= since)
        if older_than is not None:
            same_moment = (received == older_than.received_at) & (key < older_than.study_key)
            query = query.where((received < older_than.received_at) | same_moment)
        return tuple(_study(row) for row in self._read(query))

    def admit_instance(self, instance: Instance) -> AdmissionOutcome:
        return self.admit_instances([instance])[0]

    def admit_instances(self, instances: Sequence[Instance]) -> list[AdmissionOutcome]:
        """Read first, then insert: writers follow one another, so nobody can come in between."""
        keys = {each.instance_key for each in instances}
        held: dict[str, str] = dict(self._of_keys(_HELD, keys))
        outcomes, new = list[AdmissionOutcome](), list[Row]()
        for each in instances:
            outcome = "duplicate" if held.get(each.instance_key) == each.content_sha256 else "conflict"
            if each.instance_key not in held:
                outcome, held[each.instance_key] = "stored", each.content_sha256
                new.append(_instance_row(each))
            outcomes.append(AdmissionOutcome(each.instance_key, outcome))
        if new:
            self._write(_ADMIT, new)
        return outcomes

    def last_arrivals(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, datetime]:
        return {StudyKey(key): last for key, last in self._of_keys(_LAST_ARRIVALS, study_keys)}

    def views_of(self, study_keys: Sequence[StudyKey]) -> dict[StudyKey, tuple[tuple[str, str], ...]]:
        found: dict[StudyKey, set[tuple[str, str]]] = {}
        for row in self._of_keys(_TRAITS, study_keys):
            traits = json.loads(row.traits)
            view = traits["modality"], traits["view_position"]
            found.setdefault(StudyKey(row.study_key), set()).add(view)
        return {key: tuple(sorted(views)) for key, views in found.items()}

    def instances(self, study_key: StudyKey) -> tuple[Instance, ...]:
        return tuple(_instance(row) for row in self._read(_OF_STUDY, {"key": study_key}))

    def instances_after(self, instance_key: str, limit: int = 500) -> tuple[Instance, ...]:
        query = select(schema.instances).where(_INSTANCES.instance_key > instance_key)
        return tuple(_instance(row) for row in self._read(query.order_by(_INSTANCES.instance_key).limit(limit)))

    def received_bytes(self, since: datetime) -> int:
        return int(self._read(_RECEIVED_BYTES, {"since": since}).scalar_one())


def _urgency_rank(study: Study) -> int:
    """0 is read first: critical before all others, then by priority."""
    return (0 if study.critical else len(Priority)) + Priority.STAT.rank - study.priority.rank


def _study_row(study: Study) -> Row:
    return {
        "study_key": study.study_key,
        "state": study.state.value,
        "revision": study.revision,
        "patient_age_years": study.traits.patient_age_years,
        "patient_sex": study.traits.patient_sex.value,
        "site": column_text(study.traits.site),
        "received_at": study.received_at,
        "priority": study.priority.value,
        "critical": study.critical,
        "urgency_rank": _urgency_rank(study),
        "reason": study.reason,
    }


def _study(row: Any) -> Study:
    return Study(
        study_key=StudyKey(row.study_key),
        state=StudyState(row.state),
        revision=row.revision,
        traits=StudyTraits(row.patient_age_years, Sex(row.patient_sex), row.site),
        received_at=row.received_at,
        priority=Priority(row.priority),
        critical=row.critical,
        reason=row.reason,
    )


def _instance_row(instance: Instance) -> Row:
    return {
        "instance_key": instance.instance_key,
        "study_key": instance.study_key,
        "content_sha256": instance.content_sha256,
        "size_bytes": instance.size_bytes,
        "traits": encode(instance.traits),
        "received_at": instance.received_at,
    }


def _instance(row: Any) -> Instance:
    return Instance(
        instance_key=InstanceKey(row.instance_key),
        study_key=StudyKey(row.study_key),
        content_sha256=row.content_sha256,
        size_bytes=row.size_bytes,
        traits=decode(ImageTraits, row.traits),
        received_at=row.received_at,
    )
