"""The vault in memory; its matching is written apart from the SQL one, so each checks the other. It keeps its record of who read what in a list."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from threading import Lock

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError, StudyNotFound
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.identity_access import Reader, access_events
from wetread.domain.order import PatientNumber, number_of
from wetread.domain.study import PatientIdentity
from wetread.ports.database import UnitOfWork
from wetread.ports.recorded_vault import RecordedReads, unnamed_of
from wetread.ports.vault import Search, VaultInstance, VaultSeries, VaultStudy
from wetread.testing.memory_vault_search import Held, found

__all__ = ["MemoryVault"]


class MemoryVault:
    """`ports.vault.VaultStore` for tests, and `Vault` as well."""

    def __init__(self) -> None:
        self._instances: dict[InstanceKey, VaultInstance] = {}
        self._numbers: dict[StudyKey, PatientNumber] = {}
        self._turn = Lock()
        self.accesses: list[AuditEvent] = []

    @property
    def unnamed(self) -> RecordedReads:
        return unnamed_of(self)

    def on_behalf_of(self, reader: Reader, unit: UnitOfWork | None = None) -> RecordedReads:
        return RecordedReads(self, reader.fields, partial(self.shown, reader))

    def shown(self, reader: Reader, study_keys: Sequence[StudyKey]) -> None:
        self.accesses += access_events(reader, study_keys)

    def admit(self, instances: list[VaultInstance]) -> None:
        with self._turn:
            held = dict(self._instances)
            for each in sorted(instances, key=lambda each: (each.study_key, each.instance_key)):
                _check(held, each, self._numbers.get(each.study_key))
                held.setdefault(each.instance_key, each)
            self._instances = held

    def close(self) -> None:
        """It has no connections."""

    def drop(self, study_key: StudyKey) -> None:
        self.forget(study_key)

    def study(self, study_key: StudyKey) -> VaultStudy:
        mine = [each for each in self._instances.values() if each.study_key == study_key]
        if not mine:
            raise StudyNotFound("the vault holds no such study: it was never admitted here")
        return VaultStudy(
            study_key=study_key,
            study_instance_uid=mine[0].header.study_instance_uid,
            identity=self._current(study_key, mine[0].header.identity),
            modalities=tuple(sorted({each.header.traits.modality for each in mine})),
            number_of_instances=len(mine),
            number_of_series=len({each.header.series_instance_uid for each in mine}),
        )

    def identities(self, study_keys: Sequence[StudyKey]) -> dict[StudyKey, PatientIdentity]:
        wanted = frozenset(study_keys)
        held = reversed(self._instances.values())
        first = {each.study_key: each.header.identity for each in held if each.study_key in wanted}
        return {key: self._current(key, identity) for key, identity in first.items()}

    def under(self, number: PatientNumber) -> tuple[StudyKey, ...]:
        """Studies that stand under exactly this number, by key; none for a patient without one."""
        found = (each.study_key for each in self._all() if number.patient_id and number_of(each.identity) == number)
        return tuple(sorted(found))

    def renumber(self, study_keys: Sequence[StudyKey], number: PatientNumber) -> None:
        self._numbers |= dict.fromkeys(study_keys, number)

    def numbers_of(self, study_key: StudyKey) -> tuple[PatientNumber, ...]:
        """Under which a study stands and came; none of a patient without one."""
        came = [number_of(each.header.identity) for each in self._instances.values() if each.study_key == study_key]
        given = self._numbers.get(study_key)
        return tuple(dict.fromkeys(each for each in (*([given] if given else []), *came[:1]) if each.patient_id))

    def known(self, number: PatientNumber) -> bool:
        """Does any study stand or come under this number?"""
        return any(number in self.numbers_of(each.study_key) for each in self._instances.values())

    def accession_of(self, study_key: StudyKey) -> str:
        mine = (each.header.identity for each in self._instances.values() if each.study_key == study_key)
        return next((each.accession_number for each in mine), "")

    def has_accession(self, accession_number: str) -> bool:
        return any(each.header.identity.accession_number == accession_number for each in self._instances.values())

    def forget(self, study_key: StudyKey) -> int:
        with self._turn:
            kept = {key: each for key, each in self._instances.items() if each.study_key != study_key}
            gone, self._instances = len(self._instances) - len(kept), kept
            self._numbers.pop(study_key, None)
        return gone

    def _current(self, study_key: StudyKey, identity: PatientIdentity) -> PatientIdentity:
        given = self._numbers.get(study_key, number_of(identity))
        return replace(identity, patient_id=given.patient_id, issuer_of_patient_id=given.issuer_of_patient_id)

    def instances(self, study_key: StudyKey) -> tuple[VaultInstance, ...]:
        mine = [each for each in self._instances.values() if each.study_key == study_key]
        return tuple(sorted(mine, key=lambda each: (each.header.series_instance_uid, each.header.sop_instance_uid)))

    def priors(self, study_key: StudyKey) -> tuple[StudyKey, ...]:
        this = next((each for each in self._all() if each.study_key == study_key), None)
        if this is None or not this.identity.patient_id:
            return ()
        same = [each for each in self._all() if _patient(each.identity) == _patient(this.identity) and each != this]
        newest_first = sorted(same, key=lambda each: (each.identity.study_date, each.identity.study_time), reverse=True)
        return tuple(each.study_key for each in newest_first)

    def studies(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, VaultStudy]:
        held = {each.study_key for each in self._instances.values()}
        return {key: self.study(key) for key in study_keys if key in held}

    def search_studies(self, search: Search) -> tuple[VaultStudy, ...]:
        return tuple(each.study for each in found([Held(study) for study in self._all()], search, "studies"))

    def search_series(self, search: Search) -> tuple[VaultSeries, ...]:
        series: dict[tuple[StudyKey, str], list[VaultInstance]] = {}
        for each in sorted(self._instances.values(), key=lambda each: each.header.sop_instance_uid):
            series.setdefault((each.study_key, each.header.series_instance_uid), []).append(each)
        rows = found([Held(self.study(key), mine[0]) for (key, _), mine in series.items()], search, "series")
        firsts = [each.instance for each in rows if each.instance]
        return tuple(VaultSeries(each, len(series[each.study_key, each.header.series_instance_uid])) for each in firsts)

    def search_instances(self, search: Search) -> tuple[VaultInstance, ...]:
        held = [Held(self.study(each.study_key), each) for each in self._instances.values()]
        return tuple(each.instance for each in found(held, search, "instances") if each.instance)

    def find_instance(self, study_uid: str, series_uid: str, sop_uid: str) -> VaultInstance | None:
        wanted = (study_uid, series_uid, sop_uid)
        return next((each for each in self._instances.values() if _place(each) == wanted), None)

    def _all(self) -> list[VaultStudy]:
        return [self.study(key) for key in {each.study_key for each in self._instances.values()}]


def _check(held: dict[InstanceKey, VaultInstance], new: VaultInstance, given: PatientNumber | None) -> None:
    """The study is of this patient: under the number it came with, or the one that a merge gave it."""
    same_study = [each.header.identity for each in held.values() if each.study_key == new.study_key]
    owners = {number_of(same_study[0]), given} if same_study else {number_of(new.header.identity)}
    other_patient = number_of(new.header.identity) not in owners
    if other_patient or held.get(new.instance_key, new).study_key != new.study_key:
        raise PermanentError("already belongs to another patient or study: correct it", code="identity_conflict")


def _patient(identity: PatientIdentity) -> tuple[str, str]:
    return identity.patient_id, identity.issuer_of_patient_id


def _place(instance: VaultInstance) -> tuple[str, str, str]:
    header = instance.header
    return header.study_instance_uid, header.series_instance_uid, header.sop_instance_uid
