"""Findings, context and site policy to a priority with its reason. Pure: the same input always gives the same decision."""

from dataclasses import dataclass, replace

from wetread.domain.analysis import Analysis, Finding
from wetread.domain.finding import SidedFinding, concept
from wetread.domain.priority import Priority, TriageDecision
from wetread.domain.study import StudyTraits
from wetread.triage.context import KnownFinding, TriageContext
from wetread.triage.matching import Case, Verdict, judge
from wetread.triage.message import DEFAULT_MESSAGE, fill
from wetread.triage.policy import KnownFindings, Outcome, TriagePolicy

__all__ = ["decide", "judge_all", "prioritise"]


@dataclass(frozen=True, slots=True)
class _Fired:
    """A rule that matched, after what is known has lowered it. `lowered` says so in words."""

    verdict: Verdict
    finding: Finding
    priority: Priority
    critical: bool
    lowered: str


def prioritise(
    analyses: tuple[Analysis, ...],
    traits: StudyTraits,
    policy: TriagePolicy,
    *,
    context: TriageContext | None = None,
    unavailable_reason: str = "",
) -> TriageDecision:
    """The decision of the highest-priority rule that matches (file order breaks ties), or the policy's default.

    No analyses means that no model read the film; `unavailable_reason` then says why. A critical rule that matches makes the study critical even where another rule has the
    higher priority; `finding`, path and message are then the critical rule's.
    """
    known = context or TriageContext()
    if not analyses:
        reason = f"AI unavailable: {unavailable_reason or 'no reason given'}"
        return _as_ordered(_without_rule("ai_unavailable", policy.ai_unavailable, reason, policy), known)
    return _as_ordered(decide(judge_all(analyses, traits, policy, known), analyses, traits, policy, known), known)


def _as_ordered(decision: TriageDecision, known: TriageContext) -> TriageDecision:
    """No later than who asked for the film wants it: the machine may bring a study forward, never put it behind its order."""
    if known.ordered.rank <= decision.priority.rank:
        return decision
    return replace(
        decision, priority=known.ordered, reason=_joined(decision.reason, f"ordered as {known.ordered.value}")
    )


def judge_all(
    analyses: tuple[Analysis, ...], traits: StudyTraits, policy: TriagePolicy, context: TriageContext
) -> tuple[Verdict, ...]:
    """Every rule's verdict, in the order of the file."""
    case = Case(analyses, traits, context, policy.conflict)
    return tuple(judge(rule, case) for rule in policy.rules)


def decide(
    verdicts: tuple[Verdict, ...],
    analyses: tuple[Analysis, ...],
    traits: StudyTraits,
    policy: TriagePolicy,
    context: TriageContext,
) -> TriageDecision:
    """From verdicts to the decision (see `prioritise`)."""
    notes = [each.dissent for each in verdicts] + [context.gap]
    fired = [_fired(each, each.finding, policy.known_findings) for each in verdicts if each.finding]
    if not fired:
        return _without_rule("default", policy.default, _joined(_nothing_called(analyses), *notes), policy)
    first = max(fired, key=lambda each: (each.priority.rank, each.critical))
    criticals = sorted((each for each in fired if each.critical), key=lambda each: -each.priority.rank)
    told = criticals[0] if criticals else first
    also = [f"also critical: {_finding(each.finding)}" for each in criticals if each.finding != first.finding]
    targets = [each.verdict.rule.read_within_min for each in fired if each.verdict.rule.read_within_min]
    return TriageDecision(
        first.priority,
        bool(criticals),
        first.verdict.rule.rule_id,
        _joined(_finding(first.finding), *also, *(each.lowered for each in fired), *notes),
        policy.policy_version,
        finding=told.finding.name,
        escalation_path=told.verdict.rule.escalation_path if criticals else "",
        message=_message(told, traits) if criticals else "",
        read_within_min=min(targets, default=0),
        critical_findings=tuple(dict.fromkeys(SidedFinding(f.finding.name, f.finding.laterality) for f in criticals)),
    )


def _without_rule(rule_id: str, outcome: Outcome, reason: str, policy: TriagePolicy) -> TriageDecision:
    return TriageDecision(
        outcome.priority, False, rule_id, reason, policy.policy_version, read_within_min=outcome.read_within_min
    )


def _fired(verdict: Verdict, finding: Finding, policy: KnownFindings | None) -> _Fired:
    rule, known = verdict.rule, verdict.known
    lower_to = policy.lower_to if policy else None
    if (
        known is None
        or lower_to is None
        or rule.even_if_known
        or not (rule.critical or lower_to.rank < rule.priority.rank)
    ):
        return _Fired(verdict, finding, rule.priority, rule.critical, "")
    priority = min(rule.priority, lower_to, key=lambda each: each.rank)
    return _Fired(verdict, finding, priority, False, _lowered(known, rule.priority, priority, paged=rule.critical))


def _lowered(known: KnownFinding, asked: Priority, given: Priority, *, paged: bool) -> str:
    days = f"{known.days_before} day{'' if known.days_before == 1 else 's'}"
    change = f", {given.value} instead of {asked.value}" if given is not asked else ""
    silent = ", not critical" if paged else ""
    return f"known: {concept(known.name).display} signed on the prior of {days} before{change}{silent}"


def _joined(*parts: str) -> str:
    return "; ".join(dict.fromkeys(filter(None, parts)))


def _message(told: _Fired, traits: StudyTraits) -> str:
    values = {
        "finding": concept(told.finding.name).display,
        "laterality": told.finding.laterality,
        "probability": f"{told.finding.probability:.2f}",
        "threshold": f"{told.finding.operating_point.threshold:.2f}",
        "site": traits.site,
        "priority": told.priority.value,
    }
    return fill(told.verdict.rule.message or DEFAULT_MESSAGE, values)


def _finding(finding: Finding) -> str:
    side = f"{finding.laterality} " if finding.laterality else ""
    return (
        f"{side}{concept(finding.name).display} {finding.probability:.2f}, "
        f"operating point {finding.operating_point.threshold:.2f}"
    )


def _nothing_called(analyses: tuple[Analysis, ...]) -> str:
    called = dict.fromkeys(concept(f.name).display for analysis in analyses for f in analysis.called)
    return f"no rule for {', '.join(called)}" if called else "no finding at or above its operating point"
