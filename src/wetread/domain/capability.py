"""What a neighbour was found to be able to do."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Capability", "Verdict"]


class Verdict(StrEnum):
    """UNKNOWN: could not be tried there, `Capability.note` says why."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    UNKNOWN = "not tried"


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that was tried: `service` as the standard calls it, `name` of the capability, and what was seen. Never anything of a patient."""

    service: str
    name: str
    verdict: Verdict
    note: str = ""
