"""What a policy may say but probably does not mean: told by `wetread policy check`, refused by nobody."""

from collections.abc import Iterator

from wetread.triage.policy import TriagePolicy
from wetread.triage.roster_plan import Roster

__all__ = ["advice_on", "advice_on_duties"]

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


def advice_on_duties(policy: TriagePolicy, roster: Roster) -> Iterator[str]:
    """Duties that a critical rule would page and that a site's roster does not know, and sites of rules that the roster does not know."""
    used = {rule.escalation_path for rule in policy.rules if rule.critical}
    duties = {step.duty for name in used for step in policy.paths[name].steps} - {_EVERYONE}
    for site in roster.sites:
        for duty in sorted(each for each in duties if site.duty(each) is None):
            yield f"the roster of {site.name} has no duty {duty}: that step pages nobody there"
    named = {site for rule in policy.rules for site in rule.when.sites}
    for name in sorted(each for each in named if roster.site(each) is None):
        yield f"a rule names the site {name}, which the roster does not have"
