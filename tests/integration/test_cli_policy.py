"""`wetread policy` as a person uses it: on files, on made-up findings and on the studies of a real database."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from migrated import data_folder
from tests.analysis_builders import a_finding, an_analysis

from wetread.bootstrap import build_core
from wetread.cli import main
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.priority import Priority
from wetread.domain.study_state import StudyState
from wetread.ports.vault import VaultInstance
from wetread.settings import load_settings
from wetread.testing.builders import a_decision, a_header, a_study, an_identity
from wetread.triage.policy import DEFAULT_POLICY

NEW = """schema: 2
policy_version: try
rules:
  - {id: mass, finding: mass, called: true, priority: asap, critical: true}
  - {id: hernia, finding: hernia, called: true, priority: urgent}
escalation_paths:
  default: {steps: [{duty: everyone, wait_minutes: 5}]}
ai_unavailable: {priority: urgent}
default: {priority: routine}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with three decided studies, one of them two months old, and one without an AI read."""
    folder = tmp_path_factory.mktemp("data")
    settings = load_settings(data_dir=folder)
    data_folder(folder)
    core = build_core(settings)
    films = {"ptx": ("pneumothorax", 1), "mass": ("mass", 1), "old": ("pneumothorax", 60), "unread": ("", 1)}
    for number, (name, (finding, days)) in enumerate(films.items()):
        key = StudyKey(name)
        header = a_header(
            study_instance_uid=f"2.25.{number}",
            sop_instance_uid=f"2.25.9{number}",
            identity=an_identity(patient_id=f"SECRET-{number}"),
        )
        core.vault.admit([VaultInstance(InstanceKey(f"i-{name}"), key, "0" * 64, header)])
        received = datetime.now(UTC) - timedelta(days=days)
        reason = "" if finding else "the film is blank"
        critical = finding == "pneumothorax"
        priority = Priority.STAT if critical else Priority.ROUTINE
        with core.database.begin() as unit:
            unit.save_study(a_study(study_key=key, state=StudyState.DRAFTED, received_at=received, reason=reason))
            if finding:
                unit.save_analysis(key, 1, an_analysis(a_finding(finding)))
            unit.save_decision(key, 1, a_decision(priority=priority, critical=critical))
            unit.commit()
    return folder


@pytest.fixture
def new(tmp_path: Path) -> Path:
    path = tmp_path / "new.yaml"
    path.write_text(NEW)
    return path


def test_check_tells_every_problem_as_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(NEW.replace("asap", "now").replace("routine", "never"))
    assert main(["policy", "check", str(path)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert [each.partition(": ")[0] for each in told] == [f"{path}:4", f"{path}:9"]


def test_check_passes_a_good_policy_with_what_it_holds(new: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", str(new)]) == 0
    assert "policy try: 2 rules (1 critical), escalation default, waiting cap 12 h" in capsys.readouterr().out
    assert main(["policy", "check", str(new.with_name("gone.yaml"))]) == 1


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "schema"]) == 0
    assert capsys.readouterr().out == DEFAULT_POLICY.with_name("policy.schema.json").read_text()


def test_made_up_findings_are_explained_rule_by_rule(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        "--finding effusion --probability 0.5 --operating-point 0.4 --finding pneumothorax --probability 0.3 --age 50"
    )
    assert main(["policy", "explain", *words.split(), "--data-dir", str(house)]) == 0
    told = capsys.readouterr().out
    assert "policy default-2: urgent (rule effusion)" in told
    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in told.splitlines()[3:]}
    assert lines["pneumothorax"] == "no: 0.30 is below the operating point 0.40"
    assert lines["effusion-high"] == "no: 0.50 is below 0.6"
    assert lines["effusion"] == "DECIDES: urgent"


def test_without_an_operating_point_the_models_own_counts(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--finding", "pneumothorax", "--probability", "0.999", "--data-dir", str(house)]
    assert main(["policy", "explain", *words]) == 0
    assert "stat, critical (rule pneumothorax" in capsys.readouterr().out


def test_a_stored_study_is_explained_beside_what_was_decided(
    house: Path, new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", "explain", "mass", "--policy", str(new), "--data-dir", str(house)]) == 0
    told = capsys.readouterr().out
    assert "policy try: asap, critical (rule mass)" in told
    assert "stored   routine" in told
    assert "SECRET" not in told
    assert main(["policy", "explain", "unread", "--policy", str(new), "--data-dir", str(house)]) == 0
    assert "AI unavailable: the film is blank" in capsys.readouterr().out
    assert main(["policy", "explain", "nobody", "--data-dir", str(house)]) == 1


def test_a_policy_is_tried_on_the_studies_of_the_last_days_and_nothing_is_written(
    house: Path, new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    core = build_core(load_settings(data_dir=house))
    before = core.database.change_token(), [_decision(core, name) for name in ("ptx", "mass", "old", "unread")]
    assert main(["policy", "simulate", str(new), "--json", "--data-dir", str(house)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["studies"], told["moved"], told["becoming_critical"], told["no_longer_critical"]) == (3, 3, 1, 1)
    assert told["silent_rules"] == ["hernia"]
    after = core.database.change_token(), [_decision(core, name) for name in ("ptx", "mass", "old", "unread")]
    assert after == before


def test_two_policies_are_compared_in_a_table(house: Path, new: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(new), "--against", str(DEFAULT_POLICY), "--days", "90", "--data-dir", str(house)]
    assert main(["policy", "simulate", *words]) == 0
    told = capsys.readouterr().out
    assert "policy try on 4 studies of the last 90 days" in told
    assert "3 of 4 would change priority" in told
    assert "critical: 2 before, 1 then (1 become critical, 2 no longer are)" in told
    assert "rule hernia" in told


def test_a_policy_tried_on_nothing_says_that_this_says_nothing(
    house: Path, new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", "simulate", str(new), "--days", "0.01", "--data-dir", str(house)]) == 0
    assert "this says nothing about the policy" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [[], ["explain"], ["explain", "a", "--finding", "mass"], ["explain", "--finding", "mass"]]
)
def test_wrong_use_is_told(words: list[str]) -> None:
    with pytest.raises(SystemExit) as usage:
        main(["policy", *words])
    assert usage.value.code == 2


def _decision(core: object, name: str) -> object:
    with core.database.begin(write=False) as unit:  # type: ignore[attr-defined]
        return unit.decision(StudyKey(name))


def test_every_command_of_the_docs_runs(
    house: Path, new: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(__file__).parents[2] / "docs" / "triage.md").read_text("utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.S)
    monkeypatch.chdir(new.parent)
    Path("north.yaml").write_text(example)
    new.rename("old.yaml")
    commands = re.findall(r"^\$ wetread (policy .*)$", text, flags=re.M)
    for command in commands:
        here = [] if command.split()[1] in ("check", "schema") else ["--data-dir", str(house)]
        assert main([*command.replace("STUDY", "ptx").split(), *here]) == 0, command
    told = capsys.readouterr().out
    assert "north.yaml: policy north-3: 4 rules (2 critical)" in told
    assert "note:" not in told
    assert "known: pneumothorax signed on the prior of 3 days before, urgent instead of stat, not critical" in told
    assert {each.split()[1] for each in commands} == {"show", "check", "explain", "simulate", "schema"}
