"""Every control of the risk register has a test that is there, and the page shows the register."""

from pathlib import Path

import pytest

from wetread.governance.risk_register import REGISTER, Control

ROOT = Path(__file__).parents[2]
CONTROLS = [(risk, control) for risk in REGISTER for control in risk.controls]


@pytest.mark.parametrize("control", [each for _, each in CONTROLS], ids=lambda each: each.what[:40])
def test_a_control_has_its_test(control: Control) -> None:
    file, _, test = control.test.partition("::")
    assert f"def {test}(" in (ROOT / file).read_text("utf-8"), control.test


def test_every_hazard_has_a_control_and_a_number_of_its_own() -> None:
    assert [each.number for each in REGISTER] == [f"R{n}" for n in range(1, len(REGISTER) + 1)]
    assert all(each.controls for each in REGISTER)


def test_the_page_shows_the_register() -> None:
    page = (ROOT / "docs" / "risk-register.md").read_text("utf-8")
    rows = [each for each in page.splitlines() if each.startswith("| R")]
    assert rows == [
        f"| {risk.number} | {risk.hazard} | {risk.harm} | {control.what} | `{control.test}` |"
        for risk, control in CONTROLS
    ]
