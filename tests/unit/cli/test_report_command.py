"""`wetread report`: a signed report leaves as a file, and is checked without a database; `wetread user second-factor`, which says and takes away."""

import base64
import json
import os
from functools import partial
from pathlib import Path

import pytest
from tests.unit.cli.signed_house import Run, runner

from wetread.bootstrap import Core
from wetread.bootstrap_keys import second_factor_keys
from wetread.cli import main
from wetread.domain.role import Actor, Role
from wetread.web.second_factors import SecondFactors
from wetread.web.totp import code_at

STUDY = f"{1:024d}"
DOCS = (Path(__file__).parents[3] / "docs" / "accounts.md").read_text("utf-8")


@pytest.fixture
def run(house: tuple[Path, Core], monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(house[0], monkeypatch)


def test_the_commands_of_the_docs(
    house: tuple[Path, Core],
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    commands = [line[2:].split()[1:] for line in DOCS.splitlines() if line.startswith("$ wetread")]
    assert [each[:2] for each in commands] == [["audit", "key"], ["report", "export"], ["report", "verify"]]
    assert run("audit", "key") == 0
    Path("wetread.pub.pem").write_text(capsys.readouterr().out)
    assert run(*(STUDY if each == "STUDY" else each for each in commands[1])) == 0
    assert "version 1, 1 signatures" in capsys.readouterr().out
    monkeypatch.setenv("WETREAD_DATA_DIR", os.devnull)  # it needs no database
    assert main(commands[2]) == 0
    shown = capsys.readouterr().out
    assert f"report.json: holds: study {STUDY}, version 1, final" in shown
    assert "Richard Roe (dr.roe, radiologist)" in shown
    package = json.loads(Path("report.json").read_text())
    package["document"]["report"]["signature"]["signer_name"] = "Somebody Else"
    Path("changed.json").write_text(json.dumps(package))
    assert main(["report", "verify", "changed.json", "report.json", "--public-key", "wetread.pub.pem"]) == 1
    shown = capsys.readouterr().out
    assert "changed.json: DOES NOT HOLD" in shown
    assert "report.json: holds" in shown
    exports = [each.event for each in house[1].database.audit_records() if each.event.action == "report.export"]
    assert [(each.actor_id, each.study_key) for each in exports] == [("dr-lee", STUDY)]


def test_an_export_is_for_who_may_read_studies(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("report", "export", STUDY, str(tmp_path / "x.json"), "--as", "ml") == 1
    assert not (tmp_path / "x.json").exists()
    assert "Seen." not in capsys.readouterr().out


def test_a_second_factor_is_asked_for_shown_and_of_who_may_sign_not_taken_away_by_one(
    house: tuple[Path, Core], run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    core = house[1]
    factors = SecondFactors(core.database, core.clock, partial(second_factor_keys, core.settings))
    for name, role in (("dr-moe", Role.RADIOLOGIST), ("ml", Role.ML_ENGINEER)):
        actor = Actor(name, role, name)
        seed = factors.begin(actor)
        factors.confirm(actor, code_at(seed, int(core.clock.now().timestamp()) // 30))
        with core.database.begin(write=False) as unit:
            held = unit.second_factor(name)
        assert held is not None
        assert base64.b32encode(seed).decode() not in held.sealed
    assert run("report", "export", STUDY, "x.json", "--as", "dr-moe") == 1  # a password alone is not enough
    capsys.readouterr()
    assert run("user", "second-factor", "dr-moe") == 0
    assert "10 recovery codes left" in capsys.readouterr().out
    assert run("user", "second-factor", "dr-moe", "--reset") == 0
    assert "another administrator asks for it, too" in capsys.readouterr().out
    assert run("user", "second-factor", "ml", "--reset") == 0
    assert run("user", "second-factor", "ml") == 0
    assert "ml has no second factor" in capsys.readouterr().out
