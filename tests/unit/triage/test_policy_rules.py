"""Bands, context, known findings, several models: what decides, and that every lowering and every conflict is said."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.analysis_builders import MODEL, a_finding, an_analysis
from tests.unit.triage.test_policy_file import a_policy

from wetread.domain.analysis import Analysis, Finding
from wetread.domain.finding import FindingName
from wetread.domain.priority import Priority, TriageDecision
from wetread.domain.study import Sex, StudyTraits
from wetread.triage.context import KnownFinding, TriageContext
from wetread.triage.dry_run import Comparison, compare
from wetread.triage.policy import TriagePolicy
from wetread.triage.prioritise import judge_all, prioritise

ADULT = StudyTraits(55, Sex.FEMALE, "main")
PNEUMOTHORAX = "  - {id: ptx, finding: pneumothorax, called: true, priority: stat, critical: true%s}"
KNOWN = TriageContext(known=(KnownFinding(FindingName.PNEUMOTHORAX, "left", 3),))
LOWER = "known_findings: {within_days: 30, lower_to: urgent}\n"


def decide(
    policy: TriagePolicy, *findings: Finding, traits: StudyTraits = ADULT, context: TriageContext | None = None
) -> TriageDecision:
    return prioritise((an_analysis(*findings),), traits, policy, context=context)


def named(name: str, *findings: Finding) -> Analysis:
    return replace(an_analysis(*findings), model=replace(MODEL, name=name))


@pytest.mark.parametrize(("probability", "rule"), [(0.19, "default"), (0.2, "low"), (0.59, "low"), (0.6, "high")])
def test_a_band_takes_its_lower_bound_and_leaves_its_upper(probability: float, rule: str) -> None:
    policy = a_policy(
        "  - {id: low, finding: mass, at_least: 0.2, below: 0.6, priority: stat}\n"
        "  - {id: high, finding: mass, at_least: 0.6, priority: asap}"
    )
    assert decide(policy, a_finding("mass", probability)).rule_id == rule


@pytest.mark.parametrize(
    ("when", "traits", "context", "missed"),
    [
        ("patient_class: [emergency, inpatient]", ADULT, TriageContext("inpatient"), ""),
        ("patient_class: [emergency]", ADULT, TriageContext("outpatient"), "patient class outpatient is not emergency"),
        ("patient_class: [emergency]", ADULT, TriageContext(), "patient class unknown is not emergency"),
        ("sites: [main]", ADULT, TriageContext(), ""),
        ("sites: [north, south]", ADULT, TriageContext(), "site main is not north or south"),
        ("minimum_age_years: 60", ADULT, TriageContext(), "age 55 is not 60 to 150"),
        ("minimum_age_years: 50", replace(ADULT, patient_age_years=None), TriageContext(), "the age is unknown"),
        ("with_findings: [support_devices]", ADULT, TriageContext(), ""),
        ("with_findings: [fracture]", ADULT, TriageContext(), "fracture is not called"),
        ("known_on_prior: true", ADULT, KNOWN, ""),
        ("known_on_prior: true", ADULT, TriageContext(), "not known from a recent signed prior"),
        ("known_on_prior: false", ADULT, KNOWN, "already known from a recent signed prior"),
        ("known_on_prior: false", ADULT, TriageContext(), ""),
    ],
)
def test_every_condition_must_hold_and_the_one_that_does_not_is_named(
    when: str, traits: StudyTraits, context: TriageContext, missed: str
) -> None:
    policy = a_policy(PNEUMOTHORAX % f", when: {{{when}}}", "known_findings: {within_days: 30}\n")
    analysis = an_analysis(a_finding(), a_finding("support_devices", 0.8), a_finding("fracture", 0.2))
    (verdict,) = judge_all((analysis,), traits, policy, context)
    assert verdict.missed == missed
    assert prioritise((analysis,), traits, policy, context=context).critical == (missed == "")


def test_a_known_finding_is_lowered_and_the_reason_says_so() -> None:
    decision = decide(a_policy(PNEUMOTHORAX % "", LOWER), a_finding(), context=KNOWN)
    assert (decision.priority, decision.critical, decision.rule_id) == (Priority.URGENT, False, "ptx")
    assert decision.reason == (
        "left pneumothorax 0.90, operating point 0.50; "
        "known: pneumothorax signed on the prior of 3 days before, urgent instead of stat, not critical"
    )
    assert (decision.escalation_path, decision.message) == ("", "")


@pytest.mark.parametrize(
    ("options", "extra", "laterality"),
    [
        (", even_if_known: true", LOWER, "left"),
        ("", "", "left"),
        ("", LOWER, "right"),
        ("", LOWER, "bilateral"),
        ("", LOWER, ""),
    ],
)
def test_a_known_finding_is_paged_again_where_the_policy_says_so_or_the_side_is_another(
    options: str, extra: str, laterality: str
) -> None:
    finding = replace(a_finding(), laterality=laterality)
    decision = decide(a_policy(PNEUMOTHORAX % options, extra), finding, context=KNOWN)
    assert (decision.priority, decision.critical) == (Priority.STAT, True)
    assert "known" not in decision.reason


def test_a_finding_without_a_side_is_known_without_one() -> None:
    policy = a_policy("  - {id: a, finding: cardiomegaly, called: true, priority: asap}", LOWER)
    known = TriageContext(known=(KnownFinding(FindingName.CARDIOMEGALY, "", 1),))
    decision = decide(policy, a_finding("cardiomegaly", laterality=""), context=known)
    assert decision.priority is Priority.URGENT
    assert decision.reason.endswith("known: cardiomegaly signed on the prior of 1 day before, urgent instead of asap")


findings = st.lists(
    st.tuples(st.sampled_from(["pneumothorax", "mass", "edema"]), st.floats(0, 1), st.sampled_from(["left", "right"])),
    unique_by=lambda each: each[0],
)
MANY = a_policy(
    PNEUMOTHORAX % ""
    + """
  - {id: mass, finding: mass, at_least: 0.3, priority: asap, critical: true, even_if_known: true}
  - {id: edema, finding: edema, called: true, priority: urgent}
  - {id: edema-in-emergency, finding: edema, called: true, priority: stat, when: {patient_class: [emergency]}}""",
    LOWER,
)


@given(findings, findings, st.sampled_from(["", "emergency"]))
def test_what_is_known_lowers_only_what_may_be_lowered_and_never_in_silence(
    drawn: list[tuple[str, float, str]], prior: list[tuple[str, float, str]], patient_class: str
) -> None:
    film = [a_finding(name, probability, laterality=side) for name, probability, side in drawn]
    known = tuple(KnownFinding(FindingName(name), side, 2) for name, _, side in prior)
    fresh = decide(MANY, *film, context=TriageContext(patient_class))
    again = decide(MANY, *film, context=TriageContext(patient_class, known))
    assert again.priority.rank <= fresh.priority.rank
    assert again.critical <= fresh.critical
    if (again.priority, again.critical) != (fresh.priority, fresh.critical):
        assert "known: " in again.reason
    if any(f.name == "mass" and (f.probability or 0) >= 0.3 for f in film):
        assert again.critical


def test_a_critical_rule_counts_even_where_another_is_more_urgent() -> None:
    policy = a_policy(
        "  - {id: edema, finding: edema, called: true, priority: stat, read_within_minutes: 60}\n"
        "  - {id: mass, finding: mass, called: true, priority: asap, critical: true, read_within_minutes: 45,"
        ' message: "{priority} {laterality} {finding} {probability}/{threshold} {site}"}'
    )
    decision = decide(policy, a_finding("edema", laterality=""), a_finding("mass", 0.7))
    assert (decision.priority, decision.rule_id, decision.critical) == (Priority.STAT, "edema", True)
    assert (decision.finding, decision.escalation_path) == (FindingName.MASS, "default")
    assert decision.message == "asap left mass 0.70/0.50 main"
    assert decision.read_within_min == 45
    assert "also critical: left mass 0.70" in decision.reason


def test_without_a_message_the_page_still_says_what_and_where() -> None:
    assert decide(a_policy(PNEUMOTHORAX % ""), a_finding()).message == (
        "stat: left pneumothorax 0.90 (operating point 0.50), main"
    )


def test_what_could_not_be_looked_up_is_said() -> None:
    gap = TriageContext(gap="the vault was away")
    assert decide(a_policy(PNEUMOTHORAX % ""), context=gap).reason.endswith("; the vault was away")


def test_an_unread_film_gets_its_own_reading_time_target() -> None:
    policy, _ = a_policy(PNEUMOTHORAX % ""), None
    policy = replace(policy, ai_unavailable=replace(policy.ai_unavailable, read_within_min=90))
    assert prioritise((), ADULT, policy).read_within_min == 90


YES, NO = named("first", a_finding(probability=0.9)), named("second", a_finding(probability=0.1))
SILENT = named("third", a_finding("mass", 0.1))


@pytest.mark.parametrize(
    ("conflict", "analyses", "critical", "said"),
    [
        ("highest", (NO, YES), True, "the highest counts"),
        ("all_must_agree", (YES, NO), False, "not all agree, so it does not count"),
        ("first", (YES, NO), True, "the first model decides"),
        ("first", (NO, YES), False, "the first model decides"),
        ("all_must_agree", (YES, SILENT), True, ""),
        ("first", (SILENT, YES), True, ""),
        ("all_must_agree", (YES, replace(YES, model=NO.model)), True, ""),
    ],
)
def test_models_that_disagree_are_resolved_as_the_policy_says_and_that_is_said(
    conflict: str, analyses: tuple[Analysis, ...], critical: bool, said: str
) -> None:
    policy = a_policy(PNEUMOTHORAX % "", f"models: {{conflict: {conflict}}}\n")
    decision = prioritise(analyses, ADULT, policy)
    assert decision.critical == critical
    assert ("models disagree on pneumothorax" in decision.reason) == bool(said)
    assert said in decision.reason
    if said:
        assert "first 1.0.0 0.90" in decision.reason
        assert "second 1.0.0 0.10" in decision.reason


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_one_model_more_never_silences_the_highest(probabilities: list[float]) -> None:
    policy = a_policy(PNEUMOTHORAX % "")
    analyses = tuple(named(f"m{n}", a_finding(probability=p)) for n, p in enumerate(probabilities))
    assert prioritise(analyses, ADULT, policy).critical == any(p >= 0.5 for p in probabilities)


def test_a_dry_run_counts_what_would_change() -> None:
    new = a_policy(
        "  - {id: mass, finding: mass, called: true, priority: asap, critical: true}\n"
        "  - {id: hernia, finding: hernia, called: true, priority: urgent}"
    )
    old = a_policy(PNEUMOTHORAX % "")
    films = [(a_finding("mass", 0.9),), (a_finding(),), (a_finding("edema", 0.1),)]
    pairs = [Comparison(f"s{n}", decide(old, *film), decide(new, *film)) for n, film in enumerate(films)]  # type: ignore[arg-type]
    dry_run = compare(pairs, new)
    assert (dry_run.studies, dry_run.moved, len(dry_run.changed)) == (3, 2, 2)
    assert (dry_run.becoming_critical, dry_run.no_longer_critical) == (1, 1)
    assert (dry_run.critical_before, dry_run.critical_after) == (1, 1)
    assert dry_run.moves[Priority.STAT, Priority.ROUTINE] == 1
    assert dry_run.silent == ("hernia",)
