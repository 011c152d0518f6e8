"""The vault on SQLite or PostgreSQL (`ports.vault`): who a study key belongs to, in a database of its own with its own credentials."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.errors import PermanentError, StudyNotFound
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.study import InstanceHeader, PatientIdentity
from wetread.ports.vault import VaultInstance, VaultStudy
from wetread.storage.codec import column_text, decode, encode
from wetread.storage.engine import make_engine, translated, writing
from wetread.storage.qido import name_key, where
from wetread.storage.transaction import Row, batches
from wetread.storage.vault_schema import vault_instances, vault_studies

__all__ = ["SqlVault"]

_STUDIES, _INSTANCES = vault_studies.c, vault_instances.c
_ADMIT_STUDIES = insert(vault_studies).on_conflict_do_nothing()
_ADMIT_INSTANCES = insert(vault_instances).on_conflict_do_nothing(index_elements=["instance_key"])
_NEWEST = (_STUDIES.study_date.desc(), _STUDIES.study_key.desc())


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

    def search_studies(self, match: dict[str, str], *, limit: int, offset: int) -> tuple[VaultStudy, ...]:
        condition = where(match, glob=self._glob)
        query = select(vault_studies).where(condition).order_by(*_NEWEST)
        return self._studies(query.limit(limit).offset(offset))

    def find_instance(self, study_uid: str, series_uid: str, sop_uid: str) -> VaultInstance | None:
        place = (_INSTANCES.series_instance_uid == series_uid) & (_STUDIES.study_instance_uid == study_uid)
        joined = select(vault_instances).join(vault_studies)
        found = self._instances(joined.where(_INSTANCES.sop_instance_uid == sop_uid, place))
        return found[0] if found else None

    def _instances(self, query: Select[Any]) -> tuple[VaultInstance, ...]:
        with translated(), self._engine.connect() as connection:
            return tuple(_instance(row) for row in connection.execute(query))

    def _studies(self, query: Select[Any]) -> tuple[VaultStudy, ...]:
        with translated(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
            contents = _contents(connection, [row.study_key for row in rows])
        return tuple(_study(row, contents.get(row.study_key, [])) for row in rows)


def _admit(connection: Connection, batch: Sequence[VaultInstance]) -> None:
    """Insert first, compare afterwards: what another transaction slipped in between is seen, too."""
    connection.execute(_ADMIT_STUDIES, list({each.study_key: _study_row(each) for each in reversed(batch)}.values()))
    _refuse_other_patients(connection, batch)
    connection.execute(_ADMIT_INSTANCES, [_instance_row(each) for each in batch])
    _refuse_other_studies(connection, batch)


def _refuse_other_patients(connection: Connection, batch: Sequence[VaultInstance]) -> None:
    held = select(_STUDIES.study_key, _STUDIES.patient_id, _STUDIES.issuer_of_patient_id)
    rows = connection.execute(held.where(_STUDIES.study_key.in_({each.study_key for each in batch})))
    owners = {row.study_key: (row.patient_id, row.issuer_of_patient_id) for row in rows}
    if any(owners.get(each.study_key) != _owner(each) for each in batch):
        raise PermanentError(
            "the study already belongs to another patient: correct the identity at the sender or in the archive",
            code="identity_conflict",
        )


def _refuse_other_studies(connection: Connection, batch: Sequence[VaultInstance]) -> None:
    held = select(_INSTANCES.instance_key, _INSTANCES.study_key)
    rows = connection.execute(held.where(_INSTANCES.instance_key.in_([each.instance_key for each in batch])))
    studies = {row.instance_key: row.study_key for row in rows}
    if any(studies[each.instance_key] != each.study_key for each in batch):
        raise PermanentError(
            "the instance already belongs to another study: correct it at the sender", code="identity_conflict"
        )


def _contents(connection: Connection, study_keys: list[str]) -> dict[str, list[Any]]:
    """For each study one row per modality: how many series and instances."""
    columns = (_INSTANCES.study_key, _INSTANCES.modality)
    counts = func.count().label("instances"), func.count(_INSTANCES.series_instance_uid.distinct()).label("series")
    contents: dict[str, list[Any]] = {}
    for batch in batches(study_keys):
        wanted = _INSTANCES.study_key.in_(batch)
        for row in connection.execute(select(*columns, *counts).where(wanted).group_by(*columns)):
            contents.setdefault(row.study_key, []).append(row)
    return contents


def _owner(instance: VaultInstance) -> tuple[str, str]:
    identity = instance.header.identity
    return column_text(identity.patient_id), column_text(identity.issuer_of_patient_id)


def _study_row(instance: VaultInstance) -> Row:
    identity = instance.header.identity
    return {
        "study_key": instance.study_key,
        "study_instance_uid": instance.header.study_instance_uid,
        "patient_id": column_text(identity.patient_id),
        "issuer_of_patient_id": column_text(identity.issuer_of_patient_id),
        "patient_name": name_key(identity.patient_name),
        "accession_number": column_text(identity.accession_number),
        "study_date": column_text(identity.study_date),
        "study_time": column_text(identity.study_time),
        "identity": encode(identity),
    }


def _instance_row(instance: VaultInstance) -> Row:
    header = instance.header
    return {
        "instance_key": instance.instance_key,
        "study_key": instance.study_key,
        "series_instance_uid": header.series_instance_uid,
        "sop_instance_uid": header.sop_instance_uid,
        "modality": column_text(header.traits.modality),
        "content_sha256": instance.content_sha256,
        "header": encode(header),
    }


def _study(row: Any, contents: list[Any]) -> VaultStudy:
    return VaultStudy(
        study_key=StudyKey(row.study_key),
        study_instance_uid=row.study_instance_uid,
        identity=decode(PatientIdentity, row.identity),
        modalities=tuple(sorted(each.modality for each in contents)),
        number_of_instances=sum(each.instances for each in contents),
        number_of_series=sum(each.series for each in contents),
    )


def _instance(row: Any) -> VaultInstance:
    return VaultInstance(
        InstanceKey(row.instance_key), StudyKey(row.study_key), row.content_sha256, decode(InstanceHeader, row.header)
    )
