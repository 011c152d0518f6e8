"""Findings and site policy to a priority with its reason. Pure: the same findings and policy always give the same decision."""

from wetread.domain.analysis import Analysis, Finding
from wetread.domain.finding import concept
from wetread.domain.priority import TriageDecision
from wetread.domain.study import StudyTraits
from wetread.triage.policy import TriagePolicy, TriageRule

__all__ = ["prioritise"]


def prioritise(
    analysis: Analysis | None, traits: StudyTraits, policy: TriagePolicy, *, unavailable_reason: str = ""
) -> TriageDecision:
    """The decision of the highest-priority rule that matches (file order breaks ties), or the policy's default.

    `analysis` None means no model read the film; `unavailable_reason` then says why.
    """
    if analysis is None:
        reason = f"AI unavailable: {unavailable_reason or 'no reason given'}"
        return TriageDecision(policy.ai_unavailable, False, "ai_unavailable", reason, policy.policy_version)
    matches = [(rule, f) for rule in policy.rules for f in analysis.findings if _matches(rule, f, traits)]
    if not matches:
        return TriageDecision(policy.default, False, "default", _nothing_called(analysis), policy.policy_version)
    rule, finding = max(matches, key=lambda match: match[0].priority.rank)
    critical = any(match.critical for match, _ in matches)
    return TriageDecision(rule.priority, critical, rule.rule_id, _reason(finding), policy.policy_version)


def _matches(rule: TriageRule, finding: Finding, traits: StudyTraits) -> bool:
    if finding.name != rule.finding or finding.probability is None:
        return False
    age = traits.patient_age_years
    bounded = rule.minimum_age_years > 0 or rule.maximum_age_years < 150
    age_fits = not bounded or (age is not None and rule.minimum_age_years <= age <= rule.maximum_age_years)
    return age_fits and (finding.called or not rule.called) and finding.probability >= rule.probability_at_least


def _reason(finding: Finding) -> str:
    side = f"{finding.laterality} " if finding.laterality else ""
    return (
        f"{side}{concept(finding.name).display} {finding.probability:.2f}, "
        f"operating point {finding.operating_point.threshold:.2f}"
    )


def _nothing_called(analysis: Analysis) -> str:
    called = analysis.called
    if called:
        return f"no rule for {', '.join(concept(f.name).display for f in called)}"
    return "no finding at or above its operating point"
