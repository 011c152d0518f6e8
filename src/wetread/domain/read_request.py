"""A request for a read: one inner thing, whoever asks for it (a workitem of UPS-RS, a FHIR ServiceRequest or Task, a worklist elsewhere) and whatever answers it. Without identity: it lives in the working database.

A request brings a study forward, never behind its order; it is answered from the read that stands, by the machine, unsigned (law 3).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.priority import Priority
from wetread.domain.study import Study
from wetread.domain.study_state import REPORTED, StudyState

__all__ = [
    "NOT_HERE",
    "OPEN",
    "READ_WITHIN",
    "WAIT_FOR_INPUT",
    "Failure",
    "ReadRequest",
    "RequestOrigin",
    "RequestState",
    "asked_priority",
    "is_read",
    "looked_at",
]

WAIT_FOR_INPUT = timedelta(hours=24)
"""So long a request waits for films that are not here."""
READ_WITHIN = timedelta(hours=1)
"""So long a read may take once its films are here."""
_REJECTED_FOR = timedelta(minutes=10)
"""A film that can be read may still come after a document that cannot; not for ever."""


class RequestOrigin(StrEnum):
    WORKITEM = "workitem"
    """On our own worklist (UPS-RS)."""
    FOREIGN_WORKITEM = "foreign_workitem"
    """Claimed from a worklist manager elsewhere."""
    FHIR = "fhir"


class RequestState(StrEnum):
    WAITING = "waiting"
    READING = "reading"
    ANSWERED = "answered"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


OPEN = frozenset({RequestState.WAITING, RequestState.READING})


class Failure(StrEnum):
    NEVER_CAME = "never_came"
    INCOMPLETE = "incomplete"
    """Some of the study came, not every object that the request names."""
    UNSUITABLE = "unsuitable"
    AI_UNAVAILABLE = "ai_unavailable"
    NOT_FINISHED = "not_finished"


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """`request_key` is a pseudonym (`identifiers.source_id`); `asked_by` an account. It waits for the study and every instance of `wanted` until `until`; `progress` is in percent.

    `reason` says in words why it failed; `outputs` are the objects made for it, in our own archive.
    """

    request_key: str
    origin: RequestOrigin
    study_key: StudyKey
    priority: Priority
    asked_by: str
    asked_at: datetime
    until: datetime
    wanted: tuple[InstanceKey, ...] = ()
    state: RequestState = RequestState.WAITING
    progress: int = 0
    failure: Failure | None = None
    reason: str = ""
    outputs: tuple[InstanceKey, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    def failed(self, failure: Failure, reason: str) -> "ReadRequest":
        return replace(self, state=RequestState.FAILED, failure=failure, reason=reason)


_PROGRESS = {
    StudyState.ADMITTED: 10,
    StudyState.ANALYSED: 50,
    StudyState.AI_UNAVAILABLE: 50,
    StudyState.TRIAGED: 75,
    StudyState.DRAFTED: 90,
}
_READ_IF_DRAFTED = frozenset({StudyState.IN_READING, *REPORTED})
NOT_HERE = frozenset({StudyState.RECEIVED, StudyState.REJECTED, StudyState.FETCHED})
"""Without a film to read: a copy that was fetched to compare with is none, until it is sent itself."""


def is_read(study: Study, *, has_draft: bool) -> bool:
    """The machine has said what it has to say of this revision; a person may have opened or signed it meanwhile."""
    return study.state is StudyState.DRAFTED or (study.state in _READ_IF_DRAFTED and has_draft)


def looked_at(request: ReadRequest, study: Study | None, here: frozenset[InstanceKey], now: datetime) -> ReadRequest:
    """The open request as things stand now: it begins once its films are here, goes on with the study, and fails when its time is over. Answering it is another act."""
    if request.state is RequestState.READING:
        progress = max(request.progress, _PROGRESS.get(study.state, 90) if study else 0)
        late = now >= request.until
        going = replace(request, progress=progress)
        return going.failed(Failure.NOT_FINISHED, "the read did not end in time") if late else going
    if study is not None and study.state not in NOT_HERE and here.issuperset(request.wanted):
        return replace(
            request, state=RequestState.READING, progress=_PROGRESS.get(study.state, 90), until=now + READ_WITHIN
        )
    if study is not None and study.state is StudyState.REJECTED:
        if now >= min(request.until, max(request.asked_at, study.received_at) + _REJECTED_FOR):
            return request.failed(Failure.UNSUITABLE, study.reason)
    elif now >= request.until:
        some = Failure.INCOMPLETE if study else Failure.NEVER_CAME
        return request.failed(some, "not every object came in time" if study else "the study did not come in time")
    return request


def asked_priority(requests: tuple[ReadRequest, ...]) -> Priority:
    """How urgently a study's read is asked for: by the most urgent request that was not withdrawn."""
    asked = (each.priority for each in requests if each.state is not RequestState.WITHDRAWN)
    return max(asked, key=lambda each: each.rank, default=Priority.ROUTINE)
