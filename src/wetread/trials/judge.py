"""Judges one study against a trial's criteria: met, not met or unknown, each with its reason and where it is from. Unknown is never met.

Reasons hold no word of the record: counts, days before the film, values with their unit, and opaque source ids.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from wetread.domain.analysis import Finding
from wetread.domain.identifiers import StudyKey
from wetread.domain.record import RecordEntry
from wetread.domain.report import ReportFinding
from wetread.domain.study import Sex
from wetread.trials.criteria import (
    AgeRule,
    Criterion,
    EventRule,
    FindingRule,
    LaboratoryRule,
    Rule,
    SexRule,
    TrialCriteria,
)
from wetread.trials.judge_event import judge_event
from wetread.trials.judge_laboratory import judge_laboratory
from wetread.trials.truth import Truth, all_of, opposite
from wetread.trials.verdict import Ruling, Verdict

__all__ = ["Assessment", "StudyFacts", "assess", "needs_record"]

_OLDEST_SAID = 90
"""Ages are capped there in the working database: 90 means 90 or more."""
_BAND_YEARS = 10


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What is known of one study and its patient. `signed` is None without a signed report, `entries` None where the record was not read; `complete`: what is not in it is not there."""

    study_key: StudyKey
    day: date
    age_years: int | None
    sex: Sex
    findings: tuple[Finding, ...]
    signed: tuple[ReportFinding, ...] | None
    entries: tuple[RecordEntry, ...] | None = None
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """`outcome`: YES, this patient may be asked; NO, not; UNKNOWN, a person must find out what the verdicts say is unknown."""

    study_key: StudyKey
    outcome: Truth
    verdicts: tuple[Verdict, ...]


def assess(criteria: TrialCriteria, facts: StudyFacts) -> Assessment:
    """Every criterion to include must be met, every criterion to exclude must be not met."""
    verdicts = tuple(_verdict(each, facts) for each in criteria.criteria)
    outcome = all_of(opposite(each.truth) if each.excludes else each.truth for each in verdicts)
    return Assessment(facts.study_key, outcome, verdicts)


def needs_record(rule: Rule) -> bool:
    return isinstance(rule, EventRule | LaboratoryRule)


def _verdict(criterion: Criterion, facts: StudyFacts) -> Verdict:
    ruling = _ruling(criterion.rule, facts)
    return Verdict(criterion.name, criterion.excludes, ruling.truth, ruling.reason, ruling.sources)


def _ruling(rule: Rule, facts: StudyFacts) -> Ruling:
    if isinstance(rule, AgeRule):
        return _age(rule, facts.age_years)
    if isinstance(rule, SexRule):
        return _sex(rule, facts.sex)
    if isinstance(rule, FindingRule):
        return _signed(rule, facts.signed) if rule.signed else _modelled(rule, facts.findings)
    if facts.entries is None:
        return Ruling(Truth.UNKNOWN, "the record was not read")
    if isinstance(rule, LaboratoryRule):
        return judge_laboratory(rule, facts.entries, facts.day, complete=facts.complete)
    return judge_event(rule, facts.entries, facts.day, complete=facts.complete)


def _age(rule: AgeRule, years: int | None) -> Ruling:
    if years is None:
        return Ruling(Truth.UNKNOWN, "the age is not known")
    capped = years >= _OLDEST_SAID
    answers = [_is(years >= (rule.at_least or 0)), _is(rule.at_most is None or years <= rule.at_most)]
    if capped and max(rule.at_least or 0, (rule.at_most or 0) + 1) > _OLDEST_SAID:
        answers = [Truth.UNKNOWN]
    band = years // _BAND_YEARS * _BAND_YEARS
    return Ruling(all_of(answers), f"age {band} or more" if capped else f"age {band} to {band + _BAND_YEARS - 1}")


def _sex(rule: SexRule, sex: Sex) -> Ruling:
    if sex is Sex.UNKNOWN:
        return Ruling(Truth.UNKNOWN, "the sex is not known")
    return Ruling(_is(sex in rule.sexes), f"sex {sex.value}")


def _modelled(rule: FindingRule, findings: Iterable[Finding]) -> Ruling:
    found = next((each for each in findings if each.name is rule.finding and each.probability is not None), None)
    if found is None or found.probability is None:
        return Ruling(Truth.UNKNOWN, "the model says nothing of it on this film")
    fits = (rule.at_least is None or found.probability >= rule.at_least) and (
        rule.below is None or found.probability < rule.below
    )
    return Ruling(_is(fits), f"calibrated probability {found.probability:.2f}")


def _signed(rule: FindingRule, signed: tuple[ReportFinding, ...] | None) -> Ruling:
    if signed is None:
        return Ruling(Truth.UNKNOWN, "no report of this film is signed")
    said = [each for each in signed if each.name is rule.finding]
    sides = [each.laterality for each in said if each.present]
    if not said:
        return Ruling(Truth.UNKNOWN, "the signed report says nothing of it")
    if not sides or not rule.present:
        return Ruling(_is(bool(sides) is rule.present), "signed as present" if sides else "signed as absent")
    where = f"signed as present, {' and '.join(side or 'no side' for side in sides)}"
    return Ruling(_on_side(rule.laterality, set(sides)), where)


def _on_side(wanted: str, sides: set[str]) -> Truth:
    """A side that was not said may be the one."""
    both = {"bilateral"} & sides or {"left", "right"} <= sides
    if not wanted or wanted in sides or both:
        return Truth.YES
    return Truth.UNKNOWN if "" in sides else Truth.NO


def _is(fact: bool) -> Truth:
    return Truth.YES if fact else Truth.NO
