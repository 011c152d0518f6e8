"""The state table of a Unified Procedure Step (PS3.4 §CC.1.1, table CC.1.1-2), priorities both ways, and what the working database keeps of a workitem: nothing that identifies (the vault has its data set)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import Priority

__all__ = [
    "GLOBAL",
    "EventKind",
    "Grip",
    "Ruling",
    "StepState",
    "Subscription",
    "Workitem",
    "WorkitemEvent",
    "priority_of",
    "rule_on_cancel_request",
    "rule_on_change",
    "rule_on_update",
    "ups_priority",
]

GLOBAL = "*"
"""The scope of a subscription to the whole worklist."""


class StepState(StrEnum):
    """Procedure Step State (0074,1000)."""

    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"

    @property
    def is_final(self) -> bool:
        return self in (StepState.COMPLETED, StepState.CANCELED)


class Grip(StrEnum):
    """What the caller's Transaction UID is."""

    MISSING = "missing"
    WRONG = "wrong"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Ruling:
    """`to` is the new state, None where it stays. `status` is that of PS3.4 tables CC.2.1-2 to CC.2.6-2: 0000, a warning B3xx or a failure C3xx."""

    status: str
    to: StepState | None = None

    @property
    def allowed(self) -> bool:
        return self.status[0] != "C"


_S = StepState
_STAYS = Ruling("0000")
_FINAL, _BAD_GRIP, _TAKEN, _BACK, _INCOMPLETE = (Ruling(each) for each in ("C300", "C301", "C302", "C303", "C304"))
_NOT_BEGUN, _ALREADY_COMPLETED = Ruling("C310"), Ruling("C311")
_CANCELED_BEFORE, _COMPLETED_BEFORE = Ruling("B304"), Ruling("B306")


def rule_on_change(state: StepState, wanted: StepState, grip: Grip, *, complete: bool) -> Ruling:
    """Change State. For a step that nobody has begun, any Transaction UID is right. `complete`: the attributes that `wanted` requires of a final state are there."""
    if wanted is _S.SCHEDULED:
        return _BACK
    if grip is not Grip.RIGHT:
        return _BAD_GRIP
    if wanted is _S.IN_PROGRESS:
        return {_S.SCHEDULED: Ruling("0000", wanted), _S.IN_PROGRESS: _TAKEN}.get(state, _FINAL)
    if state is wanted:
        return _COMPLETED_BEFORE if wanted is _S.COMPLETED else _CANCELED_BEFORE
    if state.is_final:
        return _FINAL
    if state is _S.SCHEDULED:
        return _NOT_BEGUN
    return Ruling("0000", wanted) if complete else _INCOMPLETE


def rule_on_update(state: StepState, grip: Grip) -> Ruling:
    """Update: before it begins anybody's who may, and then without a Transaction UID; while it is performed its performer's."""
    if state.is_final:
        return _FINAL
    wanted = Grip.MISSING if state is _S.SCHEDULED else Grip.RIGHT
    return _STAYS if grip is wanted else _BAD_GRIP


def rule_on_cancel_request(state: StepState) -> Ruling:
    """Request Cancellation: one that nobody has begun is canceled by the worklist itself; a performer is told."""
    match state:
        case _S.SCHEDULED:
            return Ruling("0000", _S.CANCELED)
        case _S.IN_PROGRESS:
            return _STAYS
        case _S.COMPLETED:
            return _ALREADY_COMPLETED
        case _S.CANCELED:
            return _CANCELED_BEFORE


_PRIORITIES = {"HIGH": Priority.STAT, "MEDIUM": Priority.URGENT, "LOW": Priority.ROUTINE}
_UPS_PRIORITIES = {
    Priority.ROUTINE: "LOW",
    Priority.URGENT: "MEDIUM",
    Priority.ASAP: "HIGH",
    Priority.STAT: "HIGH",
}


def priority_of(scheduled: str) -> Priority:
    """Of a Scheduled Procedure Step Priority (0074,1200); raises KeyError for what is none."""
    return _PRIORITIES[scheduled]


def ups_priority(priority: Priority) -> str:
    """Four into three: never less urgent than it was."""
    return _UPS_PRIORITIES[priority]


@dataclass(frozen=True, slots=True)
class Workitem:
    """`version` names the data set in the vault that stands. `transaction_sha256` is all that is kept of the performer's Transaction UID; `cancel_requested` is for it to know."""

    workitem_key: str
    version: int
    state: StepState
    created_by: str
    created_at: datetime
    changed_at: datetime
    study_key: StudyKey | None = None
    transaction_sha256: str = ""
    performer_id: str = ""
    cancel_requested: bool = False


class EventKind(StrEnum):
    """Of PS3.4 table CC.2.4-1; the numbers are Event Type IDs."""

    STATE_REPORT = "1"
    CANCEL_REQUESTED = "2"
    PROGRESS_REPORT = "3"
    ASSIGNED = "5"


@dataclass(frozen=True, slots=True)
class WorkitemEvent:
    """`sequence` is the audit record's of the change, `number` counts within it. `version`: the data set to tell it from."""

    sequence: int
    number: int
    workitem_key: str
    kind: EventKind
    version: int
    state: StepState
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Subscription:
    """`subscriber` is an AE title that belongs to the account `owner_id`; `scope` a workitem's key or GLOBAL. `filtered`: the vault holds which workitems."""

    subscriber: str
    scope: str
    owner_id: str
    deletion_lock: bool = False
    filtered: bool = False
