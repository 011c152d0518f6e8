"""A criteria file is data, checked to the last key; what is wrong is said with its place, all of it at once."""

from pathlib import Path

import pytest

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.study import Sex
from wetread.trials.criteria import (
    AgeRule,
    Event,
    EventRule,
    FindingRule,
    LaboratoryRule,
    Relation,
    SexRule,
    TrialCriteria,
)
from wetread.trials.criteria_file import EXAMPLE_CRITERIA, read_criteria
from wetread.trials.truth import Truth
from wetread.trials.words import in_words

HEAD = 'schema = 1\ntrial = "T-1"\ntitle = "A trial"\n'


def read(tmp_path: Path, text: str) -> TrialCriteria:
    file = tmp_path / "criteria.toml"
    file.write_text(text, "utf-8")
    return read_criteria(file)


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(PermanentError) as raised:
        read(tmp_path, text)
    assert raised.value.code == "bad_criteria"
    message = str(raised.value)
    assert message.startswith("criteria file criteria.toml: ")
    return message.removeprefix("criteria file criteria.toml: ")


def test_the_example_uses_every_key() -> None:
    found = read_criteria(EXAMPLE_CRITERIA)
    heart_failure = frozenset({("SCT", "84114007"), ("SCT", "42343007")})
    assert found.trial == "EXAMPLE-1"
    assert [(each.name, each.excludes) for each in found.criteria][-4:] == [
        ("tapped-before", False),
        ("anticoagulated", True),
        ("low-platelets", True),
        ("mass-signed", True),
    ]
    assert {each.name: each.rule for each in found.criteria} == {
        "effusion": FindingRule(FindingName.EFFUSION, signed=False, at_least=0.6),
        "adult": AgeRule(18, 85),
        "sex": SexRule(frozenset({Sex.FEMALE, Sex.MALE})),
        "heart-failure": EventRule(Event(RecordKind.CONDITION, heart_failure), active=True),
        "kidneys": LaboratoryRule(frozenset({("LN", "2160-0")}), "mg/dL", 30, below=2.0),
        "tapped-before": EventRule(
            Event(RecordKind.PROCEDURE, frozenset({("SCT", "91602002")})),
            within_days=365,
            relation=Relation(Event(RecordKind.CONDITION, heart_failure), after=True, within_days=3650),
        ),
        "anticoagulated": EventRule(
            Event(RecordKind.MEDICATION_STATEMENT, frozenset({("RXNORM", "11289"), ("RXNORM", "5224")})),
            within_days=7,
            active=True,
            not_recorded=Truth.UNKNOWN,
        ),
        "low-platelets": LaboratoryRule(frozenset({("LN", "777-3")}), "10*3/uL", 30, below=50, any_value=True),
        "mass-signed": FindingRule(FindingName.MASS, signed=True),
    }
    assert all(in_words(each.rule) for each in found.criteria)


def test_a_uri_is_a_scheme_too(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + '[[include]]\nname = "x"\ncondition = "http://example.org/codes|a:b"\n')
    (criterion,) = found.criteria
    assert isinstance(criterion.rule, EventRule)
    assert criterion.rule.event.codes == {("http://example.org/codes", "a:b")}


ONE = '[[include]]\nname = "x"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "schema: is missing; trial: is missing; title: is missing; include: at least one criterion is needed"),
        (HEAD, "include: at least one criterion is needed"),
        (HEAD.replace("1", "2", 1) + ONE + 'sex = ["F"]', "schema: must be 1"),
        (HEAD.replace("T-1", "T 1") + ONE + 'sex = ["F"]', "trial: must be a short name: letters, digits and . _ / -"),
        (HEAD + "extra = 1\n" + ONE + 'sex = ["F"]', "extra: is not a key here"),
        (HEAD + "[[includes]]\nname = 'x'", "include: at least one criterion is needed; includes: is not a key here"),
        (HEAD + "include = 3", "include: must be at most 100 tables, each under [[include]]; include: at least one"),
        (
            HEAD + ONE,
            "include[1]: exactly one of age_years, sex, finding, laboratory, condition, medication, procedure",
        ),
        (HEAD + ONE + 'sex = ["F"]\nfinding = "mass"', "include[1]: exactly one of"),
        (HEAD + '[[include]]\nsex = ["F"]', "include[1].name: is missing"),
        (HEAD + ONE + 'sex = ["F"]\n' + ONE + 'sex = ["M"]', "name: each criterion needs a name of its own"),
        (HEAD + ONE + 'sex = ["X"]', "include[1].sex: must be a list of F, M, O"),
        (HEAD + ONE + "sex = []", "include[1].sex: must be a list of F, M, O"),
        (HEAD + ONE + 'sex = ["F"]\nwithin_days = 3', "include[1].within_days: is not a key here"),
        (
            HEAD + ONE + "age_years = 18",
            "include[1].age_years: must be a table; include[1].age_years.at_least: at_least",
        ),
        (HEAD + ONE + "age_years = {}", "include[1].age_years.at_least: at_least or at_most is needed"),
        (HEAD + ONE + "age_years = { at_least = 18.5 }", "include[1].age_years.at_least: must be a whole number"),
        (HEAD + ONE + "age_years = { at_least = 90, at_most = 18 }", "include[1].age_years.at_most: leaves nothing"),
        (HEAD + ONE + "age_years = { at_least = 1, least = 18 }", "include[1].age_years.least: is not a key here"),
        (HEAD + ONE + 'finding = "cold"\nat_least = 0.5', "include[1].finding: must be one of atelectasis"),
        (HEAD + ONE + 'finding = "mass"', "include[1].signed: a finding is asked for by signed"),
        (HEAD + ONE + 'finding = "mass"\nsigned = "present"\nat_least = 0.5', "include[1].signed: a finding is asked"),
        (HEAD + ONE + 'finding = "mass"\nat_least = 1.5', "include[1].at_least: must be from 0 to 1"),
        (HEAD + ONE + 'finding = "mass"\nat_least = nan', "include[1].at_least: must be a number"),
        (HEAD + ONE + 'finding = "mass"\nat_least = 0.5\nbelow = 0.5', "include[1].below: leaves nothing"),
        (HEAD + ONE + 'finding = "mass"\nsigned = "absent"\nlaterality = "left"', "include[1].laterality: only with"),
        (
            HEAD + ONE + 'finding = "edema"\nsigned = "present"\nlaterality = "left"',
            "include[1].laterality: this finding",
        ),
        (HEAD + ONE + 'laboratory = "LN|1"\nwithin_days = 3\nbelow = 1', "include[1].unit: is missing"),
        (HEAD + ONE + 'laboratory = "LN|1"\nunit = "1"\nbelow = 1', "include[1].within_days: is missing"),
        (HEAD + ONE + 'laboratory = "LN|1"\nunit = "1"\nwithin_days = 3', "include[1].at_least: at_least or below is"),
        (
            HEAD + ONE + 'laboratory = "LN|1"\nunit = "1"\nwithin_days = 3\nbelow = 1\nvalue = "mean"',
            "include[1].value:",
        ),
        (HEAD + ONE + 'condition = "13645005"', 'include[1].condition: must be "SCHEME|CODE"'),
        (HEAD + ONE + "condition = []", 'include[1].condition: must be "SCHEME|CODE"'),
        (HEAD + ONE + 'condition = "SCT|1"\nwithin_days = -1', "include[1].within_days: must be a whole number from 0"),
        (HEAD + ONE + 'condition = "SCT|1"\nwithin_days = true', "include[1].within_days: must be a whole number"),
        (HEAD + ONE + 'condition = "SCT|1"\nactive = "yes"', "include[1].active: must be true or false"),
        (
            HEAD + ONE + 'condition = "SCT|1"\nnot_recorded = "yes"',
            "include[1].not_recorded: must be one of no, unknown",
        ),
        (HEAD + ONE + 'procedure = "SCT|1"\nactive = true', "include[1].active: a procedure is done on a day"),
        (
            HEAD + ONE + 'condition = "SCT|1"\nafter = { procedure = "SCT|2" }',
            "include[1].after.within_days: is missing",
        ),
        (
            HEAD + ONE + 'condition = "SCT|1"\nafter = { within_days = 3 }',
            "include[1].after: exactly one of condition, medication, procedure is needed",
        ),
        (
            HEAD + ONE + 'condition = "SCT|1"\nafter = { procedure = "SCT|2", within_days = 3, at_least_days = 4 }',
            "include[1].after.at_least_days: must not be more than within_days",
        ),
        (
            HEAD + ONE + 'condition = "SCT|1"\nafter = { procedure = "SCT|2", within_days = 3 }\n'
            'before = { procedure = "SCT|2", within_days = 3 }',
            "include[1].after: a criterion stands after or before one other event, not both",
        ),
        ("not toml", "is no TOML in UTF-8"),
        ('a = "' + "x" * 70_000 + '"', "is larger than 65536 bytes"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert refused(tmp_path, text).startswith(said)


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    text = HEAD + ONE + 'sex = ["X"]\n[[exclude]]\nname = "y"\nlaboratory = "LN|1"\nunit = "1"\n'
    assert refused(tmp_path, text).split("; ") == [
        "include[1].sex: must be a list of F, M, O",
        "exclude[1].within_days: is missing",
        "exclude[1].at_least: at_least or below is needed",
    ]


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="cannot be read"):
        read_criteria(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PermanentError, match="is no TOML in UTF-8"):
        read_criteria(tmp_path / "binary.toml")
