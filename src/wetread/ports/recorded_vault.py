"""The vault as services hold it (`ports.vault.Vault`), made of the vault itself and the audit log: no identity leaves that is not in the log before (ADR-0033)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from wetread.domain.acting_from import here
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import IDENTITY_FIELDS, Reader, access_events
from wetread.domain.study import Indication, InstanceHeader, PatientIdentity, Sex
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.vault import Search, VaultInstance, VaultReads, VaultSeries, VaultStore, VaultStudy

__all__ = ["RecordedReads", "RecordedVault", "unnamed_of"]

_ONCE_IN = timedelta(hours=1)
_WHEN = ("study_date", "study_time")
_NOBODY = PatientIdentity("", "", "", "", Sex.UNKNOWN, "", "", "", "", "", "")

Record = Callable[[Sequence[StudyKey]], None]


class RecordedVault:
    """Safe to share between threads."""

    def __init__(self, store: VaultStore, database: Database, clock: Clock) -> None:
        self._store, self._database, self._clock = store, database, clock
        self._told: dict[tuple[Reader, str], dict[StudyKey, datetime]] = {}
        self._swept_at: datetime | None = None
        self._turn = Lock()

    def close(self) -> None:
        self._store.close()

    def admit(self, instances: list[VaultInstance]) -> None:
        self._store.admit(instances)

    def drop(self, study_key: StudyKey) -> None:
        self._store.drop(study_key)

    @property
    def unnamed(self) -> VaultReads:
        return unnamed_of(self._store)

    def on_behalf_of(self, reader: Reader, unit: UnitOfWork | None = None) -> VaultReads:
        def record(study_keys: Sequence[StudyKey]) -> None:
            if unit is None:
                self.shown(reader, study_keys)
            else:
                self._write(unit, reader, study_keys)

        return RecordedReads(self._store, reader.fields, record)

    def shown(self, reader: Reader, study_keys: Sequence[StudyKey]) -> None:
        now, who = self._clock.now(), (reader, here())
        with self._turn:
            self._forget(now)
            told = self._told.get(who, {})
            new = [key for key in dict.fromkeys(study_keys) if key not in told]
        if not new:
            return
        with self._database.begin() as unit:
            self._write(unit, reader, new)
            unit.commit()
        with self._turn:
            self._told.setdefault(who, {}).update(dict.fromkeys(new, now))

    def _write(self, unit: UnitOfWork, reader: Reader, study_keys: Sequence[StudyKey]) -> None:
        for event in access_events(reader, study_keys):
            unit.audit(event, self._clock.now())

    def _forget(self, now: datetime) -> None:
        """The caller holds the turn."""
        if self._swept_at is None or not timedelta() <= now - self._swept_at < _ONCE_IN / 10:
            lately = (
                (who, {key: at for key, at in told.items() if timedelta() <= now - at < _ONCE_IN})
                for who, told in self._told.items()
            )
            self._told = {who: told for who, told in lately if told}
            self._swept_at = now


@dataclass(frozen=True, slots=True)
class RecordedReads:
    """Implements `ports.vault.VaultReads`: of identity the `fields` alone, each answer after `record` took its studies."""

    store: VaultReads
    fields: tuple[str, ...]
    record: Record

    def study(self, study_key: StudyKey) -> VaultStudy:
        return self._of_studies((self.store.study(study_key),))[0]

    def studies(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, VaultStudy]:
        return {each.study_key: each for each in self._of_studies(tuple(self.store.studies(study_keys).values()))}

    def identities(self, study_keys: Sequence[StudyKey]) -> dict[StudyKey, PatientIdentity]:
        found = self.store.identities(study_keys)
        self._told(tuple(found))
        return {key: self._narrowed(identity) for key, identity in found.items()}

    def instances(self, study_key: StudyKey) -> tuple[VaultInstance, ...]:
        return self._of_instances(self.store.instances(study_key))

    def priors(self, study_key: StudyKey) -> tuple[StudyKey, ...]:
        return self.store.priors(study_key)

    def search_studies(self, search: Search) -> tuple[VaultStudy, ...]:
        return self._of_studies(self.store.search_studies(search))

    def search_series(self, search: Search) -> tuple[VaultSeries, ...]:
        found = self.store.search_series(search)
        firsts = self._of_instances(tuple(each.first for each in found))
        return tuple(replace(each, first=first) for each, first in zip(found, firsts, strict=True))

    def search_instances(self, search: Search) -> tuple[VaultInstance, ...]:
        return self._of_instances(self.store.search_instances(search))

    def find_instance(self, study_uid: str, series_uid: str, sop_uid: str) -> VaultInstance | None:
        found = self.store.find_instance(study_uid, series_uid, sop_uid)
        return self._of_instances((found,))[0] if found else None

    def _of_studies(self, found: tuple[VaultStudy, ...]) -> tuple[VaultStudy, ...]:
        self._told([each.study_key for each in found])
        return tuple(replace(each, identity=self._narrowed(each.identity)) for each in found)

    def _of_instances(self, found: tuple[VaultInstance, ...]) -> tuple[VaultInstance, ...]:
        self._told([each.study_key for each in found])
        return tuple(replace(each, header=self._header(each)) for each in found)

    def _told(self, study_keys: Sequence[StudyKey]) -> None:
        if study_keys:
            self.record(tuple(dict.fromkeys(study_keys)))

    def _narrowed(self, identity: PatientIdentity) -> PatientIdentity:
        if self.fields == IDENTITY_FIELDS:
            return identity
        return replace(_NOBODY, **{name: getattr(identity, name) for name in self.fields})

    def _header(self, instance: VaultInstance) -> InstanceHeader:
        """The indication is somebody's free text: it goes with the whole identity, or not at all."""
        header = instance.header
        if self.fields == IDENTITY_FIELDS:
            return header
        return replace(header, identity=self._narrowed(header.identity), indication=Indication())


def unnamed_of(store: VaultReads) -> RecordedReads:
    return RecordedReads(store, _WHEN, _silent)


def _silent(study_keys: Sequence[StudyKey]) -> None:
    """Nothing that names anybody was handed out."""
