"""The commands of docs/erasure.md, as a person types them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.cli.signed_house import Run, runner

from wetread.bootstrap import Core
from wetread.domain.erasure import ErasureReason, Obstacle
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import ReportStatus
from wetread.domain.study_state import StudyState
from wetread.testing.builders import NOON, a_report, a_signature, a_study, a_vault_instance

DOCS = Path(__file__).parents[3] / "docs" / "erasure.md"
KEY = StudyKey("e" * 24)


@pytest.fixture
def run(house: tuple[Path, Core], monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(house[0], monkeypatch)


def test_the_commands_of_the_docs_do_what_they_say(
    house: tuple[Path, Core], run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    core = house[1]
    film = a_vault_instance(study_key=KEY)
    core.vault.admit([film])
    with core.database.begin() as unit:
        unit.save_study(a_study(study_key=KEY, state=StudyState.DELIVERED, received_at=NOON))
        report = a_report(study_key=KEY, status=ReportStatus.FINAL)
        unit.save_report(replace(report, signature=a_signature(report.content)), expected_etag=None)
        unit.commit()
    said = []
    for line in re.findall(r"^\$ wetread (.*)$", DOCS.read_text("utf-8"), re.M):
        words = [_filled(word) for word in line.split()]
        assert run(*words) == 0, line
        said.append(capsys.readouterr().out)
    asked, holds = "".join(said[:5]), "".join(said[5:])
    assert "nothing is in the way" in said[0]
    assert "[DPO-7/2026]" in said[1]
    assert "1  approved  patient_request" in said[2]
    assert "approve admin" in asked
    assert "litigation" in holds
    assert "lifted by admin" in holds
    assert run("erase", "run", "1") == 0
    assert run("erase", "show", KEY) == 0
    shown = capsys.readouterr().out
    assert "1  erased" in shown
    assert re.search(rf"{KEY}  erased .*1 studies", shown)
    assert run("erase", "release", KEY, "--as", "admin") == 1
    assert "waits for a person" in capsys.readouterr().err


def test_what_is_refused_says_why(run: Run, house: tuple[Path, Core], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("erase", "ask", "nosuchstudy", "--reason", "wrong_upload", "--as", "qa") == 1
    assert "the vault holds no such study" in capsys.readouterr().err
    assert run("erase", "ask", KEY, "--reason", "wrong_upload", "--as", "dr-lee") == 1
    assert "may not" in capsys.readouterr().err
    assert run("erase", "show", "77") == 1
    assert "no erasure of that number" in capsys.readouterr().err
    assert run("erase", "run", "77") == 1
    assert run("hold", "lift", "77", "--as", "admin") == 1
    assert run("erase", "list") == 0
    assert run("hold", "list", "--lifted") == 0


def test_the_dry_run_of_the_retention_period_counts_what_is_held_back(
    run: Run, house: tuple[Path, Core], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("erase", "retention") == 0
    assert "no retention period is set" in capsys.readouterr().out
    monkeypatch.setenv("WETREAD_STUDY_RETENTION", '{"keep_days": 1, "studies_per_night": 2}')
    waiting = StudyKey("w" * 24)
    with house[1].database.begin() as unit:
        unit.save_study(a_study(study_key=waiting, state=StudyState.DRAFTED, received_at=NOON))
        unit.commit()
    assert run("erase", "retention") == 0
    told = capsys.readouterr().out
    assert re.search(r"^held back: \d+: no radiologist has signed its report$", told, re.M)
    assert waiting not in told


def test_the_docs_name_every_reason_and_every_obstacle() -> None:
    text = DOCS.read_text("utf-8")
    obstacles = set(Obstacle) - {Obstacle.NOT_HERE, Obstacle.ALREADY}
    reasons = set(ErasureReason) - {ErasureReason.RETENTION_OVER}
    assert [each for each in (*obstacles, *reasons) if f"`{each.value}`" not in text] == []
    assert all(each.words for each in Obstacle)


def _filled(word: str) -> str:
    return {"STUDY": KEY, "quinn": "qa", "ada": "admin"}.get(word, word)
