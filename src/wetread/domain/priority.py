"""Reading priority in FHIR's request-priority codes (https://hl7.org/fhir/R4/valueset-request-priority.html)."""

from dataclasses import dataclass
from enum import StrEnum

from wetread.domain.finding import FindingName, SidedFinding

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
    """Where a study stands and why: `rule_id` names the policy rule that fired, `reason` says it in words.

    For a critical one, `finding` is what was called, `escalation_path` names the policy's path, `message` is what its pages say, and `critical_findings` are all that critical
    rules fired on, the most urgent first. `read_within_min` is the reading-time target, 0 when
    the policy sets none.
    """

    priority: Priority
    critical: bool
    rule_id: str
    reason: str
    policy_version: str
    finding: FindingName | None = None
    escalation_path: str = ""
    message: str = ""
    read_within_min: int = 0
    critical_findings: tuple[SidedFinding, ...] = ()
