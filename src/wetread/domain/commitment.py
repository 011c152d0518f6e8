"""Storage commitment (PS3.4 annex J) both ways: whether a receiver answers for what we sent it, and the reports that we owe to who asked us."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Commitment", "CommitmentState", "OwedReport", "OwedState", "OwedTotal"]


class CommitmentState(StrEnum):
    ASKED = "asked"
    COMMITTED = "committed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Commitment:
    """One transaction: `of` names what was sent ("study key:report version"), `sink` and `ae_title` whom it was asked of. `failed` of `instances` were not committed, `reason` says why the first was not. Holds UIDs of our own results only."""

    transaction_uid: str
    sink: str
    of: str
    ae_title: str
    instances: tuple[str, ...]
    asked_at: datetime
    state: CommitmentState = CommitmentState.ASKED
    answered_at: datetime | None = None
    failed: int = 0
    reason: str = ""


class OwedState(StrEnum):
    OWED = "owed"
    TOLD = "told"
    ASIDE = "aside"
    """Nobody tries any more, `problem` says why: a person puts it back, or it is asked for again."""
    VOID = "void"
    """A film that it names was erased before it was told: nothing may be said of it."""


@dataclass(frozen=True, slots=True)
class OwedReport:
    """One transaction of an AE title that asked us, from network address `address`. `request_key` is a pseudonym of both, `listed` one of the list of instances: the UIDs stand beside the vault.

    `attempt` counts who took it in hand and is the fencing token; `deaths` how many of these, last in a row, never came back; `tries` the calls that failed. `due_at`: when it may be taken, or, while it is `held`, when it is given up; None once it is over. It is tried `until` then. A `duplicate` asks for another list under a Transaction UID that is in use.
    """

    request_key: str
    ae_title: str
    address: str
    listed: str
    instances: int
    asked_at: datetime
    due_at: datetime | None
    until: datetime
    held: bool = False
    state: OwedState = OwedState.OWED
    attempt: int = 1
    deaths: int = 0
    tries: int = 0
    duplicate: bool = False
    ended_at: datetime | None = None
    problem: str = ""

    def is_in_hands(self, now: datetime) -> bool:
        return self.held and self.due_at is not None and self.due_at > now


@dataclass(frozen=True, slots=True)
class OwedTotal:
    """How many reports of an AE title are in `state`; the oldest was asked for at `since`, and `problem` is that of the one asked for last."""

    ae_title: str
    state: OwedState
    reports: int
    since: datetime
    problem: str
