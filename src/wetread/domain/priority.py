"""Reading priority in FHIR's request-priority codes (https://hl7.org/fhir/R4/valueset-request-priority.html)."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Priority", "TriageDecision"]


class Priority(StrEnum):
    ROUTINE = "routine"
    URGENT = "urgent"
    ASAP = "asap"
    STAT = "stat"

    @property
    def rank(self) -> int:
        """0 (routine) to 3 (stat); larger is sooner."""
        return list(Priority).index(self)


@dataclass(frozen=True, slots=True)
class TriageDecision:
    """Where a study stands and why: `rule_id` names the policy rule that fired, `reason` says it in words."""

    priority: Priority
    critical: bool
    rule_id: str
    reason: str
    policy_version: str
