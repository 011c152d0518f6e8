"""Commands that ask for an account keep from it what the reading page keeps from it."""

from pathlib import Path

import pytest
from tests.unit.cli.signed_house import Run, runner

from wetread.bootstrap import Core
from wetread.domain.study_state import StudyState
from wetread.testing.builders import a_decision, a_draft, a_study, an_analysis
from wetread.testing.critical_builders import a_critical_result


@pytest.fixture
def run(house: tuple[Path, Core], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("WETREAD_READING_MODE", "second_reader")
    return runner(house[0], monkeypatch)


def test_a_second_reader_is_told_nothing_by_the_commands(
    house: tuple[Path, Core], run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "w" * 24
    with house[1].database.begin() as unit:
        unit.save_study(a_study(study_key=key, state=StudyState.DRAFTED, critical=True))
        unit.save_analysis(key, 1, an_analysis())  # type: ignore[arg-type]
        unit.save_decision(key, 1, a_decision())  # type: ignore[arg-type]
        unit.save_draft(key, 1, a_draft())  # type: ignore[arg-type]
        result = a_critical_result(study_key=key, critical_key=f"{key}:1")
        unit.save_critical(result, expected_etag=None)
        unit.commit()
    for command in (
        ("sign", key),
        ("sign", key, "--show"),
        ("provenance", key),
        ("critical", "acknowledge", f"{key}:1", "--read-back", "I look"),
    ):
        status = run(*command, "--as", "dr-lee")
        shown = capsys.readouterr().out.lower()
        assert "pneumothorax" not in shown, command
        assert "commit your own findings" in shown, command
        assert status == (0 if command[0] == "critical" else 1)
