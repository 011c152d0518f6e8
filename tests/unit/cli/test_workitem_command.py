"""The worklist from the command line: a read is asked for, listed without identity, shown to who may see it, and canceled."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.signed_house import Run, runner

from wetread.bootstrap import Core
from wetread.domain.identifiers import StudyKey, study_key
from wetread.domain.identity_access import Purpose, of_service
from wetread.domain.priority import Priority
from wetread.domain.study_state import StudyState
from wetread.testing.builders import a_decision, a_header, a_study, a_vault_instance

FILM = a_header(study_instance_uid="2.25.77001")


@pytest.fixture
def key(house: tuple[Path, Core]) -> StudyKey:
    """A study that is here, drafted, of no urgency."""
    core = house[1]
    key = study_key(core.secret, FILM.study_instance_uid)
    with core.database.begin() as unit:
        if unit.find_study(key) is None:
            core.vault.admit([a_vault_instance(study_key=key, header=FILM)])
            unit.save_study(a_study(study_key=key, state=StudyState.DRAFTED, priority=Priority.ROUTINE))
            unit.save_decision(key, 1, a_decision(priority=Priority.ROUTINE))
            unit.commit()
    return key


@pytest.fixture
def run(house: tuple[Path, Core], monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(house[0], monkeypatch)


def test_a_read_is_asked_for_shown_and_canceled(
    house: tuple[Path, Core], key: StudyKey, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    name = house[1].vault.on_behalf_of(of_service(Purpose.CONSOLE)).study(key).identity.patient_name
    assert run("workitem", "create", key, "--priority", "stat", "--as", "dr-lee") == 0
    workitem = capsys.readouterr().out.strip().splitlines()[-1]
    with house[1].database.begin(write=False) as unit:
        assert unit.study(key).priority is Priority.STAT
    run("workitem", "list")
    listed = capsys.readouterr().out
    assert f"{workitem}  SCHEDULED    HIGH    study {key}" in listed
    assert name not in listed
    assert run("workitem", "show", workitem, "--as", "dr-lee") == 0
    assert f"PatientName: {name}" in capsys.readouterr().out
    assert run("workitem", "cancel", workitem, "--reason", "asked twice", "--as", "dr-lee") == 0
    assert "CANCELED" in capsys.readouterr().out
    run("workitem", "list")
    assert workitem not in capsys.readouterr().out
    run("workitem", "list", "--all")
    assert workitem in capsys.readouterr().out


def test_what_has_ended_hides_nothing_that_has_not(
    key: StudyKey, run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wetread.cli.workitem._PAGE", 1)
    asked = []
    for _ in range(2):
        assert run("workitem", "create", key, "--as", "dr-lee") == 0
        asked.append(capsys.readouterr().out.strip().splitlines()[-1])
    assert run("workitem", "cancel", asked[0], "--as", "dr-lee") == 0
    capsys.readouterr()
    assert run("workitem", "list") == 0
    listed = capsys.readouterr().out
    assert (asked[0] in listed, asked[1] in listed) == (False, True)


@pytest.mark.parametrize("words", [("create", "x"), ("show", "x"), ("cancel", "x")])
def test_who_may_not_is_told_so(run: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    assert run("workitem", *words, "--as", "ml") == 1
    assert "may not" in capsys.readouterr().err


def test_a_workitem_that_is_not_there_is_said(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("workitem", "show", "nothing", "--as", "dr-lee") == 1
    assert "there is no such workitem" in capsys.readouterr().err


def test_a_performer_without_a_worklist_or_with_one_that_is_away_says_so(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run("performer", "--once") == 1
    assert "ups_manager is not set" in capsys.readouterr().err
    monkeypatch.setenv(
        "WETREAD_UPS_MANAGER", '{"url": "http://127.0.0.1:1/dicom-web", "authorization": "Bearer s3cret"}'
    )
    assert run("performer", "--once") == 1
    said = capsys.readouterr().err
    assert ("does not answer" in said, "s3cret" in said) == (True, False)
    monkeypatch.setenv("WETREAD_UPS_MANAGER", '{"url": "http://worklist.example/dicom-web", "authorization": "s3cret"}')
    assert run("performer", "--once") == 1
    said = capsys.readouterr().err
    assert ("must be https" in said, "s3cret" in said) == (True, False)
    (tmp_path / "token").write_bytes(b"\xff")
    manager = {"url": "http://127.0.0.1:1/dicom-web", "authorization_file": str(tmp_path / "token")}
    monkeypatch.setenv("WETREAD_UPS_MANAGER", json.dumps(manager))
    assert run("performer", "--once") == 1
    assert "secret file token cannot be read" in capsys.readouterr().err
