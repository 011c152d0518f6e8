"""Does a rule match a study, and if not, why not? The one answer both decides and explains."""

from dataclasses import dataclass

from wetread.domain.analysis import Analysis, Finding
from wetread.domain.finding import FindingName, concept
from wetread.domain.study import StudyTraits
from wetread.triage.context import KnownFinding, TriageContext
from wetread.triage.policy import Conditions, ModelConflict, TriageRule

__all__ = ["Case", "Verdict", "judge"]

_RESOLVED = {
    ModelConflict.HIGHEST: "the highest counts",
    ModelConflict.ALL_MUST_AGREE: "not all agree, so it does not count",
    ModelConflict.FIRST: "the first model decides",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One study as the rules see it. `analyses`: one per model, the first model first."""

    analyses: tuple[Analysis, ...]
    traits: StudyTraits
    context: TriageContext
    conflict: ModelConflict


@dataclass(frozen=True, slots=True)
class Verdict:
    """`finding` is what fired the rule, None when it did not fire and `missed` says why; `dissent` tells of models that disagreed, `known` is the prior's word on the finding."""

    rule: TriageRule
    finding: Finding | None
    missed: str = ""
    dissent: str = ""
    known: KnownFinding | None = None


@dataclass(frozen=True, slots=True)
class _Vote:
    """One model's word on a rule: why it does not fire, "" when it does."""

    analysis: Analysis
    finding: Finding
    against: str


def judge(rule: TriageRule, case: Case) -> Verdict:
    """Pure: the same rule and case always give the same verdict. A finding without a calibrated probability fires nothing."""
    votes = [_Vote(a, f, _against(rule, f)) for a, f in _calibrated(case, rule.finding)]
    if not votes:
        return Verdict(rule, None, f"no model gives a calibrated probability of {concept(rule.finding).display}")
    if missed := _unmet(rule.when, case):
        return Verdict(rule, None, missed)
    chosen = _chosen(votes, case.conflict)
    dissent = _dissent(votes, case.conflict)
    if chosen.against:
        return Verdict(rule, None, chosen.against, dissent)
    known = case.context.known_as(chosen.finding.name, chosen.finding.laterality)
    if rule.when.known_on_prior not in (None, known is not None):
        return Verdict(rule, None, f"{'already' if known else 'not'} known from a recent signed prior", dissent)
    return Verdict(rule, chosen.finding, "", dissent, known)


def _calibrated(case: Case, name: FindingName) -> list[tuple[Analysis, Finding]]:
    return [(a, f) for a in case.analyses for f in a.findings if f.name == name and f.probability is not None]


def _against(rule: TriageRule, finding: Finding) -> str:
    probability, threshold = finding.probability or 0.0, finding.operating_point.threshold
    if rule.called and not finding.called:
        return f"{probability:.2f} is below the operating point {threshold:.2f}"
    if probability < rule.at_least:
        return f"{probability:.2f} is below {rule.at_least:g}"
    if rule.below and probability >= rule.below:
        return f"{probability:.2f} is not below {rule.below:g}"
    return ""


def _chosen(votes: list[_Vote], conflict: ModelConflict) -> _Vote:
    """The vote that counts for all."""
    if conflict is ModelConflict.FIRST:
        return votes[0]
    wanted = conflict is ModelConflict.HIGHEST
    deciding = [each for each in votes if (each.against == "") is wanted] or votes
    return max(deciding, key=lambda each: each.finding.probability or 0.0)


def _dissent(votes: list[_Vote], conflict: ModelConflict) -> str:
    if len({each.against == "" for each in votes}) == 1:
        return ""
    said = ", ".join(f"{v.analysis.model.name} {v.analysis.model.version} {v.finding.probability:.2f}" for v in votes)
    return f"models disagree on {concept(votes[0].finding.name).display} ({said}): {_RESOLVED[conflict]}"


def _unmet(when: Conditions, case: Case) -> str:
    """The first condition that does not hold, in words."""
    age, site, patient_class = case.traits.patient_age_years, case.traits.site, case.context.patient_class
    bounded = when.minimum_age_years > 0 or when.maximum_age_years < 150
    if bounded and age is None:
        return "the age is unknown"
    if bounded and age is not None and not when.minimum_age_years <= age <= when.maximum_age_years:
        return f"age {age} is not {when.minimum_age_years} to {when.maximum_age_years}"
    if when.patient_classes and patient_class not in when.patient_classes:
        return f"patient class {patient_class or 'unknown'} is not {' or '.join(when.patient_classes)}"
    if when.sites and site not in when.sites:
        return f"site {site} is not {' or '.join(when.sites)}"
    missing = [name for name in when.with_findings if not _is_called(case, name)]
    return f"{concept(missing[0]).display} is not called" if missing else ""


def _is_called(case: Case, name: FindingName) -> bool:
    votes = [_Vote(a, f, "" if f.called else "not called") for a, f in _calibrated(case, name)]
    return bool(votes) and not _chosen(votes, case.conflict).against
