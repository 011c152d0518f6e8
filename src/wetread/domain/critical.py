"""Critical results: from the moment triage calls one until a person has told somebody who can act on it.

The terms are those of the Joint Commission's NPSG.02.03.01 and of the ACR Practice Parameter for Communication of Diagnostic Imaging Findings (category 1: minutes, by default 60).
Only people move a result past NOTIFIED. One that is not CLOSED always has a time at which something happens next (`next_due_at`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wetread.domain.errors import IllegalTransition
from wetread.domain.finding import SidedFinding
from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import Priority

__all__ = [
    "CRITICAL_TRANSITIONS",
    "Acknowledgement",
    "Closure",
    "ClosureReason",
    "Communication",
    "CriticalEvent",
    "CriticalResult",
    "CriticalState",
    "EarlierWord",
    "EscalationPath",
    "EscalationStep",
    "next_critical_state",
]


class CriticalState(StrEnum):
    OPEN = "open"
    NOTIFIED = "notified"
    """A channel accepted a page; nobody has answered it."""
    ACKNOWLEDGED = "acknowledged"
    COMMUNICATED = "communicated"
    CLOSED = "closed"


class CriticalEvent(StrEnum):
    NOTIFY = "notify"
    ACKNOWLEDGE = "acknowledge"
    COMMUNICATE = "communicate"
    RELEASE = "release"
    """Who acknowledged hands it back: escalation goes on."""
    RENEW = "renew"
    """A later image of the study brought another critical finding: what was acknowledged or told before was not this."""
    CLOSE = "close"


class ClosureReason(StrEnum):
    COMMUNICATED = "communicated"
    NOT_CONFIRMED = "not_confirmed"
    """A person looked at the film and the finding is not there."""
    ALREADY_KNOWN = "already_known"
    NOT_CRITICAL = "not_critical"


_S, _E = CriticalState, CriticalEvent

CRITICAL_TRANSITIONS: dict[tuple[CriticalState, CriticalEvent], CriticalState] = {
    (_S.OPEN, _E.NOTIFY): _S.NOTIFIED,
    **{(state, _E.NOTIFY): state for state in CriticalState if state is not _S.OPEN},
    (_S.OPEN, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.NOTIFIED, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _E.RELEASE): _S.NOTIFIED,
    (_S.OPEN, _E.RENEW): _S.OPEN,
    (_S.NOTIFIED, _E.RENEW): _S.NOTIFIED,
    (_S.ACKNOWLEDGED, _E.RENEW): _S.NOTIFIED,
    (_S.COMMUNICATED, _E.RENEW): _S.NOTIFIED,
    (_S.ACKNOWLEDGED, _E.COMMUNICATE): _S.COMMUNICATED,
    (_S.ACKNOWLEDGED, _E.CLOSE): _S.CLOSED,
    (_S.COMMUNICATED, _E.CLOSE): _S.CLOSED,
}
"""A receipt that comes late (NOTIFY after a person took over) moves nothing back. Nobody closes what nobody has acknowledged."""


def next_critical_state(state: CriticalState, event: CriticalEvent) -> CriticalState:
    """The state after `event`; raises IllegalTransition for a pair the table does not hold."""
    try:
        return CRITICAL_TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(f"a critical result that is {state.value} cannot take the step {event.value}") from None


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """Whom a step pages: everybody on `duty` at that moment; the duty 'everyone' is all responders of the site, on duty or not.

    `wait` is the time to the next step when nobody acknowledges, by priority.
    """

    duty: str
    wait: dict[Priority, timedelta]


@dataclass(frozen=True, slots=True)
class EscalationPath:
    """Steps in order; the last one repeats until a person acknowledges. Both limits count from the opening of the result."""

    name: str
    steps: tuple[EscalationStep, ...]
    acknowledge_within: timedelta
    communicate_within: timedelta


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who took it, when, and what they read back in their own words. `step`: how many steps had been taken; pages of those are not sent any more."""

    actor_id: str
    acknowledged_at: datetime
    read_back: str
    step: int = 0


@dataclass(frozen=True, slots=True)
class Communication:
    """To whom it was told, how (phone, in person, message), when, and whether they read it back."""

    actor_id: str
    communicated_at: datetime
    to_whom: str
    how: str
    read_back_confirmed: bool


@dataclass(frozen=True, slots=True)
class EarlierWord:
    """What people said of the result before another finding was added: kept, because it happened."""

    message: str
    acknowledgement: Acknowledgement | None
    communication: Communication | None


@dataclass(frozen=True, slots=True)
class Closure:
    actor_id: str
    closed_at: datetime
    reason: ClosureReason
    note: str


@dataclass(frozen=True, slots=True)
class CriticalResult:
    """One critical result of one study. `step` counts the steps taken (repeats of the last one included), `path_step` those since the path was begun; `etag` grows with every save.

    `reason` says in words what was called, `findings` are the critical ones; `next_due_at` is None only when it is COMMUNICATED or CLOSED. `earlier` is what was said before the last renewal.
    """

    critical_key: str
    study_key: StudyKey
    site: str
    priority: Priority
    rule_id: str
    reason: str
    message: str
    path: str
    state: CriticalState
    opened_at: datetime
    acknowledge_by: datetime
    communicate_by: datetime
    next_due_at: datetime | None
    step: int = 0
    etag: int = 0
    acknowledgement: Acknowledgement | None = None
    communication: Communication | None = None
    closure: Closure | None = None
    findings: tuple[SidedFinding, ...] = ()
    earlier: tuple[EarlierWord, ...] = ()
    path_began: int = 0

    @property
    def path_step(self) -> int:
        """Which step of the path comes next, from 0; a renewal begins the path again while `step`, which page keys are made of, goes on."""
        return self.step - self.path_began

    def due(self, now: datetime) -> bool:
        """True when its next step is to be taken. One that nobody has looked at since its opening is due whatever the clock of the machine that opened it said."""
        untouched = self.state is CriticalState.OPEN and self.step == 0
        return self.next_due_at is not None and (
            self.next_due_at <= now or (untouched and self.next_due_at == self.opened_at)
        )

    def overdue(self, now: datetime) -> bool:
        """True when a limit has passed and the act it asks for has not been done."""
        if self.state in (CriticalState.OPEN, CriticalState.NOTIFIED):
            return now > self.acknowledge_by
        return self.state is CriticalState.ACKNOWLEDGED and now > self.communicate_by
