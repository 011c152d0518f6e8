"""`wetread roster` as docs/roster.md shows it: every command there is run, and says what the page says it says."""

import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from migrated import data_folder

from wetread.bootstrap import build_core
from wetread.cli import main
from wetread.cli.roster import ACTS
from wetread.domain.roster import RosterOverride
from wetread.settings import load_settings
from wetread.triage.roster_file import load_roster

PAGE = (Path(__file__).parents[3] / "docs" / "roster.md").read_text("utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, flags=re.S)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's roster and calendar, and settings of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WETREAD_DATA_DIR", str(data_folder(tmp_path / "data")))
    monkeypatch.setenv("WETREAD_SITE", "north")
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "roster.yaml").write_text(*blocks("yaml"))
    (tmp_path / "planner.ics").write_text(*blocks("text"))
    return tmp_path


def test_every_command_of_the_page_says_what_the_page_says(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = [step for block in blocks("console") for step in block.split("$ wetread ")[1:]]
    assert {shlex.split(step.splitlines()[0])[1] for step in steps} == set(ACTS)
    for step in steps:
        command, *expected = step.splitlines()
        status = main(shlex.split(command))
        shown = capsys.readouterr()
        said = (shown.err + shown.out).splitlines()
        assert status == (1 if command.startswith(("roster gaps", "roster who --roster roster.yaml --week")) else 0)
        if expected[-1] == "...":
            assert said[: len(expected) - 1] == expected[:-1], command
        else:
            assert said == expected, command


def test_a_week_shows_its_people_and_its_gaps_and_no_address(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["roster", "who", "--roster", "roster.yaml", "--week", "--at", "2026-12-21"]) == 1
    shown = capsys.readouterr().out
    assert "Fri 25 Dec" in shown
    assert "Christmas" in shown
    assert shown.count("02:00-08:00 NO ONE") == 2  # Monday, and the night after a Friday like a Sunday
    assert "all day PACS desk" in shown
    assert "5550" not in shown
    assert "@" not in shown


def test_an_imported_roster_holds_and_an_existing_file_is_not_overwritten(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = shlex.split(
        "roster import planner.ics --roster roster.yaml --out new.yaml --duty primary --from 2026-11-23"
    )
    assert main(words) == 0
    assert main(words) == 1
    assert "File exists" in capsys.readouterr().err
    assert len(load_roster(house / "new.yaml").dated) == 2
    assert main([*words[:-1], "2027-06-01", "--out", "other.yaml"]) == 1
    assert "outside of the time asked for: 1 events" in capsys.readouterr().err
    assert not (house / "other.yaml").exists()


def test_hand_overs_of_the_reading_room_count_and_those_without_effect_are_told(
    house: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WETREAD_ROSTER_FILE", str(house / "roster.yaml"))
    settings = load_settings()
    core = build_core(settings)
    start = datetime.now(UTC) - timedelta(hours=1)
    with core.database.begin() as unit:
        for key, person in (("swap", "dr-okafor"), ("lost", "dr-who")):
            unit.save_override(
                RosterOverride(key, "north", "primary", person, start, start + timedelta(days=1), "dr-lee", "swap")
            )
        unit.commit()
    core.database.close()
    assert main(["roster", "who", "--duty", "primary"]) == 0
    shown = capsys.readouterr()
    assert "Dr Ada Okafor" in shown.out
    assert "[override swap]" in shown.out
    assert "hand-over lost has no effect: the roster does not know dr-who" in shown.err
    assert main(["roster", "gaps", "--days", "1"]) == 1, "a hand-over without effect is no clean bill"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("who", "no roster: give --roster FILE or set roster_file"),
        ("who --roster roster.yaml --site south", "the roster has no site south (it has: north)"),
        ("who --roster roster.yaml --duty tertiary", "the roster has no duty tertiary there"),
        ("who --roster roster.yaml --at tomorrow", "is no date and time"),
        ("gaps --roster roster.yaml --days 0", "--days is from 1 to 732"),
        ("check gone.yaml", "roster gone.yaml: No such file"),
        ("import gone.ics --roster roster.yaml --out x.yaml", "gone.ics: No such file"),
    ],
)
def test_a_wrong_question_is_answered_with_what_would_be_right(
    house: Path, capsys: pytest.CaptureFixture[str], words: str, told: str
) -> None:
    assert main(["roster", *words.split()]) == 1
    assert told in capsys.readouterr().err


def test_a_site_that_is_not_in_the_roster_is_warned_of(
    house: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WETREAD_SITE", "south")
    assert main(["roster", "check", "roster.yaml"]) == 0
    assert "south, is not in it: nobody would be called" in capsys.readouterr().err
