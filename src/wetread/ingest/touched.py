"""What one commit knows of the studies that it touches: read once for all of its entries, changed in memory entry by entry, written once."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from wetread.domain.erasure import Tombstone
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.job import JobRequest
from wetread.domain.study import Study
from wetread.ports.database import UnitOfWork
from wetread.ports.vault import VaultInstance

__all__ = ["Touched"]


@dataclass(frozen=True, slots=True)
class Touched:
    """`last_arrivals`: of each study before the entry that is looked at. `filed`: what goes into the vault."""

    unit: UnitOfWork
    now: datetime
    tombstones: dict[StudyKey, Tombstone]
    studies: dict[StudyKey, Study]
    last_arrivals: dict[StudyKey, datetime]
    filed: dict[InstanceKey, VaultInstance] = field(default_factory=dict)
    _changed: dict[StudyKey, Study] = field(default_factory=dict)
    _jobs: dict[str, JobRequest] = field(default_factory=dict)

    @classmethod
    def read(cls, unit: UnitOfWork, study_keys: Collection[StudyKey], now: datetime) -> "Touched":
        studies = unit.find_studies(study_keys)
        return cls(unit, now, unit.tombstones_of(study_keys), studies, unit.last_arrivals(studies))

    def save(self, study: Study) -> None:
        if self.studies.get(study.study_key) != study:
            self.studies[study.study_key] = self._changed[study.study_key] = study

    def enqueue(self, request: JobRequest) -> None:
        """Entries of one commit ask for the same moment: the first says it all."""
        self._jobs.setdefault(request.dedupe_key, request)

    def write(self) -> None:
        self.unit.save_studies(list(self._changed.values()))
        for request in self._jobs.values():
            self.unit.enqueue(request)
