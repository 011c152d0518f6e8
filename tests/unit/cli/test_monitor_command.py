"""Every command of docs/monitor.md as people run it: who may, what is printed, kept, audited and rung."""

import json
import re
import shlex
from argparse import Namespace
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.cli.signed_house import Run, open_house, runner

from wetread.bootstrap import Core
from wetread.cli.pager import measure_tonight
from wetread.domain.audit import verify_chain
from wetread.domain.quality import NAIVE
from wetread.monitoring.measures import MEASURES

DOC = Path(__file__).parents[3] / "docs" / "monitor.md"
COMMANDS = [
    shlex.split(each)[1:] for each in re.findall(r"^\$ (wetread monitor .+)$", DOC.read_text("utf-8"), re.MULTILINE)
]
STUDIES = 130


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Core]:
    folder = tmp_path_factory.mktemp("house")
    begin = datetime.now(UTC) - timedelta(days=26)
    return folder, open_house(folder, STUDIES, begin=begin, every=timedelta(hours=4))


@pytest.fixture
def core(house: tuple[Path, Core]) -> Core:
    return house[1]


@pytest.fixture
def run(house: tuple[Path, Core], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WETREAD_MONITOR_REFERENCE_STUDIES", "100")
    monkeypatch.setattr("os.nice", lambda _: 0)
    return runner(house[0], monkeypatch)


def command(*words: str) -> list[str]:
    """The first documented command with these words."""
    return next(each for each in COMMANDS if set(words) <= set(each))


def test_the_report_has_every_rate_with_its_interval_and_its_basis(
    run: Run, capsys: pytest.CaptureFixture[str], core: Core
) -> None:
    assert run(*command("report")) == 0
    said = capsys.readouterr().out
    assert f"{STUDIES} signed studies received since" in said
    assert re.search(r"effusion +44 of 130 +0\.\d\d \(0\.\d\d-0\.\d\d\)", said)
    assert f"basis: {NAIVE}" in said
    assert "n 130" in said  # an ECE needs 200
    assert re.search(r"\nview +\d+ \(\d+\) +too few: \d+ of the 50 patients needed on each side\n", said)
    assert "look of the films: no vectors of films are kept here" in said
    assert [each.event.action for each in core.database.audit_records()][-1] == "quality.report"
    with core.database.begin(write=False) as unit:
        assert unit.quality() is None  # nothing is kept by looking


def test_where_vectors_of_films_are_kept_their_look_is_measured_or_the_reason_said(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WETREAD_SIMILAR_CASES", "true")
    assert run(*command("report")) == 0
    said = re.findall(r"^look of the films, (.+)$", capsys.readouterr().out, re.MULTILINE)
    assert len(said) == 1
    assert "no reference is frozen for this site and model yet: too few films with a vector" in said[0]


def test_the_page_and_the_json_say_the_same(run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(*command("--html", "quality.html")) == 0
    page = (tmp_path / "quality.html").read_text("utf-8")
    assert "http" not in page.replace("http-equiv", "")
    assert "agreement with signed reports that saw the AI" in page
    assert "<h2>Films against the reference</h2>" in page
    capsys.readouterr()
    assert run(*command("--json")) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["definitions"] == MEASURES
    (cell,) = [each for each in report["cells"] if each["key"]["finding"] == "effusion"]
    sensitivity = next(each for each in cell["numbers"] if each["name"] == "sensitivity")
    assert f"<td>{sensitivity['value']:.4g}</td>" in page
    assert sensitivity["n"] == cell["positive"] == 44


def test_the_pager_has_the_night_measured_by_a_process_of_its_own_and_once(house: tuple[Path, Core]) -> None:
    folder, core = house
    core = replace(core, settings=core.settings.model_copy(update={"monitor_hour": 0}))
    options = Namespace(config=None, data_dir=folder)
    with core.database.begin(write=False) as unit:
        assert unit.quality() is None
    made = []
    for _ in range(2):
        measure_tonight(core, options)
        with core.database.begin(write=False) as unit:
            made.append(unit.quality())
    assert made[0] is not None
    assert made[0].studies == STUDIES
    assert made[1] == made[0]


def test_the_nightly_round_is_kept_and_a_new_reference_is_frozen_by_those_who_may(
    run: Run, capsys: pytest.CaptureFixture[str], core: Core
) -> None:
    assert run(*command("run")) == 0
    assert "2 cells, 0 without a reference" in capsys.readouterr().out
    with core.database.begin(write=False) as unit:
        report, reference = unit.quality(), unit.quality_reference()
    assert report is not None
    assert len(report.cells) == len(reference.cells) == 2
    assert run(*command("freeze")) == 0
    assert [each.event.action for each in core.database.audit_records()][-1] == "quality.freeze"
    assert verify_chain(core.database.audit_records()) is None
    capsys.readouterr()
    assert run("monitor", "freeze", "--as", "admin") == 1
    assert "may not freeze reference" in capsys.readouterr().err


@pytest.mark.parametrize("who", ["ml", "dr-lee"])
def test_others_are_refused(run: Run, who: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("monitor", "report", "--as", who) == 1
    assert "may not see quality" in capsys.readouterr().err


def test_every_documented_command_is_run_above() -> None:
    used = [command(each) for each in ("report", "--html", "--json", "run", "freeze")]
    assert used == COMMANDS


def test_nothing_signed_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    open_house(tmp_path, 0)
    run = runner(tmp_path, monkeypatch)
    assert run("monitor", "report", "--as", "admin") == 1
    assert "no signed study" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run("monitor", "report", "--as", "admin", "--days", "0")
