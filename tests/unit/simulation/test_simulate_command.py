"""`wetread simulate queue` as a person types it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from wetread.cli import main
from wetread.simulation.scenario_file import SHIPPED, parse_scenario

QUICK = ["--days", "7", "--replications", "2"]


def simulate(*words: str) -> int:
    return main(["simulate", "queue", *words])


def test_the_example_scenario_is_printed_to_be_changed(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate("--example") == 0
    assert parse_scenario(capsys.readouterr().out).name == "example"


def test_rules_are_compared_in_a_table_a_plot_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(*QUICK, "--plot", str(tmp_path / "a.png"), "--json", str(tmp_path / "a.json")) == 0
    said, document = capsys.readouterr().out, json.loads((tmp_path / "a.json").read_text())
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert set(document["runs"]) == {"fifo", "priority", "product"}
    critical = document["runs"]["priority"]["pneumothorax"]
    assert f"{critical['turnaround_min']['mean']['mean']:.1f}" in said
    assert sum(critical["histogram"]) == critical["n"] > 0
    assert "LungIMPACT" in said


def test_the_same_command_prints_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    def said(seed: str) -> str:
        simulate(*QUICK, "--rule", "cap", "--cap", "120", "--seed", seed)
        return capsys.readouterr().out

    assert said("3") == said("3") != said("4").replace("seed 4", "seed 3")


def test_caps_are_swept_and_one_is_recommended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        simulate(
            *QUICK,
            "--sweep-caps",
            "30",
            "600",
            "--margin",
            "1",
            "--plot",
            str(tmp_path / "caps.svg"),
            "--json",
            str(tmp_path / "c.json"),
        )
        == 0
    )
    recommended = json.loads((tmp_path / "c.json").read_text())["recommended_min"]
    assert recommended in (30, 600)
    assert f"a cap of {recommended:g} minutes" in capsys.readouterr().out
    assert "<svg" in (tmp_path / "caps.svg").read_text()


def test_published_figures_stand_beside_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate("--scenario", "hamburg", "--days", "28", "--replications", "2") == 0
    said = capsys.readouterr().out
    assert [line.split()[-2] for line in said.splitlines() if line.startswith("fifo: ")] == ["fitted", "fitted"]
    (mean,) = [line.split() for line in said.splitlines() if line.startswith("priority: pneumothorax, mean")]
    published, low, high, off_by, within = mean[3], mean[8], mean[10], mean[11], mean[12]
    assert (published, off_by[-1]) == ("35.6", "%")
    assert within == ("yes" if float(low) <= 35.6 <= float(high) else "no")


def test_a_dry_run_checks_and_simulates_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate("--dry-run", "--json", str(tmp_path / "a.json")) == 0
    assert "the scenario is sound" in capsys.readouterr().out
    assert not (tmp_path / "a.json").exists()


def test_a_bad_scenario_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.toml").write_text(
        SHIPPED["example"].read_text("utf-8").replace("prevalence = 0.03", "prevalence = 3")
    )
    assert simulate("--dry-run", "--scenario", str(tmp_path / "bad.toml")) == 1
    assert "finding.pneumothorax.prevalence: must be a number from 0 to 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("--rule", "cap"),
        ("--rule", "ageing"),
        ("--cap", "5"),
        ("--rule", "priority", "--cap", "5"),
        ("--rule", "priority", "--age-step", "5"),
        ("--write-scenario", "a.toml"),
        ("--json", "no/such/folder/a.json"),
        ("--rule", "fifo", "--sweep-caps"),
        ("--plot", "a.jpg"),
        ("--history", "nowhere.csv"),
        ("--timezone", "Mars/Olympus", "--history", "x"),
    ],
)
def test_wrong_use_is_said_and_nothing_is_simulated(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(*words) == 1
    said = capsys.readouterr()
    assert said.err.startswith("wetread: ")
    assert "turnaround" not in said.out


def test_a_history_becomes_a_scenario(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random, start = np.random.default_rng(1), datetime(2026, 1, 5, tzinfo=UTC)
    minutes = np.sort(random.uniform(0, 35 * 1440, 2500))
    rows = [
        f"{(start + timedelta(minutes=float(m))).isoformat()},{(start + timedelta(minutes=float(m) + 9)).isoformat()},{'effusion' if n % 4 == 0 else ''}"
        for n, m in enumerate(minutes)
    ]
    (tmp_path / "history.csv").write_text("\n".join(["received_at,signed_at,findings", *rows]))
    assert (
        simulate(*QUICK, "--history", str(tmp_path / "history.csv"), "--write-scenario", str(tmp_path / "site.toml"))
        == 0
    )
    said, fitted = capsys.readouterr().out, parse_scenario((tmp_path / "site.toml").read_text())
    assert fitted.studies_per_week == pytest.approx(500, rel=0.05)
    assert {each.name: each.prevalence for each in fitted.findings}["effusion"] == pytest.approx(0.25, abs=0.01)
    assert "behave like yours?" in said
    assert "not fitted:" in said
