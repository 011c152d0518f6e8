"""`wetread label`: the commands of docs/labeller.md, and what it answers to a bad file."""

import io
import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from wetread.cli import main

DOC = (Path(__file__).parents[3] / "docs" / "labeller.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ wetread (label .+)$", DOC, re.MULTILINE)
REPORT = re.search(r"^```text\n(.*?)^```", DOC, re.MULTILINE | re.DOTALL)
SHOWN = re.search(r"^\$ wetread label report.txt\n(.*?)^```", DOC, re.MULTILINE | re.DOTALL)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assert REPORT is not None
    (tmp_path / "report.txt").write_text(REPORT[1])
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_works(command: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(shlex.split(command)) == 0
    assert capsys.readouterr().out


def test_the_page_shows_what_the_command_prints(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert SHOWN is not None
    main(["label", "report.txt"])
    assert capsys.readouterr().out.rstrip() == SHOWN[1].rstrip()


def test_json_spans_are_the_words_of_the_text(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["label", "report.txt", "--json"])
    text, said = (place / "report.txt").read_text(), json.loads(capsys.readouterr().out)
    assert said["labels"]["effusion"]["presence"] == "uncertain"
    for each in said["statements"]:
        assert text[each["start"] : each["end"]] == each["words"]
        assert all(text[cue["start"] : cue["end"]] == cue["words"] for cue in each["cues"])


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"No effusion.")))
    assert main(["label", "-"]) == 0
    assert "pleural effusion: negative" in capsys.readouterr().out


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "report.txt").write_text("No \x1b[31meffusion\x07.")
    assert main(["label", str(tmp_path / "report.txt")]) == 0
    assert not {"\x1b", "\x07"} & set(capsys.readouterr().out)


@pytest.mark.parametrize("content", [b"\xff\xfe no", None, b"a" * 10_000_001])
def test_what_cannot_be_read_is_said_without_its_content(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "Doe_Jane.txt").write_bytes(content)
    assert main(["label", str(tmp_path / "Doe_Jane.txt")]) == 1
    assert "Doe" not in capsys.readouterr().err
