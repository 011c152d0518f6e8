"""A FHIR Task that asks us for a read (https://hl7.org/fhir/R4/task.html), as far as we follow it: which order it is about, what it says now, and what it should say. Without identity: it lives in the working database.

It is `accepted` once it is kept, `in-progress` while the film is read and until a person signed, `completed` by a signed report and by nothing else (law 3).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import Priority
from wetread.domain.read_request import ReadRequest, RequestState

__all__ = ["ENDED", "AskedTask", "TaskStatus", "as_things_stand"]


class TaskStatus(StrEnum):
    """Those of https://hl7.org/fhir/R4/valueset-task-status.html that a request for a read goes through."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class AskedTask:
    """`task_key` is a pseudonym and the key of its request for a read; `place` is its 'Task/id' at the server that asked, "" for our own door; `order_key` is of its order in the vault.

    `study_key` is known once the film is here. `told` is what the asker knows of `status`; `reason` is in words, without identity.
    """

    task_key: str
    place: str
    order_key: str
    priority: Priority
    asked_by: str
    asked_at: datetime
    until: datetime
    study_key: StudyKey | None = None
    status: TaskStatus = TaskStatus.ACCEPTED
    told: TaskStatus = TaskStatus.REQUESTED
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """There is something to follow, or to tell."""
        return self.status not in ENDED or self.told is not self.status

    def failed(self, reason: str) -> "AskedTask":
        return replace(self, status=TaskStatus.FAILED, reason=reason)


def as_things_stand(task: AskedTask, request: ReadRequest | None, *, signed: bool) -> AskedTask:
    """What a task whose study is here should say. A report that a person signed completes it, whatever became of the machine's read."""
    if task.status in ENDED:
        return task
    if signed:
        return replace(task, status=TaskStatus.COMPLETED, reason="")
    match request.state if request else RequestState.WAITING:
        case RequestState.WAITING:
            return task
        case RequestState.READING:
            return replace(task, status=TaskStatus.IN_PROGRESS, reason="the film is being read")
        case RequestState.ANSWERED:
            return replace(
                task, status=TaskStatus.IN_PROGRESS, reason="read by AI, waiting for a radiologist's signature"
            )
        case RequestState.WITHDRAWN:
            return replace(task, status=TaskStatus.CANCELLED, reason="withdrawn")
        case RequestState.FAILED:
            return task.failed(request.reason if request else "")
