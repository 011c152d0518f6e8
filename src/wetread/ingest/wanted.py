"""Which of an archive's studies are wanted, and which instances are here already. Pure but for a look into the database."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from wetread.domain.archive import ArchivedInstance
from wetread.domain.identifiers import (
    InstanceKey,
    SOPInstanceUID,
    StudyInstanceUID,
    StudyKey,
    instance_key,
    study_key,
)
from wetread.domain.prior import dicom_day
from wetread.domain.study_state import StudyState
from wetread.ports.database import Database

__all__ = ["Holdings", "WantedStudies"]


@dataclass(frozen=True, slots=True)
class WantedStudies:
    """`modalities` empty: all. What an instance does not say of itself is no reason to leave it out."""

    modalities: frozenset[str] = frozenset({"CR", "DX"})
    max_age_days: int = 7

    def unwanted(self, instance: ArchivedInstance, today: date) -> str:
        """'' where it is wanted, else 'modality' or 'age'."""
        if instance.modality and self.modalities and instance.modality not in self.modalities:
            return "modality"
        taken = dicom_day(instance.study_date)
        return "age" if taken is not None and taken < today - timedelta(days=self.max_age_days) else ""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is here, by the working database: a crash may leave a vault row without it. A copy that was only fetched to compare with is not: as something to read it is still to come."""

    database: Database
    secret: bytes

    def has(self, instance: ArchivedInstance) -> bool:
        return not self.missing((instance,))

    def missing(self, instances: Iterable[ArchivedInstance]) -> tuple[ArchivedInstance, ...]:
        """Those that are not here, in their order; each study is looked at once."""
        listed = tuple(instances)
        held = {uid: self._held(uid) for uid in {each.study_instance_uid for each in listed}}
        return tuple(each for each in listed if self.name_of(each) not in held[each.study_instance_uid])

    def number_of(self, study_instance_uid: str) -> int:
        """How many instances of a study are here."""
        return len(self._held(study_instance_uid))

    def name_of(self, instance: ArchivedInstance) -> InstanceKey:
        return instance_key(self.secret, SOPInstanceUID(instance.sop_instance_uid))

    def key_of(self, study_instance_uid: str) -> StudyKey:
        return study_key(self.secret, StudyInstanceUID(study_instance_uid))

    def _held(self, study_instance_uid: str) -> frozenset[InstanceKey]:
        key = self.key_of(study_instance_uid)
        with self.database.begin(write=False) as unit:
            study = unit.find_study(key)
            if study is None or study.state is StudyState.FETCHED:
                return frozenset()
            return frozenset(each.instance_key for each in unit.instances(key))
