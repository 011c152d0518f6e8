"""`wetread batch` as its page shows it: on real films, with real readers, stopped and killed on the way."""

import csv
import json
import re
import shlex
import signal
import sys
from contextlib import chdir
from pathlib import Path

import pytest
from batch_runs import ended_by, rows_of
from films import film

from wetread.cli import main
from wetread.reader import FilmReader

DOCS = (Path(__file__).parents[2] / "docs" / "batch.md").read_text("utf-8")
COMMANDS = [
    each
    for each in re.findall(r"^\$ wetread (.*)$", DOCS, flags=re.M)
    if "--engine ray" not in each and "--archive" not in each
]
"""Ray's is run in tests/ray, those that ask an archive in test_batch_archive.py."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """films/ with eight films and what is none, and manifest.csv that names the films."""
    place = tmp_path_factory.mktemp("archive")
    (place / "films" / "Doe^Jane").mkdir(parents=True)
    rows = []
    for number in range(8):
        name = f"Doe^Jane/{number}.dcm" if number % 2 else f"{number}.dcm"
        (place / "films" / name).write_bytes(film(number, side=256))
        rows.append([f"films/{name}", f"s{number}", f"p{number // 2}", ("positive", "negative")[number % 2]])
    (place / "films" / "letter.txt").write_text("Dear Dr Doe^Jane")
    with (place / "manifest.csv").open("w", newline="") as table:
        csv.writer(table).writerows([["file", "study", "patient", "effusion"], *rows])
    return place


def run(place: Path, command: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with chdir(place):
        status = main(shlex.split(command))
    said = capsys.readouterr()
    return status, said.out + said.err


@pytest.fixture(autouse=True)
def signals() -> object:
    """The command hears signals; what hears them in this process comes back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, heard in kept.items():
        signal.signal(number, heard)


def test_a_run_that_was_killed_and_stopped_ends_as_if_it_had_not_been(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dry, command = COMMANDS[:2]
    status, said = run(place, dry, capsys)
    assert status == 0
    assert "9 files" in said
    assert "8 of them tried: 8 read" in said or "refused (not_part10)" in said
    assert not (place / "read").exists()

    killed = ended_by(signal.SIGKILL, place, "films", "--out", "read")
    assert killed.returncode == -signal.SIGKILL
    (journal,) = (place / "read" / "unfinished").glob("open-*")
    assert len(journal.read_bytes().splitlines()) == 2

    stopped = ended_by(signal.SIGINT, place, "films", "--out", "read")
    assert stopped.returncode == 130, stopped.stderr
    done = len(journal.read_bytes().splitlines())
    assert 4 <= done < 9
    assert f"{done} of 9 films are done; the same command goes on" in stopped.stderr

    status, said = run(place, f"{command} --workers 1", capsys)
    assert status == 0, said
    assert "read 8  refused 1  failed 0" in said
    assert "refused: not_part10  1" in said
    assert f"{done} films were done before" in said
    assert not (place / "read" / "unfinished").exists()
    _are_what_read_says(place)
    assert all(b"Doe^Jane" not in each.read_bytes() for each in (place / "read").iterdir())


def _are_what_read_says(place: Path) -> None:
    films = sorted((place / "films").glob("*")), sorted((place / "films" / "Doe^Jane").iterdir())
    files = [each for each in (*films[0], *films[1]) if each.is_file()]
    rows = rows_of(place / "read" / "films.csv")
    with FilmReader() as reader:
        for path, row in zip(files, rows, strict=True):
            said = reader.read(path)
            assert row["code"] == said.code
            for finding in said.analysis.findings if said.analysis else ():
                name = finding.name.value
                assert float(row[f"raw_score_{name}"]) == finding.raw_score
                assert float(row[f"probability_{name}"]) == finding.probability
    assert [row["fate"] for row in rows].count("refused") == 1


def test_a_manifest_names_films_and_labels_them_for_evaluate(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    batch, evaluate = COMMANDS[2:]
    status, said = run(place, f"{batch} --limit 4 --keep-paths --workers 1", capsys)
    assert status == 0, said
    films = rows_of(place / "labelled" / "films.csv")
    assert [each["study"] for each in films] == ["s0", "s1", "s2", "s3"]
    assert films[1]["path"] == "films/Doe^Jane/1.dcm"
    labels = {
        (each["study"], each["label"])
        for each in rows_of(place / "labelled" / "predictions.csv")
        if each["finding"] == "effusion"
    }
    assert labels == {("s0", "positive"), ("s1", "negative"), ("s2", "positive"), ("s3", "negative")}
    status, said = run(place, evaluate, capsys)
    assert status == 0
    assert "effusion" in said
    assert json.loads((place / "labelled" / "summary.json").read_text())["films"] == 4
    assert main(["batch", str(place / "films"), "--out", str(place / "labelled")]) == 1
    assert "finished run" in capsys.readouterr().err


def test_what_is_missing_is_said(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    out = place / "no-ray"
    assert main(["batch", str(place / "films"), "--out", str(out), "--engine", "ray"]) == 1
    assert "pip install 'wetread[batch-ray]'" in capsys.readouterr().err
    with pytest.raises(SystemExit) as wrong:
        main(["batch", str(place / "films"), "--out", str(out), "--workers", "0"])
    assert wrong.value.code == 2
