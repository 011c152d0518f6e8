"""A policy file is read whole or refused whole: every problem at once, each with its line, and nothing in it is executed."""

import json
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from wetread.domain.priority import Priority
from wetread.triage.message import PLACEHOLDERS, fill, problem_of
from wetread.triage.policy import BUILT_IN_PATH, DEFAULT_POLICY, ModelConflict, OrderRule, TriagePolicy, load_policy
from wetread.triage.policy_advice import advice_on, advice_on_duties
from wetread.triage.policy_file import check_policy, policy_schema
from wetread.triage.roster_plan import Duty, Roster, RosterSite

TAIL = """
escalation_paths:
  default:
    steps: [{duty: everyone, wait_minutes: 5}]
ai_unavailable: {priority: urgent}
default: {priority: routine}
"""


def a_policy(rules: str, extra: str = "", tail: str = TAIL) -> TriagePolicy:
    """A schema 2 policy with these rules and further top-level keys; fails when it has a problem."""
    policy, problems = check_policy(f"schema: 2\npolicy_version: t\nrules:\n{rules}\n{extra}{tail}")
    assert policy is not None, problems
    return policy


def problems_of(rules: str, extra: str = "", tail: str = TAIL) -> list[str]:
    return [str(each) for each in check_policy(f"schema: 2\npolicy_version: t\nrules:\n{rules}\n{extra}{tail}")[1]]


def test_everything_a_policy_can_say_is_read() -> None:
    policy = a_policy(
        """  - id: a
    finding: pneumothorax
    at_least: 0.2
    below: 0.6
    when:
      {patient_class: [emergency], minimum_age_years: 3, with_findings: [support_devices], sites: [n], known_on_prior: true}
    priority: asap
    critical: true
    even_if_known: true
    escalation_path: chest
    message: "{finding}!"
    read_within_minutes: 20""",
        """known_findings: {within_days: 9, lower_to: urgent}
models: {conflict: first}
order: {waiting_cap_minutes: 60, age_step_minutes: 30}
patient_classes: {" A&E ": emergency}
""",
        TAIL.replace(
            "  default:\n    steps: [{duty: everyone, wait_minutes: 5}]",
            "  chest:\n    steps: [{duty: primary, wait_minutes: {stat: 1, asap: 2, urgent: 3, routine: 4}}]\n"
            "    acknowledge_within_minutes: 7\n    communicate_within_minutes: 8",
        ),
    )
    (rule,) = policy.rules
    assert (rule.at_least, rule.below, rule.escalation_path, rule.read_within_min) == (0.2, 0.6, "chest", 20)
    assert (rule.critical, rule.even_if_known, rule.message) == (True, True, "{finding}!")
    assert (rule.when.patient_classes, rule.when.minimum_age_years, rule.when.sites) == (("emergency",), 3, ("n",))
    assert (rule.when.with_findings, rule.when.known_on_prior) == (("support_devices",), True)
    path = policy.paths["chest"]
    assert (path.acknowledge_within, path.communicate_within) == (timedelta(minutes=7), timedelta(minutes=8))
    assert path.steps[0].wait[Priority.URGENT] == timedelta(minutes=3)
    assert policy.order == OrderRule(timedelta(minutes=60), timedelta(minutes=30))
    assert policy.waiting_cap == timedelta(hours=1)
    assert (policy.conflict, policy.patient_classes) == (ModelConflict.FIRST, {"a&e": "emergency"})


def test_all_problems_are_found_at_once_each_with_its_line() -> None:
    told = problems_of(
        """  - {id: a, finding: pneumothorx, called: true, priority: stat}
  - id: b
    finding: mass
    called: true
    priority: now
    escalation_path: nowhere
    message: "{patient}"
  - {id: c, finding: mass, at_least: 0.6, below: 0.5, priority: stat}
  - {id: c, finding: mass, called: true, priority: stat, when: {known_on_prior: true, age: 3}}""",
        "order: {waiting_cap_minutes: 0}\n",
    )
    said = [(each.partition(":")[0], each.partition(": ")[2].partition(":")[0]) for each in told]
    assert said == [
        ("line 4", "rules.0.finding"),
        ("line 8", "rules.1.priority"),
        ("line 9", "rules.1.escalation_path"),
        ("line 10", "rules.1.message"),
        ("line 11", "rules.2"),
        ("line 11", "rules.2.id"),
        ("line 12", "rules.3.id"),
        ("line 12", "rules.3.when.age"),
        ("line 12", "rules.3.when.known_on_prior"),
        ("line 13", "order.waiting_cap_minutes"),
    ]


@pytest.mark.parametrize(
    ("rules", "tail", "told"),
    [
        ("  - {id: a, finding: mass, priority: stat}", TAIL, "would match every film"),
        ("  - {id: a, finding: mass, below: 0.9, priority: stat}", TAIL, "would match every film"),
        (
            "  - {id: a, finding: mass, called: true, priority: stat, critical: true}",
            TAIL.replace("default:\n", "other:\n", 1),
            "there is no escalation path default",
        ),
        ("  []", TAIL.replace("steps: [{duty: everyone, wait_minutes: 5}]", "steps: []"), "at least 1 item"),
        ("  []", TAIL.replace("wait_minutes: 5", "wait_minutes: {stat: 5}"), "asap"),
        ("  []", TAIL.replace("wait_minutes: 5", "wait_minutes: 0"), "greater than or equal to 1"),
        ("  []", TAIL.replace("default: {priority: routine}", ""), "default"),
        ("  []", TAIL + "patient_classes: {ED: emergency, ed: inpatient}\n", "differ in case"),
        ("  []", TAIL + "rules: []\n", "duplicate key"),
        ("  - !!python/object/apply:os.system [id]", TAIL, "os.system"),
        ("  - {id: a", TAIL, "not YAML"),
    ],
)
def test_a_wrong_policy_says_what_is_wrong(rules: str, tail: str, told: str) -> None:
    assert any(told in each for each in problems_of(rules, tail=tail)), problems_of(rules, tail=tail)


@settings(max_examples=60)
@given(st.text(alphabet="schema: 2\n-[]{}&*!|>'\"rules,id?", max_size=60) | st.text(max_size=40))
def test_any_text_is_a_policy_or_has_a_problem(text: str) -> None:
    policy, problems = check_policy(text)
    assert (policy is None) == bool(problems)


def test_schema_1_is_still_read_and_escalates_by_the_built_in_path() -> None:
    policy, problems = check_policy(
        "policy_version: old\nrules:\n"
        "  - {id: a, finding: mass, probability_at_least: 0.5, maximum_age_years: 17, priority: stat, critical: true}\n"
        "ai_unavailable: {priority: urgent}\ndefault: {priority: routine}\n"
    )
    assert policy is not None, problems
    (rule,) = policy.rules
    assert (rule.at_least, rule.when.maximum_age_years, rule.critical) == (0.5, 17, True)
    assert policy.paths == {"default": BUILT_IN_PATH}
    assert policy.known_findings is None


def test_the_policy_that_ships_has_the_built_in_path_and_no_advice_against_it() -> None:
    policy = load_policy(DEFAULT_POLICY)
    assert policy.paths == {"default": BUILT_IN_PATH}
    assert policy.order == OrderRule()
    assert list(advice_on(policy)) == []


def test_doubtful_policies_are_told() -> None:
    told = "\n".join(
        advice_on(
            a_policy(
                "  - {id: a, finding: mass, called: true, priority: stat, read_within_minutes: 2000}",
                tail=TAIL.replace("everyone", "primary").replace("ai_unavailable: {priority: urgent}", "")
                + "ai_unavailable: {priority: routine}\n",
            )
        )
    )
    assert "nobody is ever paged" in told
    assert "ends with primary" in told
    assert "beyond the waiting cap" in told


def test_a_duty_or_site_the_roster_does_not_have_is_told() -> None:
    policy = a_policy(
        "  - {id: a, finding: mass, called: true, priority: stat, critical: true, when: {sites: [north, south]}}",
        tail=TAIL.replace(
            "[{duty: everyone", "[{duty: primary, wait_minutes: 5}, {duty: porter, wait_minutes: 5}, {duty: everyone"
        ),
    )
    site = RosterSite("north", ZoneInfo("UTC"), (), (Duty("primary", ()),))
    assert list(advice_on_duties(policy, Roster("1", (), (site,)))) == [
        "the roster of north has no duty porter: that step pages nobody there",
        "a rule names the site south, which the roster does not have",
    ]


def test_the_schema_beside_the_policy_is_the_codes_and_takes_the_policy() -> None:
    beside = DEFAULT_POLICY.with_name("policy.schema.json")
    assert beside.read_text("utf-8") == policy_schema(), (
        "run: wetread policy schema > src/wetread/triage/policy.schema.json"
    )
    schema = json.loads(policy_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    document = YAML(typ="safe").load(DEFAULT_POLICY)
    jsonschema.validate(document, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "eval": 1}, schema)


@pytest.mark.parametrize(
    "template", ["{patient}", "{finding.__class__}", "{finding!r}", "{finding:>9}", "{0}", "{}", "{", "a\nb"]
)
def test_a_message_has_the_listed_holes_only(template: str) -> None:
    assert problem_of(template)


@given(st.text(max_size=30), st.sampled_from(PLACEHOLDERS))
def test_what_is_filled_in_is_never_read_as_a_template(value: str, name: str) -> None:
    values = dict.fromkeys(PLACEHOLDERS, "")
    assert fill(f"a {{{name}}} {{{{b}}}}", {**values, name: value}) == " ".join(f"a {value} {{b}}".split())


def test_a_policy_that_cannot_be_read_is_said_to_be(tmp_path: Path) -> None:
    from wetread.domain.errors import PermanentError

    with pytest.raises(PermanentError, match=r"gone\.yaml cannot be read"):
        load_policy(tmp_path / "gone.yaml")


def test_a_misspelt_and_a_forgotten_key_are_told_in_plain_words() -> None:
    found = problems_of("  - id: a\n    finding: pneumothorax\n    priorty: asap")
    assert any("priorty: there is no such key here" in each for each in found), found
    assert any("priority: it is missing" in each for each in found), found
