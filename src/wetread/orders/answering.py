"""Answers a request from the read that stands: its unsigned objects are made and filed first, then named in one commit."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.orders.read_requests import RequestDesk
from wetread.ports.database import Database, UnitOfWork

__all__ = ["Answering", "FileOutputs", "no_outputs"]

FileOutputs = Callable[[StudyKey], tuple[InstanceKey, ...]]
"""Makes the unsigned objects of a study's read and files them in our own archive; made again, they are the same objects."""


def no_outputs(study_key: StudyKey) -> tuple[InstanceKey, ...]:
    """Where nothing is made before a person signs."""
    return ()


@dataclass(frozen=True, slots=True)
class Answering:
    database: Database
    desk: RequestDesk
    file_outputs: FileOutputs = no_outputs

    def outputs(self, study_key: StudyKey) -> tuple[InstanceKey, ...]:
        """None of a study that the AI could not read."""
        with self.database.begin(write=False) as unit:
            failed = bool(unit.study(study_key).reason)
        return () if failed else self.file_outputs(study_key)

    def tell(
        self, unit: UnitOfWork, request_key: str, outputs: tuple[InstanceKey, ...] | None, reason: str, now: datetime
    ) -> str:
        """The outcome for the audit. `outputs` None: they could not be made, for this `reason`."""
        if outputs is None:
            self.desk.fail(unit, request_key, reason, now)
            return "failed"
        self.desk.answer(unit, request_key, outputs, now)
        return "success"
