"""A triage policy that was saved: proposed by one person, brought into use by another, kept for good. What decides is the one that is ACTIVE, else the file of the settings."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from wetread.domain.role import Role

__all__ = ["PolicyAct", "PolicyState", "PolicyVersion", "policy_sha256"]


class PolicyState(StrEnum):
    PROPOSED = "proposed"
    ACTIVE = "active"
    """It decides. At most one is."""
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    """Another took its place."""
    REVERTED = "reverted"
    """Taken out of use again."""


@dataclass(frozen=True, slots=True)
class PolicyAct:
    """`action` is propose, approve, withdraw or revert."""

    action: str
    actor_id: str
    role: Role
    acted_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """`name` is what the text calls itself. `based_on` is the sha256 of the text that decided when it was proposed: once another decides, it is stale. `replaced`: the version that decided before, None for the file."""

    number: int
    name: str
    text: str
    sha256: str
    based_on: str
    state: PolicyState
    acts: tuple[PolicyAct, ...]
    replaced: int | None = None


def policy_sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()
