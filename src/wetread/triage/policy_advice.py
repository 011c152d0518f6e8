"""What a policy may say but probably does not mean: told by `wetread policy check`, refused by nobody."""

from collections.abc import Iterator

from wetread.triage.policy import TriagePolicy

__all__ = ["advice_on"]

_EVERYONE = "everyone"


def advice_on(policy: TriagePolicy) -> Iterator[str]:
    """One sentence each, with what to do."""
    if policy.ai_unavailable.priority.rank < policy.default.priority.rank:
        yield "ai_unavailable is below default: a film no machine has read waits behind those it called normal"
    if not any(rule.critical for rule in policy.rules):
        yield "no rule is critical: nobody is ever paged"
    used = {rule.escalation_path for rule in policy.rules if rule.critical}
    for name, path in policy.paths.items():
        if name not in used:
            yield f"no critical rule uses the escalation path {name}"
        if path.steps[-1].duty != _EVERYONE:
            yield f"the escalation path {name} ends with {path.steps[-1].duty}: end it with {_EVERYONE}"
    for rule in policy.rules:
        if rule.read_within_min * 60 > policy.waiting_cap.total_seconds():
            yield f"rule {rule.rule_id}: its reading-time target is beyond the waiting cap, which comes first"
