"""The vault in memory; its matching is written apart from the SQL one, so each checks the other."""

import re
from collections.abc import Callable, Sequence
from threading import Lock

from wetread.domain.errors import PermanentError, StudyNotFound
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.study import PatientIdentity
from wetread.ports.vault import VaultInstance, VaultStudy

__all__ = ["MemoryVault"]


class MemoryVault:
    """`ports.vault.Vault` for tests."""

    def __init__(self) -> None:
        self._instances: dict[InstanceKey, VaultInstance] = {}
        self._turn = Lock()

    def admit(self, instances: list[VaultInstance]) -> None:
        with self._turn:
            held = dict(self._instances)
            for each in sorted(instances, key=lambda each: (each.study_key, each.instance_key)):
                _check(held, each)
                held.setdefault(each.instance_key, each)
            self._instances = held

    def study(self, study_key: StudyKey) -> VaultStudy:
        mine = [each for each in self._instances.values() if each.study_key == study_key]
        if not mine:
            raise StudyNotFound("the vault holds no such study: it was never admitted here")
        return VaultStudy(
            study_key=study_key,
            study_instance_uid=mine[0].header.study_instance_uid,
            identity=mine[0].header.identity,
            modalities=tuple(sorted({each.header.traits.modality for each in mine})),
            number_of_instances=len(mine),
            number_of_series=len({each.header.series_instance_uid for each in mine}),
        )

    def identities(self, study_keys: Sequence[StudyKey]) -> dict[StudyKey, PatientIdentity]:
        wanted = frozenset(study_keys)
        held = reversed(self._instances.values())
        return {each.study_key: each.header.identity for each in held if each.study_key in wanted}

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

    def search_studies(self, match: dict[str, str], *, limit: int, offset: int) -> tuple[VaultStudy, ...]:
        found = [study for study in self._all() if all(_matches(study, *each) for each in match.items())]
        found.sort(key=lambda each: (each.identity.study_date, each.study_key), reverse=True)
        return tuple(found[offset : offset + limit])

    def find_instance(self, study_uid: str, series_uid: str, sop_uid: str) -> VaultInstance | None:
        wanted = (study_uid, series_uid, sop_uid)
        return next((each for each in self._instances.values() if _place(each) == wanted), None)

    def _all(self) -> list[VaultStudy]:
        return [self.study(key) for key in {each.study_key for each in self._instances.values()}]


def _check(held: dict[InstanceKey, VaultInstance], new: VaultInstance) -> None:
    same_study = (each for each in held.values() if each.study_key == new.study_key)
    other_patient = any(_patient(each.header.identity) != _patient(new.header.identity) for each in same_study)
    if other_patient or held.get(new.instance_key, new).study_key != new.study_key:
        raise PermanentError("already belongs to another patient or study: correct it", code="identity_conflict")


def _patient(identity: PatientIdentity) -> tuple[str, str]:
    return identity.patient_id, identity.issuer_of_patient_id


def _place(instance: VaultInstance) -> tuple[str, str, str]:
    header = instance.header
    return header.study_instance_uid, header.series_instance_uid, header.sop_instance_uid


def _matches(study: VaultStudy, keyword: str, value: str) -> bool:
    if not value.strip("*"):
        return True
    if keyword not in _MATCHERS:
        raise PermanentError("studies cannot be searched by this attribute", code="bad_query")
    return _MATCHERS[keyword](study, value)


def _wildcard(held: str, value: str) -> bool:
    pattern = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in value)
    return re.fullmatch(pattern, held, re.DOTALL) is not None


def _name(held: str) -> str:
    return "=".join(group.strip().rstrip("^ ") for group in held.casefold().split("=")).rstrip("=")


def _in_range(held: str, value: str) -> bool:
    first, dash, last = value.partition("-")
    if not re.fullmatch(r"\d{8}|\d{8}-|\d{8}-\d{8}|-\d{8}", value, re.ASCII):
        raise PermanentError("a date is YYYYMMDD, a range YYYYMMDD-YYYYMMDD, open at either end", code="bad_query")
    return (first or "0") <= held <= (last or "9") if dash else held == first


_MATCHERS: dict[str, Callable[[VaultStudy, str], bool]] = {
    "StudyInstanceUID": lambda study, value: study.study_instance_uid in re.split(r"[,\\]", value),
    "PatientID": lambda study, value: _wildcard(study.identity.patient_id, value),
    "PatientName": lambda study, value: _wildcard(_name(study.identity.patient_name), _name(value)),
    "AccessionNumber": lambda study, value: _wildcard(study.identity.accession_number, value),
    "StudyDate": lambda study, value: _in_range(study.identity.study_date, value),
    "ModalitiesInStudy": lambda study, value: not set(study.modalities).isdisjoint(re.split(r"[,\\]", value)),
}
