from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.analysis_builders import a_finding, an_analysis

from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.priority import Priority
from wetread.domain.study import Sex, StudyTraits
from wetread.triage.policy import DEFAULT_POLICY, load_policy
from wetread.triage.prioritise import prioritise

ADULT = StudyTraits(55, Sex.FEMALE, "main")
POLICY = load_policy(DEFAULT_POLICY)


def _policy(tmp_path: Path, rules: str) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(
        f"policy_version: t\nrules:\n{rules}\nai_unavailable: {{priority: urgent}}\ndefault: {{priority: routine}}\n"
    )
    return path


def test_a_called_pneumothorax_is_critical_and_says_why() -> None:
    decision = prioritise((an_analysis(a_finding("pneumothorax", 0.94, 0.31)),), ADULT, POLICY)
    assert (decision.priority, decision.critical, decision.rule_id) == (Priority.STAT, True, "pneumothorax")
    assert decision.reason == "left pneumothorax 0.94, operating point 0.31"


def test_nothing_called_is_routine_and_says_so() -> None:
    decision = prioritise((an_analysis(a_finding("pneumothorax", 0.1)),), ADULT, POLICY)
    assert (decision.priority, decision.rule_id) == (Priority.ROUTINE, "default")
    assert decision.reason == "no finding at or above its operating point"


def test_a_called_finding_without_a_rule_is_named() -> None:
    decision = prioritise((an_analysis(a_finding("fibrosis", 0.9)),), ADULT, POLICY)
    assert decision.reason == "no rule for fibrosis"


def test_an_unread_film_does_not_wait_behind_the_ones_called_normal() -> None:
    decision = prioritise((), ADULT, POLICY, unavailable_reason="the film is blank")
    assert decision.priority is Priority.URGENT
    assert decision.reason == "AI unavailable: the film is blank"


def test_an_uncalibrated_finding_fires_no_rule() -> None:
    assert prioritise((an_analysis(a_finding("pneumothorax", None)),), ADULT, POLICY).rule_id == "default"


def test_the_most_urgent_rule_wins_whatever_the_order(tmp_path: Path) -> None:
    rules = """
  - {id: low, finding: effusion, called: true, priority: urgent}
  - {id: high, finding: effusion, probability_at_least: 0.6, priority: asap, critical: true}"""
    decision = prioritise((an_analysis(a_finding("effusion", 0.7)),), ADULT, load_policy(_policy(tmp_path, rules)))
    assert (decision.rule_id, decision.priority, decision.critical) == ("high", Priority.ASAP, True)


@pytest.mark.parametrize(("age", "rule"), [(10, "child"), (40, "default"), (None, "default")])
def test_an_age_bound_needs_a_known_age(tmp_path: Path, age: int | None, rule: str) -> None:
    rules = "  - {id: child, finding: pneumonia, called: true, maximum_age_years: 17, priority: asap}"
    policy = load_policy(_policy(tmp_path, rules))
    assert (
        prioritise((an_analysis(a_finding("pneumonia")),), StudyTraits(age, Sex.MALE, "main"), policy).rule_id == rule
    )


@given(st.lists(st.tuples(st.sampled_from(list(FindingName)), st.floats(0, 1)), unique_by=lambda t: t[0]))
def test_raising_a_probability_never_lowers_the_priority(scores: list[tuple[FindingName, float]]) -> None:
    before = prioritise((an_analysis(*(a_finding(n, p) for n, p in scores)),), ADULT, POLICY)
    after = prioritise((an_analysis(*(a_finding(n, min(1.0, p + 0.3)) for n, p in scores)),), ADULT, POLICY)
    assert after.priority.rank >= before.priority.rank


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("  - {id: a, finding: pneumothorx, called: true, priority: stat}", "finding"),
        ("  - {id: a, finding: mass, called: true, priority: now}", "priority"),
        ("  - {id: a, finding: mass, priority: stat}", "would match every film"),
        ("  - {id: a, finding: mass, called: true, priority: stat, eval: 1}", "eval"),
        ("  - {id: a, finding: mass, called: true, priority: stat}\n" * 2, "share an id"),
        ("  - !!python/object/apply:os.system [id]", "policy.yaml"),
    ],
)
def test_a_wrong_policy_is_refused_and_named(tmp_path: Path, rules: str, told: str) -> None:
    with pytest.raises(PermanentError, match=told) as refusal:
        load_policy(_policy(tmp_path, rules))
    assert refusal.value.code == "bad_policy"
