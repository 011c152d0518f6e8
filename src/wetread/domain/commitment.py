"""Whether a receiver answers for what we sent it (storage commitment, PS3.4 annex J)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Commitment", "CommitmentState"]


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
