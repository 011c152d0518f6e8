"""The commands of docs/retraining.md as they stand there: versions, their difference, a proposal, and the log of it all."""

import csv
import json
import re
import shlex
from pathlib import Path

import pytest
from tests.unit.cli.signed_house import Run, runner
from tests.unit.scorecard.prediction_tables import COLUMNS, rows, write

from wetread.bootstrap import Core

DOC = Path(__file__).parents[3] / "docs" / "retraining.md"
COMMANDS = [
    shlex.split(each) for each in re.findall(r"^\$ wetread (dataset .+)$", DOC.read_text("utf-8"), re.MULTILINE)
]


@pytest.fixture
def run(house: tuple[Path, Core], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    run = runner(house[0], monkeypatch)

    def with_addresses(*words: str) -> int:
        """FIRST and SECOND stand for the addresses that the first two commands print."""
        made = sorted(Path("versions").glob("*.jsonl"), key=lambda each: each.stat().st_mtime_ns)
        names = dict(zip(("FIRST", "SECOND"), (each.stem for each in made), strict=False))
        spelt = [re.sub("FIRST|SECOND", lambda found: names[found[0]], word) for word in words]
        return run(*spelt)

    return with_addresses


def tables() -> None:
    first = [each | {"label_source": "text"} for each in rows(60)]
    write(Path("first.csv"), first, (*COLUMNS, "label_source"))
    with Path("labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("study", "patient", "finding", "label", "label_source"))
        writer.writerows(("s" + str(n), f"p{n // 2}", "effusion", "positive", "adjudicated") for n in (2, 3))
    for name, sharp in (("q2", (1.8, 1.8)), ("q3", (1.0, 2.4))):
        both = [
            each | {"model": model}
            for number, model in enumerate(("net 1", "net 2"))
            for each in rows(400, seed=number + 1, sharpness=sharp[number])
        ]
        write(Path(f"{name}.csv"), both, (*COLUMNS, "model"))


def test_the_documented_way(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    tables()
    printed = []
    for words in COMMANDS:
        code = run(*words)
        assert code == (1 if "diff" in words else 0), capsys.readouterr().err
        printed.append(capsys.readouterr().out)
    first, second, shown, changed, proposed, log = printed
    assert "60 studies, 60 labels" in first
    assert f"parent {Path(first.splitlines()[0]).stem}" in second
    assert "uncertain as negative" in second
    assert shown.splitlines() == first.splitlines()[1:]
    assert "effusion: 2 from negative to positive" in changed
    assert "source: 2 from text to adjudicated" in changed
    assert "policy uncertain_as: ignore before, negative now" in changed
    assert "people decide" in proposed
    whole = json.loads(Path("proposal.json").read_text())
    assert whole["findings"][0]["learning"]["low"] > 0
    assert len(whole["data"]["2026-q3"]) == 64
    actions = [line.split()[4] for line in log.splitlines()]
    assert actions == ["dataset.version", "dataset.version", "retraining.propose"]
    assert whole["data"]["2026-q3"] in log


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("version nothing.csv --out v --as ml", "cannot be read"),
        ("version q2.csv --out v --as ml", "lacks the column label_source"),
        ("version first.csv --out v --as dr-lee", "may not keep datasets"),
        ("propose --data a=q2.csv --model other --as ml", "holds no model other"),
    ],
)
def test_refusals(run: Run, capsys: pytest.CaptureFixture[str], words: str, said: str) -> None:
    tables()
    assert run("dataset", *words.split()) == 1
    assert said in capsys.readouterr().err
    assert not Path("v").exists()


def test_a_version_that_was_changed_is_refused(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    tables()
    assert run(*COMMANDS[0]) == 0
    (made,) = Path("versions").glob("*.jsonl")
    made.write_text(made.read_text().replace("negative", "positive", 1))
    assert run("dataset", "show", str(made)) == 1
    assert "was changed" in capsys.readouterr().err
