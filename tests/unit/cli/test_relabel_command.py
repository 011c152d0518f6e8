"""The commands of docs/relabel.md from the drawn sample to the result, as people run them; nothing a reader is shown tells what others said."""

import csv
import json
import re
import shlex
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.cli.signed_house import Run, runner

from wetread.bootstrap import Core
from wetread.domain.audit import verify_chain
from wetread.domain.relabelling import Answer
from wetread.domain.role import Actor, Role
from wetread.governance.relabelling_desk import answer_task, next_task

DOC = Path(__file__).parents[3] / "docs" / "relabel.md"
COMMANDS = {
    line.split()[2]: shlex.split(line)[1:]
    for line in re.findall(r"^\$ (wetread relabel .+)$", DOC.read_text("utf-8"), re.MULTILINE)
}


@pytest.fixture
def core(house: tuple[Path, Core]) -> Core:
    return house[1]


@pytest.fixture
def run(house: tuple[Path, Core], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return runner(house[0], monkeypatch)


def test_the_documented_way_from_sample_to_result(
    core: Core, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*COMMANDS["sample"]) == 0
    design = (tmp_path / "design.csv").read_bytes()
    assert f"sha256 {sha256(design).hexdigest()}" in capsys.readouterr().out
    assert design.count(b"\n") == 31
    for reader in ("dr-lee", "dr-poe"):
        asked = [reader if word == "dr-lee" else word for word in COMMANDS["next"]]
        for _ in range(3):
            assert run(*asked) == 0
            shown = capsys.readouterr().out
            _tells_nothing(shown)
            study = re.findall(r"^study (\S+)$", shown, re.MULTILINE)[0]
            words = [f"{name}={answer.value}" for name, answer in seen(study).items()]
            assert run("relabel", "answer", "2026-q4", study, *words, "--as", reader) == 0
        _answer_the_rest(core, reader)
        capsys.readouterr()
        assert run(*asked) == 1
        assert "nothing is left" in capsys.readouterr().out
    assert run(*COMMANDS["status"]) == 0
    assert "30 decided" in capsys.readouterr().out
    assert run(*COMMANDS["result"]) == 0
    printed = capsys.readouterr().out
    assert "naive, biased" in printed
    found = json.loads((tmp_path / "result.json").read_text())["result"]
    effusion = found["findings"][0]
    assert (found["decided"], effusion["positives"], effusion["overturned"]) == (30, 10, 0)
    assert effusion["kappa"]["value"] == 1.0
    assert effusion["sensitivity"]["n"] == 10
    assert effusion["sensitivity"]["value"] == pytest.approx(0.2)
    with (tmp_path / "labels.csv").open() as file:
        labels = list(csv.DictReader(file))
    assert len(labels) == 60
    assert {each["label_source"] for each in labels} == {"adjudicated"}
    actions = [record.event.action for record in core.database.audit_records()]
    assert actions.count("relabel.answer") == 60
    assert {"relabel.sample", "relabel.result"} <= set(actions)
    assert verify_chain(core.database.audit_records()) is None


def seen(study: str) -> dict[str, Answer]:
    """What every reader sees: an effusion where the report has one, never a pneumothorax."""
    return {"effusion": Answer.NEGATIVE if int(study) % 3 else Answer.POSITIVE, "pneumothorax": Answer.NEGATIVE}


def _answer_the_rest(core: Core, reader: str) -> None:
    actor = Actor(reader, Role.RADIOLOGIST)
    while True:
        with core.database.begin(write=False) as unit:
            task = next_task(unit, actor, "2026-q4")
        if task is None:
            return
        answer_task(core.database, actor, "2026-q4", task.study_key, seen(task.study_key), core.clock.now())


def _tells_nothing(shown: str) -> None:
    assert "/studies/" in shown
    for word in ("0.8", "=0.", "probability", "called", "ai_only", "report_only", "random", "Seen.", "third"):
        assert word not in shown.replace("positive|negative|uncertain", "")


@pytest.mark.parametrize(
    ("words", "account", "said"),
    [
        ("sample r --finding effusion --seed 1 --design d.csv", "dr-lee", "may not draw relabelling"),
        ("sample r --finding effusion --seed 1 --random 0 --design d.csv", "qa", "at least one study at random"),
        ("sample r --finding fracture --seed 1 --design d.csv", "qa", "nothing to draw from"),
        ("next r", "qa", "may not adjudicate"),
        ("next r", "dr-lee", "no round r"),
        ("result r", "ml", "no round r"),
        ("result r", "dr-lee", "may not see relabelling"),
    ],
)
def test_refusals(run: Run, capsys: pytest.CaptureFixture[str], words: str, account: str, said: str) -> None:
    assert run("relabel", *words.split(), "--as", account) == 1
    assert said in capsys.readouterr().err
    assert not Path("d.csv").exists()


def test_a_wrong_answer_is_wrong_use(run: Run) -> None:
    with pytest.raises(SystemExit) as stopped:
        run("relabel", "answer", "r", "s", "effusion=maybe", "--as", "dr-lee")
    assert stopped.value.code == 2
