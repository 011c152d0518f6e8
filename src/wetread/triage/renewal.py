"""A later image of a study whose critical result is still with people: does it tell them something new? Pure."""

from dataclasses import replace
from datetime import datetime

from wetread.domain.critical import (
    CriticalEvent,
    CriticalResult,
    CriticalState,
    EarlierWord,
    EscalationPath,
    next_critical_state,
)
from wetread.domain.finding import SidedFinding, concept
from wetread.domain.priority import TriageDecision

__all__ = ["renewed"]


def renewed(
    result: CriticalResult, decision: TriageDecision, path: EscalationPath, now: datetime
) -> CriticalResult | None:
    """The result after a later critical decision on its study; None when that says nothing new, and all stays as it is.

    New are a finding or a side that nobody was told of, whatever people have acknowledged or told of the others, and a higher priority while nobody has taken it. Either
    begins the path again, at once. What people said before is kept in `earlier`.
    """
    added = [each for each in decision.critical_findings if not _tells(result.findings, each)]
    taken = result.state in (CriticalState.ACKNOWLEDGED, CriticalState.COMMUNICATED)
    more_urgent = decision.priority.rank > result.priority.rank
    if not added and (taken or not more_urgent):
        return None
    said = EarlierWord(result.message, result.acknowledgement, result.communication)
    acknowledge_by, communicate_by = now + path.acknowledge_within, now + path.communicate_within
    return replace(
        result,
        state=next_critical_state(result.state, CriticalEvent.RENEW),
        priority=decision.priority if more_urgent else result.priority,
        rule_id=decision.rule_id,
        reason=decision.reason,
        message=_message(added, decision),
        path=path.name,
        findings=(*result.findings, *added),
        path_began=result.step,
        next_due_at=now,
        acknowledge_by=acknowledge_by if taken else min(result.acknowledge_by, acknowledge_by),
        communicate_by=communicate_by if taken else min(result.communicate_by, communicate_by),
        acknowledgement=None,
        communication=None,
        earlier=(*result.earlier, said) if taken else result.earlier,
    )


def _tells(told: tuple[SidedFinding, ...], finding: SidedFinding) -> bool:
    """A side that was said covers one that is not said, both sides cover each; a side that was not said covers none."""
    return any(each.name == finding.name and each.laterality in (finding.laterality, "bilateral") for each in told) or (
        not finding.laterality and any(each.name == finding.name for each in told)
    )


def _message(added: list[SidedFinding], decision: TriageDecision) -> str:
    """The policy's message speaks of one finding, not always of the new one."""
    names = ", ".join(f"{each.laterality} {concept(each.name).display}".strip() for each in added)
    return f"New on a later image: {names}. {decision.message}" if added else decision.message
