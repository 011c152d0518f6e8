"""May a study be erased, and what is known of it afterwards: the decision and the record of both people's yes (GDPR art. 17, a wrong upload). Pseudonyms only: it lives in the working database."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from wetread.domain.errors import IllegalTransition, NotPermitted
from wetread.domain.identifiers import PatientKey, StudyKey
from wetread.domain.role import Actor, Role

__all__ = [
    "A_PERSONS_REASONS",
    "Erasure",
    "ErasureAct",
    "ErasureReason",
    "ErasureState",
    "Leftovers",
    "Obstacle",
    "SentOut",
    "Standing",
    "Tombstone",
    "TombstoneState",
    "approved",
    "check_other_pair_of_eyes",
    "obstacles",
    "withdrawn",
]


class ErasureReason(StrEnum):
    """Fixed codes: free text could carry identity, and a tombstone stays for ever."""

    PATIENT_REQUEST = "patient_request"
    """GDPR art. 17."""
    WRONG_UPLOAD = "wrong_upload"
    """It should never have come: another hospital's, a test, a film under another patient's name."""
    COURT_ORDER = "court_order"
    RETENTION_OVER = "retention_over"


class ErasureState(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    """It begins as soon as nothing stands in its way."""
    ERASING = "erasing"
    """Gone from the working database; the rest follows, whatever happens in between."""
    ERASED = "erased"
    WITHDRAWN = "withdrawn"


class Obstacle(StrEnum):
    """Why a study may not be erased now, in the order in which it is said."""

    NOT_HERE = "not_here"
    ALREADY = "already"
    LEGAL_HOLD = "legal_hold"
    RETENTION = "retention"
    OPEN_JOB = "open_job"
    OPEN_REQUEST = "open_request"
    CRITICAL_OPEN = "critical_open"
    IDENTITY_DOUBT = "identity_doubt"
    IN_HANDS = "in_hands"
    UNSIGNED_REPORT = "unsigned_report"
    NOT_DELIVERED = "not_delivered"
    RELABELLING = "relabelling"

    @property
    def words(self) -> str:
        return _WORDS[self]


_O = Obstacle
_WORDS = {
    _O.NOT_HERE: "no such study is here",
    _O.ALREADY: "its erasure was asked for already",
    _O.LEGAL_HOLD: "a legal hold says that it is kept: lift it first",
    _O.RETENTION: "it has to be kept until the retention period is over",
    _O.OPEN_JOB: "the machine still works on it: wait, or end its failed work",
    _O.OPEN_REQUEST: "somebody waits for its read",
    _O.CRITICAL_OPEN: "its critical finding is not closed",
    _O.IDENTITY_DOUBT: "nobody has answered whose it is",
    _O.IN_HANDS: "somebody has it open for writing",
    _O.UNSIGNED_REPORT: "no radiologist has signed its report",
    _O.NOT_DELIVERED: "its signed report is not acknowledged by every receiver",
    _O.RELABELLING: "a blinded reader still has to look at it",
}
A_PERSONS_REASONS = tuple(each for each in ErasureReason if each is not ErasureReason.RETENTION_OVER)
_MISTAKE = ErasureReason.WRONG_UPLOAD
_BEFORE_RETENTION = frozenset({_MISTAKE, ErasureReason.COURT_ORDER})


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is of a study, as far as it decides. `kept_until` is None where the site sets no retention period; `undelivered` counts receivers that have not acknowledged the newest signed report."""

    here: bool = True
    asked_already: bool = False
    legal_holds: int = 0
    kept_until: datetime | None = None
    open_jobs: int = 0
    open_requests: int = 0
    critical_open: bool = False
    identity_doubts: int = 0
    held_open: bool = False
    report_unsigned: bool = False
    undelivered: int = 0
    open_relabel_tasks: int = 0


def obstacles(standing: Standing, reason: ErasureReason, now: datetime) -> tuple[Obstacle, ...]:
    """Empty when it may be erased now. A wrong upload need not be kept, nobody has to sign it, and nobody to take it; a legal hold and open work stop every reason."""
    if not standing.here:
        return (_O.NOT_HERE,)
    early = standing.kept_until is not None and now < standing.kept_until
    said = {
        _O.ALREADY: standing.asked_already,
        _O.LEGAL_HOLD: standing.legal_holds,
        _O.RETENTION: early and reason not in _BEFORE_RETENTION,
        _O.OPEN_JOB: standing.open_jobs,
        _O.OPEN_REQUEST: standing.open_requests,
        _O.CRITICAL_OPEN: standing.critical_open,
        _O.IDENTITY_DOUBT: standing.identity_doubts,
        _O.IN_HANDS: standing.held_open,
        _O.UNSIGNED_REPORT: standing.report_unsigned and reason is not _MISTAKE,
        _O.NOT_DELIVERED: standing.undelivered and reason is not _MISTAKE,
        _O.RELABELLING: standing.open_relabel_tasks,
    }
    return tuple(each for each, stands in said.items() if stands)


@dataclass(frozen=True, slots=True)
class ErasureAct:
    """`action` is ask, approve or withdraw."""

    action: str
    actor_id: str
    role: Role
    acted_at: datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """One request. `patient` is set where all of a patient's studies were asked for. `reference` is the number of the site's own file on it. `due_at` is when a worker may take it; `problem` says why it waits."""

    number: int
    study_keys: tuple[StudyKey, ...]
    reason: ErasureReason
    state: ErasureState
    acts: tuple[ErasureAct, ...]
    patient: PatientKey | None = None
    reference: str = ""
    due_at: datetime | None = None
    problem: str = ""

    @property
    def is_open(self) -> bool:
        return self.state not in (ErasureState.ERASED, ErasureState.WITHDRAWN)

    @property
    def asked(self) -> ErasureAct:
        return self.acts[0]


def approved(erasure: Erasure, actor: Actor, now: datetime) -> Erasure:
    """Raises IllegalTransition for one that waits for no approval, NotPermitted for who asked and for their role."""
    if erasure.state is not ErasureState.ASKED:
        raise IllegalTransition("this erasure waits for nobody's approval")
    check_other_pair_of_eyes(actor, erasure.asked.actor_id, erasure.asked.role, "whoever asks for an erasure")
    act = ErasureAct("approve", actor.actor_id, actor.role, now)
    return replace(erasure, state=ErasureState.APPROVED, acts=(*erasure.acts, act), due_at=now)


def withdrawn(erasure: Erasure, actor: Actor, now: datetime) -> Erasure:
    """Raises IllegalTransition once it has begun: half an erasure is none."""
    if erasure.state not in (ErasureState.ASKED, ErasureState.APPROVED):
        raise IllegalTransition("only an erasure that has not begun can be withdrawn")
    act = ErasureAct("withdraw", actor.actor_id, actor.role, now)
    return replace(erasure, state=ErasureState.WITHDRAWN, acts=(*erasure.acts, act), due_at=None, problem="")


def check_other_pair_of_eyes(actor: Actor, first_id: str, first_role: Role, who: str) -> None:
    """Raises NotPermitted (code 'four_eyes') for the same person and for the same role."""
    if actor.actor_id == first_id or actor.role is first_role:
        raise NotPermitted(f"{who} is not enough: somebody else has to agree, in the other role", code="four_eyes")


class TombstoneState(StrEnum):
    ERASING = "erasing"
    ERASED = "erased"
    RELEASED = "released"
    """It came again, and a person said that it may be read."""


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What is still to be erased outside the working database: content addresses of films, and keys of what the vault holds for them."""

    films: tuple[str, ...] = ()
    hold_keys: tuple[str, ...] = ()
    request_keys: tuple[str, ...] = ()
    order_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SentOut:
    """What left the house before: no erasure here calls it back."""

    sink: str
    report_version: int
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What stays of an erased study: enough to know it again and to show that and why it went, nothing of what it said. `counts` are (table or kind, number); `objects_sha256` is over the sorted content addresses."""

    study_key: StudyKey
    number: int
    state: TombstoneState
    reason: ErasureReason
    asked_by: str
    approved_by: str
    began_at: datetime
    counts: tuple[tuple[str, int], ...]
    objects_sha256: str
    sent_out: tuple[SentOut, ...] = ()
    leftovers: Leftovers | None = None
    erased_at: datetime | None = None
    released_by: str = ""
    released_at: datetime | None = None
