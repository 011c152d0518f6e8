"""wetread as Task Performer of its own worklist (IHE RAD AIW-I): what becomes of a workitem as the read that it asks for goes on.

It is claimed once its input is here; nobody else can then. COMPLETED says that the machine has read, not that a person signed (law 3).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.read_request import ReadRequest, RequestState
from wetread.domain.role import SERVICE
from wetread.domain.workitem import EventKind, StepState
from wetread.ports.database import UnitOfWork
from wetread.ports.vault import Vault, VaultInstance
from wetread.workitems.asked_read import READ_CODE
from wetread.workitems.book import Held, WorkitemBook, Written
from wetread.workitems.data_set import DataSet, code, elements, first_item, merged, moment, with_item
from wetread.workitems.desk import transaction_digest
from wetread.workitems.steps import canceled, reason_code

__all__ = ["Outputs", "ReadPerformer", "performed", "progressed"]

_UNSIGNED = "Read by software. No person has signed it."
_PERFORMED, _PROGRESS = "UnifiedProcedureStepPerformedProcedureSequence", "ProcedureStepProgressInformationSequence"
_READ = code(READ_CODE.value, READ_CODE.scheme, READ_CODE.meaning)


@dataclass(frozen=True, slots=True)
class Outputs:
    """How an output is named: in which of our studies it lies, and where it is fetched. `base_url` is of DICOMweb, "" where nobody said how we are reached."""

    vault: Vault
    ae_title: str
    base_url: str = ""

    def items(self, study_key: StudyKey, made: Sequence[InstanceKey]) -> list[DataSet]:
        """Of an Output Information Sequence: an item for each series."""
        found = [each for each in self.vault.unnamed.instances(study_key) if each.instance_key in made] if made else []
        series = dict.fromkeys((each.header.study_instance_uid, each.header.series_instance_uid) for each in found)
        return [
            self._item(*uids, [each for each in found if each.header.series_instance_uid == uids[1]]) for uids in series
        ]

    def _item(self, study_uid: str, series_uid: str, made: Sequence[VaultInstance]) -> DataSet:
        named = [
            elements(
                ReferencedSOPClassUID=each.header.traits.sop_class_uid,
                ReferencedSOPInstanceUID=each.header.sop_instance_uid,
            )
            for each in made
        ]
        where = f"{self.base_url}/studies/{study_uid}/series/{series_uid}"
        by_web = {"WADORSRetrievalSequence": elements(RetrieveURL=where)} if self.base_url else {}
        return elements(
            TypeOfInstances="DICOM",
            StudyInstanceUID=study_uid,
            SeriesInstanceUID=series_uid,
            ReferencedSOPSequence=named,
            DICOMRetrievalSequence=elements(RetrieveAETitle=self.ae_title),
            **by_web,
        )


@dataclass(frozen=True, slots=True)
class ReadPerformer:
    """A follower of requests whose origin is a workitem of ours."""

    book: WorkitemBook
    outputs: Outputs
    new_uid: Callable[[], str]

    def __call__(self, unit: UnitOfWork, before: ReadRequest, after: ReadRequest, now: datetime) -> ReadRequest:
        """In the transaction that changes the request. What somebody else has claimed or canceled is nobody's request any more: WITHDRAWN."""
        held = self.book.find_by_key(unit, after.request_key)
        if held is None or not self._is_ours(held):
            return replace(after, state=RequestState.WITHDRAWN)
        if held.workitem.state is StepState.SCHEDULED:
            held = self._claimed(unit, held, after, now)
        if after.state is RequestState.ANSWERED:
            made = self.outputs.items(after.study_key, after.outputs)
            done = replace(held, data_set=performed(progressed(held.data_set, 100, ""), made, now))
            self._write(unit, done, StepState.COMPLETED, EventKind.STATE_REPORT, now)
        elif after.failure is not None:
            ended = canceled(held.data_set, now, reason_code(after.failure), after.reason)
            self._write(unit, replace(held, data_set=ended), StepState.CANCELED, EventKind.STATE_REPORT, now)
        elif before.state is after.state:
            going = replace(held, data_set=progressed(held.data_set, after.progress, "being read"))
            self._write(unit, going, StepState.IN_PROGRESS, EventKind.PROGRESS_REPORT, now)
        return after

    def _is_ours(self, held: Held) -> bool:
        mine = held.workitem.performer_id == SERVICE.actor_id
        return held.workitem.state is StepState.SCHEDULED or (held.workitem.state is StepState.IN_PROGRESS and mine)

    def _claimed(self, unit: UnitOfWork, held: Held, after: ReadRequest, now: datetime) -> Held:
        digest = transaction_digest(self.new_uid())
        claimed = replace(held.workitem, transaction_sha256=digest, performer_id=SERVICE.actor_id)
        data_set = progressed(with_item(held.data_set, _PERFORMED, begun(now)), after.progress, "being read")
        return self._write(
            unit, replace(held, workitem=claimed, data_set=data_set), StepState.IN_PROGRESS, EventKind.STATE_REPORT, now
        )

    def _write(self, unit: UnitOfWork, held: Held, state: StepState, kind: EventKind, now: datetime) -> Held:
        return self.book.write(unit, held, state, (kind,), Written("workitem.perform", SERVICE.actor_id), now)


def begun(now: datetime) -> DataSet:
    """An item of what is performed, by whom and since when."""
    return elements(
        PerformedStationNameCodeSequence=code("WETREAD", "99WETREAD", "wetread"),
        PerformedWorkitemCodeSequence=_READ,
        PerformedProcedureStepStartDateTime=moment(now),
    )


def performed(data_set: DataSet, made: Sequence[DataSet], now: datetime) -> DataSet:
    """Ended now, with these outputs."""
    there = first_item(data_set, _PERFORMED) or begun(now)
    ended = elements(
        PerformedProcedureStepEndDateTime=moment(now),
        CommentsOnThePerformedProcedureStep=_UNSIGNED,
        OutputInformationSequence=list(made),
    )
    return with_item(data_set, _PERFORMED, merged(there, ended))


def progressed(data_set: DataSet, percent: int, words: str) -> DataSet:
    there = first_item(data_set, _PROGRESS)
    now_at = elements(ProcedureStepProgress=percent, ProcedureStepProgressDescription=words or None)
    return with_item(data_set, _PROGRESS, merged(there, now_at))
