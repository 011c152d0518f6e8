"""docs/audit.md as a reader would use it: its commands in their order, on a real database; then somebody changes it."""

import re
import sqlite3
from io import StringIO
from pathlib import Path
from shutil import copytree

import pytest
from migrated import data_folder

from wetread.cli import main

DOCS = (Path(__file__).parents[2] / "docs" / "audit.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ wetread (.*)$", DOCS, flags=re.M)
pytestmark = pytest.mark.real


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with something in its log."""
    folder = data_folder(tmp_path / "data")
    monkeypatch.setenv("WETREAD_DATA_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    for number in range(4):
        monkeypatch.setattr("sys.stdin", StringIO("correct horse battery staple\n"))
        assert main(["user", "add", f"dr-{number}", "--display-name", "Dr Test", "--password-stdin"]) == 0
    return folder


def test_every_command_of_the_docs(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said: dict[str, str] = {}
    for command in COMMANDS:
        if "--checkpoints" in command:
            copytree(data / "checkpoints", tmp_path / "COPY")
        capsys.readouterr()
        assert main(command.split()) == 0, command
        said[command.split()[1]] = capsys.readouterr().out
        if command == "audit key":
            (tmp_path / "audit.pub.pem").write_text(said["key"])
    assert "checkpoints hold" in said["verify"]
    assert "is record 1 of " in said["check"]
    assert (tmp_path / "audit.csv").read_text().startswith("sequence,recorded_at,actor_id,action")
    assert main(["audit", "search", "--action", "audit.export"]) == 0
    assert capsys.readouterr().out.count("audit.export") == 4
    assert '"resourceType":"AuditEvent"' in (tmp_path / "events.ndjson").read_text()
    assert (tmp_path / "uses.csv").read_text().startswith("sequence,used_at,study")
    assert (tmp_path / "messages.xml").read_text().startswith("<AuditMessage>")


def changed(data: Path, statement: str) -> None:
    """By somebody who holds the file, and takes the triggers away first."""
    with sqlite3.connect(data / "wetread.db") as database:
        for (name,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            database.execute(f"drop trigger {name}")
        database.execute(statement)
    database.close()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("update audit set actor_id = 'eve' where sequence = 2", "BROKEN at record 2"),
        ("delete from audit where sequence = 3", "BROKEN at record 3"),
        ("delete from audit where sequence > 2", "its tail was cut off"),
    ],
)
def test_what_somebody_did_to_the_database_is_named(
    data: Path, statement: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "checkpoint"]) == 0
    changed(data, statement)
    capsys.readouterr()
    assert main(["audit", "verify"]) == 1
    assert says in capsys.readouterr().out
    assert main(["audit", "checkpoint"]) == 1
    assert "the audit log does not hold" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["audit", "prove", "1", "proof.json"], "no checkpoint covers record 1 yet"),
        (["audit", "verify", "--checkpoints", "nowhere"], "is no folder"),
        (["audit", "verify", "--public-key", "data/wetread.db"], "no readable public key"),
    ],
)
def test_what_cannot_be_done_says_why(
    data: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 1
    assert says in capsys.readouterr().err


def test_an_export_never_goes_over_a_file(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "there.csv").write_text("mine")
    assert main(["audit", "export", "there.csv"]) == 1
    assert (tmp_path / "there.csv").read_text() == "mine"
    assert "there.csv" in capsys.readouterr().err
