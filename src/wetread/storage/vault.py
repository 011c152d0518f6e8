"""The vault on SQLite or PostgreSQL (`ports.vault`): who a study key belongs to, in a database of its own with its own credentials."""

from collections.abc import Collection, Sequence
from threading import Lock
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.errors import PermanentError, StudyNotFound
from wetread.domain.identifiers import StudyKey
from wetread.domain.study import PatientIdentity
from wetread.ports.vault import Search, VaultInstance, VaultSeries, VaultStudy
from wetread.storage.codec import column_text, decode
from wetread.storage.engine import make_engine, translated, writing
from wetread.storage.qido import of_study, ordering, where
from wetread.storage.transaction import batches
from wetread.storage.vault_rows import (
    instance_of,
    instance_row,
    name_rows,
    remove_study,
    series_row,
    study_of,
    study_row,
)
from wetread.storage.vault_schema import vault_instances, vault_name_words, vault_series, vault_studies

__all__ = ["SqlVault"]

_STUDIES, _SERIES, _INSTANCES = vault_studies.c, vault_series.c, vault_instances.c
_COUNTED = {"preserve_rowcount": True}
_ADMIT_STUDIES = insert(vault_studies).on_conflict_do_nothing().execution_options(**_COUNTED)
_ADMIT_SERIES = insert(vault_series).on_conflict_do_nothing()
_ADMIT_WORDS = insert(vault_name_words).on_conflict_do_nothing()
_ADMIT_INSTANCES = (
    insert(vault_instances).on_conflict_do_nothing(index_elements=["instance_key"]).execution_options(**_COUNTED)
)
_SAME_SERIES = (_SERIES.study_key == _INSTANCES.study_key) & (
    _SERIES.series_instance_uid == _INSTANCES.series_instance_uid
)
_OWNERS = select(
    _STUDIES.study_key,
    *(_STUDIES.patient_id, _STUDIES.issuer_of_patient_id),
    *(_STUDIES.received_patient_id, _STUDIES.received_issuer),
).where(_STUDIES.study_key.in_(bindparam("keys", expanding=True)))
_STUDY_OF = select(_INSTANCES.instance_key, _INSTANCES.study_key).where(
    _INSTANCES.instance_key.in_(bindparam("keys", expanding=True))
)
_INSIDE = vault_instances.alias()
_MINE = (_INSIDE.c.study_key == _SERIES.study_key) & (_INSIDE.c.series_instance_uid == _SERIES.series_instance_uid)
_COUNT = select(func.count()).select_from(_INSIDE).where(_MINE).scalar_subquery().label("instances")
_FIRST = select(_INSIDE.c.instance_key).where(_MINE).order_by(_INSIDE.c.sop_instance_uid).limit(1)
_IS_FIRST = _INSTANCES.instance_key == _FIRST.scalar_subquery()
_CONTENTS = (
    select(
        _INSTANCES.study_key,
        _INSTANCES.modality,
        func.count().label("instances"),
        func.count(_INSTANCES.series_instance_uid.distinct()).label("series"),
    )
    .where(_INSTANCES.study_key.in_(bindparam("keys", expanding=True)))
    .group_by(_INSTANCES.study_key, _INSTANCES.modality)
)


class SqlVault:
    """`url` is `sqlite:///path` or `postgresql://...`; the schema must be there (`storage.migrate`). Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._engine = make_engine(url)
        self._glob = self._engine.dialect.name == "sqlite"
        self._turn = Lock()

    def close(self) -> None:
        self._engine.dispose()

    def admit(self, instances: list[VaultInstance]) -> None:
        ordered = sorted(instances, key=lambda each: (each.study_key, each.instance_key))  # one lock order: no deadlock
        with self._turn, writing(self._engine) as connection:
            for batch in batches(ordered):
                _admit(connection, batch)

    def drop(self, study_key: StudyKey) -> None:
        with self._turn, writing(self._engine) as connection:
            remove_study(connection, study_key)

    def study(self, study_key: StudyKey) -> VaultStudy:
        found = self._studies(select(vault_studies).where(_STUDIES.study_key == study_key))
        if not found:
            raise StudyNotFound("the vault holds no such study: it was never admitted here")
        return found[0]

    def identities(self, study_keys: Sequence[StudyKey]) -> dict[StudyKey, PatientIdentity]:
        found: dict[StudyKey, PatientIdentity] = {}
        with translated(), self._engine.connect() as connection:
            for batch in batches(study_keys):
                wanted = _STUDIES.study_key.in_(batch)
                for key, identity in connection.execute(select(_STUDIES.study_key, _STUDIES.identity).where(wanted)):
                    found[StudyKey(key)] = decode(PatientIdentity, identity)
        return found

    def instances(self, study_key: StudyKey) -> tuple[VaultInstance, ...]:
        query = select(vault_instances).where(_INSTANCES.study_key == study_key)
        return self._instances(query.order_by(_INSTANCES.series_instance_uid, _INSTANCES.sop_instance_uid))

    def priors(self, study_key: StudyKey) -> tuple[StudyKey, ...]:
        this, others = vault_studies.alias(), _STUDIES
        same = (others.patient_id == this.c.patient_id) & (others.issuer_of_patient_id == this.c.issuer_of_patient_id)
        known = (this.c.study_key == study_key) & (this.c.patient_id != "") & (others.study_key != study_key)
        query = select(others.study_key).join(this, same).where(known)
        with translated(), self._engine.connect() as connection:
            keys = connection.scalars(query.order_by(others.study_date.desc(), others.study_time.desc()))
            return tuple(StudyKey(key) for key in keys)

    def studies(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, VaultStudy]:
        keys, found = list(study_keys), list[VaultStudy]()
        for batch in batches(keys):
            found += self._studies(select(vault_studies).where(_STUDIES.study_key.in_(batch)))
        return {each.study_key: each for each in found}

    def search_studies(self, search: Search) -> tuple[VaultStudy, ...]:
        query = select(vault_studies).where(self._where(search, "studies")).order_by(*ordering(search.order))
        return self._studies(query.limit(search.limit).offset(search.offset))

    def search_series(self, search: Search) -> tuple[VaultSeries, ...]:
        query = (
            select(vault_instances, _COUNT)
            .select_from(vault_studies.join(vault_series, of_study(search.match)).join(vault_instances, _IS_FIRST))
            .where(self._where(search, "series"))
            .order_by(*ordering(search.order), _SERIES.series_instance_uid)
        )
        with translated(), self._engine.connect() as connection:
            rows = connection.execute(query.limit(search.limit).offset(search.offset)).all()
        return tuple(VaultSeries(instance_of(row), row.instances) for row in rows)

    def search_instances(self, search: Search) -> tuple[VaultInstance, ...]:
        query = (
            select(vault_instances)
            .select_from(vault_studies.join(vault_series, of_study(search.match)).join(vault_instances, _SAME_SERIES))
            .where(self._where(search, "instances"))
            .order_by(*ordering(search.order), _INSTANCES.series_instance_uid, _INSTANCES.sop_instance_uid)
        )
        return self._instances(query.limit(search.limit).offset(search.offset))

    def find_instance(self, study_uid: str, series_uid: str, sop_uid: str) -> VaultInstance | None:
        place = (_INSTANCES.series_instance_uid == series_uid) & (_STUDIES.study_instance_uid == study_uid)
        joined = select(vault_instances).join(vault_studies)
        found = self._instances(joined.where(_INSTANCES.sop_instance_uid == sop_uid, place))
        return found[0] if found else None

    def _where(self, search: Search, level: str) -> ColumnElement[bool]:
        return where(search.match, level=level, glob=self._glob, fuzzy=search.fuzzy)

    def _instances(self, query: Select[Any]) -> tuple[VaultInstance, ...]:
        with translated(), self._engine.connect() as connection:
            return tuple(instance_of(row) for row in connection.execute(query))

    def _studies(self, query: Select[Any]) -> tuple[VaultStudy, ...]:
        with translated(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
            contents = _contents(connection, [row.study_key for row in rows])
        return tuple(study_of(row, contents.get(row.study_key, [])) for row in rows)


def _admit(connection: Connection, batch: Sequence[VaultInstance]) -> None:
    """Insert first, compare afterwards: what another transaction slipped in between is seen, too."""
    firsts = list({each.study_key: each for each in reversed(batch)}.values())
    is_new = connection.execute(_ADMIT_STUDIES, list(map(study_row, firsts))).rowcount > 0
    _refuse_other_patients(connection, batch)
    if is_new and (words := [row for each in firsts for row in name_rows(each.study_key, each.header.identity)]):
        connection.execute(_ADMIT_WORDS, words)
    rows = [series_row(each.study_key, each.header) for each in reversed(batch)]
    series = {(each["study_key"], each["series_instance_uid"]): each for each in rows}
    connection.execute(_ADMIT_SERIES, [series[at] for at in sorted(series)])
    if connection.execute(_ADMIT_INSTANCES, [instance_row(each) for each in batch]).rowcount < len(batch):
        _refuse_other_studies(connection, batch)


def _refuse_other_patients(connection: Connection, batch: Sequence[VaultInstance]) -> None:
    rows = connection.execute(_OWNERS, {"keys": list({each.study_key for each in batch})})
    owners = {key: (tuple(numbers[:2]), tuple(numbers[2:])) for key, *numbers in rows}
    if any(_owner(each) not in owners.get(each.study_key, ()) for each in batch):
        raise PermanentError(
            "the study already belongs to another patient: correct the identity at the sender or in the archive",
            code="identity_conflict",
        )


def _refuse_other_studies(connection: Connection, batch: Sequence[VaultInstance]) -> None:
    rows = connection.execute(_STUDY_OF, {"keys": [each.instance_key for each in batch]})
    studies = {row.instance_key: row.study_key for row in rows}
    if any(studies[each.instance_key] != each.study_key for each in batch):
        raise PermanentError(
            "the instance already belongs to another study: correct it at the sender", code="identity_conflict"
        )


def _contents(connection: Connection, study_keys: list[str]) -> dict[str, list[Any]]:
    """For each study one row per modality: how many series and instances."""
    contents: dict[str, list[Any]] = {}
    for batch in batches(study_keys):
        for row in connection.execute(_CONTENTS, {"keys": batch}):
            contents.setdefault(row.study_key, []).append(row)
    return contents


def _owner(instance: VaultInstance) -> tuple[str, str]:
    identity = instance.header.identity
    return column_text(identity.patient_id), column_text(identity.issuer_of_patient_id)
