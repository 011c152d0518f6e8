"""The command line as a person uses it: real processes, real films, the bundled model."""

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hostile import Fate, hostile_files
from neighbours.wetread import ACCOUNT, COMMAND, DCIODVFY, PASSWORD, Wetread
from pydicom import dcmread
from tests.films import MADE_AT, film

from wetread.cli import COMMANDS
from wetread.testing.phantom import PhantomPatient, PhantomSpec, encode_dicom, uids_from_seed
from wetread.testing.phantom.distractors import distractor_dataset


def wetread(*words: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, input=stdin, timeout=120, check=False)


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "chest.dcm"
    path.write_bytes(film(5, side=512))
    return path


def test_a_film_is_read_into_a_table(chest: Path) -> None:
    done = wetread("read", chest)
    assert done.returncode == 0, done.stderr
    assert "operating point" in done.stdout
    assert "pneumothorax" in done.stdout
    assert "not a cleared device" in done.stdout
    assert "Zephyrine" not in done.stdout + done.stderr


def test_json_says_what_each_number_is(chest: Path) -> None:
    answer = json.loads(wetread("read", "--json", chest).stdout)
    assert answer["read"]
    assert {f["finding"] for f in answer["findings"]} >= {"pneumothorax", "effusion", "cardiomegaly"}
    for finding in answer["findings"]:
        assert 0 <= finding["probability"] <= 1
        assert finding["called"] == (finding["probability"] >= finding["operating_point"])


def test_one_read_becomes_sr_fhir_and_picture(chest: Path, tmp_path: Path) -> None:
    sr, fhir, heat = tmp_path / "r.dcm", tmp_path / "r.json", tmp_path / "r.png"
    done = wetread("read", chest, "--sr", sr, "--fhir", fhir, "--heatmap", heat)
    assert done.returncode == 0, done.stderr
    dataset = dcmread(sr)
    assert (dataset.CompletionFlag, dataset.VerificationFlag) == ("PARTIAL", "UNVERIFIED")
    checked = subprocess.run([DCIODVFY, sr], capture_output=True, text=True, check=False)
    assert "Error" not in checked.stdout + checked.stderr
    reports = [
        e["resource"]
        for e in json.loads(fhir.read_text())["entry"]
        if e["resource"]["resourceType"] == "DiagnosticReport"
    ]
    assert [report["status"] for report in reports] == ["partial"]
    assert heat.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", ["lateral", "hand", "blank", "noise", "ct_slice", "inverted", "rotated"])
def test_what_the_model_was_not_made_for_is_refused_with_a_reason(tmp_path: Path, kind: str) -> None:
    """The header claims a frontal chest; the pixels decide."""
    spec = PhantomSpec(
        PhantomPatient("Phantom^Odd", "PHANTOM-0009", date(1960, 1, 1), "M", 65, 27.0), rows=512, columns=512, seed=9
    )
    path = tmp_path / "odd.dcm"
    path.write_bytes(encode_dicom(distractor_dataset(kind, spec, uids_from_seed(9), MADE_AT, honest=False)))
    done = wetread("read", "--json", path)
    answer = json.loads(done.stdout)
    assert done.returncode == 1
    assert not answer["read"]
    assert answer["code"]
    assert len(answer["reason"]) > 20


def test_a_stopped_run_is_continued(chest: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "films", tmp_path / "out.jsonl"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.dcm").write_bytes(chest.read_bytes())
    first = wetread("read", folder / "0.dcm", "--out", out)
    assert first.returncode == 0
    done = wetread("read", folder, "--out", out, "--jobs", "2")
    assert done.returncode == 0
    assert "1 of 3 films are in out.jsonl already" in done.stderr
    files = [json.loads(line)["file"] for line in out.read_text().splitlines()]
    assert sorted(files) == [str(folder / f"{number}.dcm") for number in range(3)]


def test_no_hostile_file_stops_the_run(tmp_path: Path, chest: Path) -> None:
    for number, hostile in enumerate(hostile_files()):
        (tmp_path / f"{number:03d}.dcm").write_bytes(hostile.content)
    (tmp_path / "zzz.dcm").write_bytes(chest.read_bytes())
    out = tmp_path.parent / "out.jsonl"
    done = wetread("read", tmp_path, "--out", out)
    answers = {Path(a["file"]).stem: a for a in map(json.loads, out.read_text().splitlines())}
    assert done.returncode == 1
    assert answers["zzz"]["read"]
    for number, hostile in enumerate(hostile_files()):
        if hostile.fate is not Fate.HARMLESS:
            assert not answers[f"{number:03d}"]["read"], hostile.name
            assert answers[f"{number:03d}"]["code"]


def test_wrong_use_is_told_apart_from_failure(chest: Path, tmp_path: Path) -> None:
    assert wetread().returncode == 2
    assert wetread("raed").returncode == 2
    missing = wetread("read", tmp_path / "nothing.dcm")
    assert missing.returncode == 1
    assert "not there" in missing.stdout
    assert wetread("read", chest, chest, "--sr", tmp_path / "x.dcm").returncode == 2


_EXPLAIN = """
import os, runpy, sys
import numpy, pydantic, pydicom, pynetdicom, scipy.stats, sqlalchemy.orm, starlette.applications
for line in sys.stdin:
    command, folder = line.split()
    child = os.fork()
    if not child:
        said = os.open(f"{folder}/said", os.O_CREAT | os.O_WRONLY)
        os.dup2(said, 1), os.dup2(said, 2)
        sys.argv = ["wetread", command, "--help"]
        runpy.run_module("wetread", run_name="__main__", alter_sys=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def explainer() -> Iterator[subprocess.Popen[str]]:
    """Of each "COMMAND FOLDER" the exit status of `python -m wetread COMMAND --help` in a process that has imported other people's libraries and nothing of ours; its words are in `said`."""
    command = [COMMAND[0], "-P", "-c", _EXPLAIN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(explainer: subprocess.Popen[str], command: str, tmp_path: Path) -> None:
    assert explainer.stdin
    assert explainer.stdout
    explainer.stdin.write(f"{command} {tmp_path}\n")
    explainer.stdin.flush()
    status, said = explainer.stdout.readline().strip(), (tmp_path / "said").read_text()
    assert status == "0", said
    assert f"wetread {command}" in said


def test_the_bundled_model_is_whole_and_has_a_card() -> None:
    assert "every hash matches" in wetread("model", "verify").stdout
    assert "operating point" in wetread("model", "show").stdout
    assert "NIH Clinical" in wetread("model", "card").stdout


def test_settings_are_shown_with_their_source_and_masked(tmp_path: Path) -> None:
    house = Wetread(tmp_path / "house", {"DATABASE_URL": "postgresql://u:hunter2@nowhere/w"})
    rows = {row["name"]: row for row in json.loads(house.run("settings", "--json").stdout)}
    assert rows["database_url"]["value"] == "********"
    assert rows["port"]["source"] == "environment WETREAD_PORT"
    assert rows["site"]["source"] == "default"


def test_accounts_are_made_shown_and_closed(tmp_path: Path) -> None:
    house = Wetread(tmp_path / "house")
    house.add_radiologist()
    assert "radiologist" in house.run("user", "list").stdout
    assert house.run("user", "disable", ACCOUNT).returncode == 0
    assert "disabled" in house.run("user", "list").stdout
    refused = house.run("sign", "x" * 24, "--as", ACCOUNT, "--password-stdin", stdin=PASSWORD + "\n")
    assert refused.returncode == 1
    assert "wrong" in refused.stderr
    weak = house.run("user", "add", "weak", "--password-stdin", stdin="short\n")
    assert weak.returncode == 1


def test_a_changed_audit_row_is_found(tmp_path: Path) -> None:
    house = Wetread(tmp_path / "house")
    assert house.run("user", "add", "dr-b", "--password-stdin", stdin="correct horse battery\n").returncode == 0
    assert house.run("audit", "verify").returncode == 0
    with sqlite3.connect(house.folder / "wetread.db") as connection:
        triggers = connection.execute(
            "SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='audit'"
        ).fetchall()
        assert triggers, "the table refuses changes while its triggers stand"
        for (name,) in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit SET actor_id = 'nobody' WHERE sequence = 1")
    connection.close()
    verdict = house.run("audit", "verify")
    assert verdict.returncode == 1
    assert "BROKEN at record 1" in verdict.stdout
